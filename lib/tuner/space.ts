/**
 * Spaces declared as an object, for objectives whose parameters are known beforehand.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createStudy, space, suggestAll } from "./mod.ts";
 * const net = {
 *   rate: space.float(1e-4, 1e-1, { log: true }),
 *   units: space.int(4, 64),
 *   kind: space.choice(["gru", "lstm"]),
 * };
 * const study = createStudy({ sampler: "random", seed: 1 });
 * await study.optimize((trial) => {
 *   const { rate, units, kind } = suggestAll(trial, net);
 *   return rate * units + (kind === "gru" ? 0 : 1);
 * }, { trials: 10 });
 * assert.ok(study.best.value >= 0);
 * ```
 * @module
 */
import {
  categoricalDistribution,
  type Choice,
  type Distribution,
  floatDistribution,
  intDistribution,
  type RangeOptions,
} from "./distributions.ts";
import { SearchSpaceError } from "./errors.ts";
import type { Trial } from "./trial.ts";

/** One declared parameter; `Value` is what the objective gets. */
export interface Parameter<Value> {
  /** The distribution under a name, for error messages. */
  distribution(name: string): Distribution;
  /** Only carries the type. */
  readonly value?: Value;
}

/** Values of a declared space. */
export type SpaceValues<S extends Record<string, Parameter<unknown>>> = {
  [K in keyof S]: S[K] extends Parameter<infer V> ? V : never;
};

/** Makers of declared parameters. Ranges are checked when they are first used, under their name. */
export const space = {
  float: (low: number, high: number, options?: RangeOptions): Parameter<number> => ({
    distribution: (name) => floatDistribution(name, low, high, options),
  }),
  int: (low: number, high: number, options?: RangeOptions): Parameter<number> => ({
    distribution: (name) => intDistribution(name, low, high, options),
  }),
  choice: <const C extends Choice>(choices: readonly C[]): Parameter<C> => ({
    distribution: (name) => categoricalDistribution(name, choices),
  }),
};

/** Distributions of a declared space. @throws {SearchSpaceError} If a range is wrong. */
export function spaceDistributions(
  declared: Record<string, Parameter<unknown>>,
): Record<string, Distribution> {
  return Object.fromEntries(
    Object.entries(declared).map(([name, parameter]) => {
      try {
        return [name, parameter.distribution(name)];
      } catch (error) {
        if (error instanceof RangeError) throw new SearchSpaceError(name, error.message);
        throw error;
      }
    }),
  );
}

/** Suggests every parameter of a declared space. @throws {SearchSpaceError} If a range is wrong. */
export function suggestAll<S extends Record<string, Parameter<unknown>>>(
  trial: Trial,
  declared: S,
): SpaceValues<S> {
  const distributions = spaceDistributions(declared);
  return Object.fromEntries(
    Object.entries(distributions).map(([name, d]) => [name, trial.suggest(name, d)]),
  ) as SpaceValues<S>;
}
