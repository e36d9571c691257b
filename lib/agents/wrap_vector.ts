/**
 * What wrappers of many environments have in common.
 * @module
 */
import type { VectorEnvironment } from "./vector_environment.ts";

/** What a wrapper does after the environments have done it. */
export interface VectorHooks {
  reset(): void;
  step(): void;
  /** State of the wrapper alone; plain data. */
  saveState(): unknown;
  restoreState(state: unknown): void;
}

/** `inner` with some of its arrays replaced by the wrapper's own, which `hooks` fill. */
export function wrapVector(
  inner: VectorEnvironment,
  own: Partial<VectorEnvironment>,
  hooks: VectorHooks,
): VectorEnvironment {
  return {
    ...inner,
    ...own,
    reset(seed) {
      inner.reset(seed);
      hooks.reset();
    },
    step(actions) {
      inner.step(actions);
      hooks.step();
    },
    saveState: () => ({ inner: inner.saveState(), own: hooks.saveState() }),
    restoreState(state) {
      const saved = state as { inner: unknown; own: unknown };
      inner.restoreState(saved.inner);
      hooks.restoreState(saved.own);
    },
  };
}
