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
  return new SyncVectorEnvironment(Array.from({ length: count }, (_, i) => makeEnvironment(i)));
}

class SyncVectorEnvironment implements VectorEnvironment {
  readonly count: number;
  readonly observationSpace: BoxSpace;
  readonly actionSpace: Space;
  readonly observations: Float32Array;
  readonly masks: Uint8Array | null;
  readonly finalObservations: Float32Array;
  readonly rewards: Float64Array;
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  readonly episodeReturns: Float64Array;
  readonly episodeLengths: Int32Array;
  readonly #maskSize: number;
  readonly #environments: Environment[];
  readonly #size: number;
  readonly #actionSize: number;
  readonly #returns: Float64Array;
  readonly #lengths: Int32Array;
  /** The present step's actions, and a view of each environment's. */
  readonly #actions: Float32Array;
  readonly #views: Float32Array[];

  constructor(environments: Environment[]) {
    const n = environments.length;
    const { observationSpace, actionSpace } = environments[0];
    this.#environments = environments;
    this.count = n;
    this.observationSpace = observationSpace;
    this.actionSpace = actionSpace;
    this.#size = spaceSize(observationSpace);
    this.#actionSize = spaceSize(actionSpace);
    environments.forEach((e, i) => {
      const same = sameSpace(e.observationSpace, observationSpace) &&
        sameSpace(e.actionSpace, actionSpace);
      if (!same) {
        throw new RangeError(
          `Cannot vectorize environments: spaces must be equal, got others in environment ${i}`,
        );
      }
    });
    this.#maskSize = environments.some((e) => e.actionMask) ? maskSize(actionSpace) : 0;
    this.masks = this.#maskSize > 0 ? new Uint8Array(n * this.#maskSize).fill(1) : null;
    environments.forEach((e, i) => {
      if (e.actionMask && e.actionMask.length !== this.#maskSize) {
        throw new RangeError(
          `Cannot vectorize environments: actionMask must have ${this.#maskSize} elements, got ${e.actionMask.length} in environment ${i}`,
        );
      }
    });
    this.observations = new Float32Array(n * this.#size);
    this.finalObservations = new Float32Array(n * this.#size);
    this.rewards = new Float64Array(n);
    this.terminated = new Uint8Array(n);
    this.truncated = new Uint8Array(n);
    this.episodeReturns = new Float64Array(n);
    this.episodeLengths = new Int32Array(n);
    this.#returns = new Float64Array(n);
    this.#lengths = new Int32Array(n);
    const size = this.#actionSize;
    this.#actions = new Float32Array(n * size);
    this.#views = environments.map((_, i) => this.#actions.subarray(i * size, (i + 1) * size));
  }

  reset(seed: number): void {
    for (let i = 0; i < this.count; i++) {
      this.#write(this.observations, i, this.#environments[i].reset(seed + i));
    }
    this.rewards.fill(0);
    this.terminated.fill(0);
    this.truncated.fill(0);
    this.#returns.fill(0);
    this.#lengths.fill(0);
  }

  step(actions: Int32Array | Float32Array): void {
    const expected = this.count * this.#actionSize;
    if (actions.length !== expected) {
      throw new RangeError(
        `Cannot step environments: actions must have ${expected} elements, got ${actions.length}`,
      );
    }
    const isChoice = this.actionSpace.kind === "discrete";
    if (!isChoice) this.#actions.set(actions);
    for (let i = 0; i < this.count; i++) {
      const environment = this.#environments[i];
      const result = environment.step(isChoice ? actions[i] : this.#views[i]);
      const { reward } = result;
      if (!Number.isFinite(reward)) {
        throw new EnvironmentError(
          `Cannot step environments: reward must be finite, got ${reward} from environment ${i}`,
          i,
        );
      }
      this.rewards[i] = reward;
      this.#returns[i] += reward;
      this.#lengths[i]++;
      const ends = result.terminated || result.truncated;
      this.terminated[i] = result.terminated ? 1 : 0;
      this.truncated[i] = result.truncated ? 1 : 0;
      this.#write(ends ? this.finalObservations : this.observations, i, result.observation);
      if (!ends) continue;
      this.episodeReturns[i] = this.#returns[i];
      this.episodeLengths[i] = this.#lengths[i];
      this.#returns[i] = 0;
      this.#lengths[i] = 0;
      this.#write(this.observations, i, environment.reset());
    }
  }

  saveState(): SavedState {
    return {
      returns: [...this.#returns],
      lengths: [...this.#lengths],
      environments: this.#environments.map((e, i) => {
        if (e.saveState) return e.saveState();
        throw new Error(`Cannot save environments: environment ${i} must have saveState, got none`);
      }),
    };
  }

  restoreState(state: unknown): void {
    const saved = state as SavedState;
    if (saved.environments.length !== this.count) {
      throw new RangeError(
        `Cannot restore environments: state must be of ${this.count}, got ${saved.environments.length}`,
      );
    }
    this.#returns.set(saved.returns);
    this.#lengths.set(saved.lengths);
    this.#environments.forEach((e, i) => {
      if (!e.restoreState) {
        throw new Error(
          `Cannot restore environments: environment ${i} must have restoreState, got none`,
        );
      }
      this.#write(this.observations, i, e.restoreState(saved.environments[i]));
    });
  }

  #write(target: Float32Array, i: number, observation: Float32Array): void {
    if (this.masks !== null && target === this.observations) {
      const mask = this.#environments[i].actionMask;
      if (mask) this.masks.set(mask, i * this.#maskSize);
    }
    const size = this.#size, at = i * size;
    for (let k = 0; k < size; k++) {
      const value = observation[k];
      if (!(value - value === 0)) {
        throw new EnvironmentError(
          `Cannot step environments: observation must be finite, got ${value} at element ${k} from environment ${i}`,
          i,
        );
      }
      target[at + k] = value;
    }
  }
}
