/**
 * Many environments stepped together over typed arrays.
 * @module
 */
import {
  type BoxSpace,
  type Environment,
  EnvironmentError,
  maskSize,
  sameSpace,
  type Space,
  spaceSize,
} from "./environment.ts";

/** Makes one environment; `index` counts the copies. */
export type MakeEnvironment = (index: number) => Environment;

/**
 * N environments stepped in one call. One that ends is reset in the same step: its row of
 * `observations` is then the first of the next episode, and `finalObservations` keeps the last of
 * the episode that ended. All arrays are written in place by `reset` and `step`.
 */
export interface VectorEnvironment {
  readonly count: number;
  readonly observationSpace: BoxSpace;
  readonly actionSpace: Space;
  /** [count, observation size]. */
  readonly observations: Float32Array;
  /** [count, mask size]: choices that the present states allow; null where environments have no masks. */
  readonly masks: Uint8Array | null;
  /** [count, observation size]; a row has a meaning only where the last step ended an episode. */
  readonly finalObservations: Float32Array;
  readonly rewards: Float64Array;
  /** 1 where the last step ended the task. */
  readonly terminated: Uint8Array;
  /** 1 where the last step cut the episode. */
  readonly truncated: Uint8Array;
  /** Sum of rewards and number of steps of the episode that the last step ended. */
  readonly episodeReturns: Float64Array;
  readonly episodeLengths: Int32Array;
  /** Environment i is seeded by `seed + i`, as Gymnasium does. */
  reset(seed: number): void;
  /** Actions: [count] choices, [count, k] choices of several, or [count, action size] numbers. */
  step(actions: Int32Array | Float32Array): void;
  /**
   * Everything that {@linkcode restoreState} needs, as plain data for JSON.
   *
   * @throws {Error} If an environment has no `saveState`.
   */
  saveState(): unknown;
  restoreState(state: unknown): void;
}

/** What {@linkcode VectorEnvironment.saveState} of a vectorized environment holds. */
interface SavedState {
  returns: number[];
  lengths: number[];
  environments: unknown[];
}

/**
 * Vectorizes `count` environments on the calling thread. No array or object is made by a step.
 *
 * @throws {RangeError} If count is not a positive integer or the environments' spaces differ.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { cartPole } from "./cart_pole.ts";
 * import { vectorize } from "./vector_environment.ts";
 * const environments = vectorize(() => cartPole(), 2);
 * environments.reset(1);
 * environments.step(Int32Array.of(0, 1));
 * assert.deepEqual([...environments.rewards], [1, 1]);
 * ```
 */
export function vectorize(makeEnvironment: MakeEnvironment, count: number): VectorEnvironment {
  if (!Number.isInteger(count) || count < 1) {
    throw new RangeError(
      `Cannot vectorize environments: count must be an integer >= 1, got ${count}`,
    );
  }
  return stepTogether(Array.from({ length: count }, (_, i) => makeEnvironment(i)));
}

