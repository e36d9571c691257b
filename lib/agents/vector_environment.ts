/**
 * Many environments stepped together over typed arrays.
 * @module
 */
import {
  type BoxSpace,
  type Environment,
  EnvironmentError,
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
  /** Actions: [count] choices, or [count, action size] numbers. */
  step(actions: Int32Array | Float32Array): void;
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
  readonly finalObservations: Float32Array;
  readonly rewards: Float64Array;
  readonly terminated: Uint8Array;
  readonly truncated: Uint8Array;
  readonly episodeReturns: Float64Array;
  readonly episodeLengths: Int32Array;
  readonly #environments: Environment[];
  readonly #size: number;
  readonly #actionSize: number;
  readonly #returns: Float64Array;
  readonly #lengths: Int32Array;
  /** Views of the last step's actions, one per environment; remade when the array is another. */
  #actions: Float32Array | null = null;
  #views: Float32Array[] = [];

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
      const same = spaceSize(e.observationSpace) === this.#size &&
        e.actionSpace.kind === actionSpace.kind &&
        (e.actionSpace.kind === "discrete" && actionSpace.kind === "discrete"
          ? e.actionSpace.n === actionSpace.n
          : spaceSize(e.actionSpace) === this.#actionSize);
      if (!same) {
        throw new RangeError(
          `Cannot vectorize environments: spaces must be equal, got others in environment ${i}`,
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
    if (!isChoice && actions !== this.#actions) this.#view(actions as Float32Array);
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

  #view(actions: Float32Array): void {
    const size = this.#actionSize;
    this.#actions = actions;
    this.#views = this.#environments.map((_, i) => actions.subarray(i * size, (i + 1) * size));
  }

  #write(target: Float32Array, i: number, observation: Float32Array): void {
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
