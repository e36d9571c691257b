/**
 * Wrappers of one environment: a limit of time, and actions that last for several steps.
 * @module
 */
import type { Action, Environment, StepResult } from "./environment.ts";

/** An environment whose `step` is another, which writes into a result of the wrapper's own. */
function wrap(
  inner: Environment,
  step: (action: Action, result: StepResult) => void,
  own: { reset(): void; save(): unknown; restore(state: unknown): void },
): Environment {
  const { observationSpace, actionSpace, actionMask } = inner;
  const result: StepResult = {
    observation: new Float32Array(0),
    reward: NaN,
    terminated: false,
    truncated: false,
    info: {},
  };
  return {
    observationSpace,
    actionSpace,
    ...actionMask ? { actionMask } : {},
    reset(seed) {
      own.reset();
      return inner.reset(seed);
    },
    step(action) {
      step(action, result);
      return result;
    },
    ...inner.saveState && inner.restoreState
      ? {
        saveState: () => ({ inner: inner.saveState!(), own: own.save() }),
        restoreState(state: unknown) {
          const saved = state as { inner: unknown; own: unknown };
          own.restore(saved.own);
          return inner.restoreState!(saved.inner);
        },
      }
      : {},
  };
}

/** Field by field: a step makes no object. */
const take = (result: StepResult, from: StepResult) => {
  result.observation = from.observation;
  result.reward = from.reward;
  result.terminated = from.terminated;
  result.truncated = from.truncated;
  result.info = from.info;
};

const checkCount = (what: string, name: string, value: number) => {
  if (Number.isInteger(value) && value >= 1) return;
  throw new RangeError(`Cannot ${what}: ${name} must be an integer >= 1, got ${value}`);
};

/** Truncates episodes after so many steps. @throws {RangeError} If steps is not an integer >= 1. */
export function timeLimit(environment: Environment, steps: number): Environment {
  checkCount("limit time", "steps", steps);
  let done = 0;
  return wrap(environment, (action, result) => {
    take(result, environment.step(action));
    if (++done >= steps && !result.terminated) result.truncated = true;
  }, {
    reset: () => done = 0,
    save: () => done,
    restore: (state) => done = state as number,
  });
}

/**
 * Takes each action `times` times, or until the episode ends; rewards are added up.
 *
 * @throws {RangeError} If times is not an integer >= 1.
 */
export function actionRepeat(environment: Environment, times: number): Environment {
  checkCount("repeat actions", "times", times);
  return wrap(environment, (action, result) => {
    let reward = 0;
    for (let i = 1; i <= times; i++) {
      take(result, environment.step(action));
      reward += result.reward;
      if (result.terminated || result.truncated) break;
    }
    result.reward = reward;
  }, { reset() {}, save: () => null, restore() {} });
}