/** @throws {RangeError} If spaces or masks differ. */
function stepTogether(environments: readonly Environment[]): VectorEnvironment {
  const count = environments.length;
  const { observationSpace, actionSpace } = environments[0];
  const hasMasks = environments.some((e) => e.actionMask);
  const choices = hasMasks ? maskSize(actionSpace) : 0;
  environments.forEach((e, i) => checkAlike(e, environments[0], i, choices));
  const size = spaceSize(observationSpace), actionSize = spaceSize(actionSpace);
  const isChoice = actionSpace.kind === "discrete";
  const masks = choices > 0 ? new Uint8Array(count * choices).fill(1) : null;
  const observations = new Float32Array(count * size);
  const finalObservations = new Float32Array(count * size);
  const rewards = new Float64Array(count);
  const terminated = new Uint8Array(count), truncated = new Uint8Array(count);
  const episodeReturns = new Float64Array(count), episodeLengths = new Int32Array(count);
  /** Of the episodes in progress. */
  const returns = new Float64Array(count), lengths = new Int32Array(count);
  /** The present step's actions, and a view of each environment's. */
  const given = new Float32Array(count * actionSize);
  const views = environments.map((_, i) => given.subarray(i * actionSize, (i + 1) * actionSize));

  const write = (target: Float32Array, i: number, observation: Float32Array): void => {
    if (masks !== null && target === observations) {
      const mask = environments[i].actionMask;
      if (mask) masks.set(mask, i * choices);
    }
    const at = i * size;
    for (let k = 0; k < size; k++) {
      const value = observation[k];
      if (!(value - value === 0)) notFinite("observation", value, i, ` at element ${k}`);
      target[at + k] = value;
    }
  };

  return {
    count,
    observationSpace,
    actionSpace,
    masks,
    observations,
    finalObservations,
    rewards,
    terminated,
    truncated,
    episodeReturns,
    episodeLengths,
    reset(seed) {
      for (let i = 0; i < count; i++) write(observations, i, environments[i].reset(seed + i));
      for (const column of [rewards, terminated, truncated, returns, lengths]) column.fill(0);
    },
    step(actions) {
      if (actions.length !== given.length) {
        throw new RangeError(
          `Cannot step environments: actions must have ${given.length} elements, got ${actions.length}`,
        );
      }
      if (!isChoice) given.set(actions);
      for (let i = 0; i < count; i++) {
        const environment = environments[i];
        const result = environment.step(isChoice ? actions[i] : views[i]);
        const { reward } = result;
        if (!Number.isFinite(reward)) notFinite("reward", reward, i);
        rewards[i] = reward;
        returns[i] += reward;
        lengths[i]++;
        const ends = result.terminated || result.truncated;
        terminated[i] = result.terminated ? 1 : 0;
        truncated[i] = result.truncated ? 1 : 0;
        write(ends ? finalObservations : observations, i, result.observation);
        if (!ends) continue;
        episodeReturns[i] = returns[i];
        episodeLengths[i] = lengths[i];
        returns[i] = lengths[i] = 0;
        write(observations, i, environment.reset());
      }
    },
    saveState(): SavedState {
      return {
        returns: [...returns],
        lengths: [...lengths],
        environments: environments.map((e, i) => {
          if (e.saveState) return e.saveState();
          throw new Error(
            `Cannot save environments: environment ${i} must have saveState, got none`,
          );
        }),
      };
    },
    restoreState(state) {
      const saved = state as SavedState;
      if (saved.environments.length !== count) {
        throw new RangeError(
          `Cannot restore environments: state must be of ${count}, got ${saved.environments.length}`,
        );
      }
      returns.set(saved.returns);
      lengths.set(saved.lengths);
      environments.forEach((e, i) => {
        if (!e.restoreState) {
          throw new Error(
            `Cannot restore environments: environment ${i} must have restoreState, got none`,
          );
        }
        write(observations, i, e.restoreState(saved.environments[i]));
      });
    },
  };
}

/** Checks that environment `i` takes and shows what the first one does. */
function checkAlike(e: Environment, first: Environment, i: number, choices: number): void {
  const same = sameSpace(e.observationSpace, first.observationSpace) &&
    sameSpace(e.actionSpace, first.actionSpace);
  if (!same) {
    throw new RangeError(
      `Cannot vectorize environments: spaces must be equal, got others in environment ${i}`,
    );
  }
  if (e.actionMask && e.actionMask.length !== choices) {
    throw new RangeError(
      `Cannot vectorize environments: actionMask must have ${choices} elements, got ${e.actionMask.length} in environment ${i}`,
    );
  }
}

function notFinite(what: string, value: number, i: number, where = ""): never {
  throw new EnvironmentError(
    `Cannot step environments: ${what} must be finite, got ${value}${where} from environment ${i}`,
    i,
  );
}
