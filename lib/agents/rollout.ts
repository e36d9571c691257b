/**
 * What a policy did in many environments for some steps, and what came of it.
 * @module
 */
import type { Rng } from "../math/mod.ts";
import { spaceSize } from "./environment.ts";
import { computeGae } from "./gae.ts";
import type { DiscretePolicy } from "./policy.ts";
import type { VectorEnvironment } from "./vector_environment.ts";

/** Buffers of one rollout, step-major [steps, environments], allocated once. */
export class Rollout {
  readonly rows: number;
  readonly observations: Float32Array;
  readonly actions: Int32Array;
  readonly oldLogProbabilities: Float32Array;
  readonly oldValues: Float32Array;
  readonly advantages: Float32Array;
  readonly returns: Float32Array;
  readonly #rewards: Float64Array;
  readonly #dones: Uint8Array;
  readonly #outputs;
  readonly #environments: VectorEnvironment;
  readonly #steps: number;

  constructor(environments: VectorEnvironment, steps: number) {
    const n = environments.count;
    this.#environments = environments;
    this.#steps = steps;
    this.rows = steps * n;
    this.observations = new Float32Array(this.rows * spaceSize(environments.observationSpace));
    this.actions = new Int32Array(this.rows);
    this.oldLogProbabilities = new Float32Array(this.rows);
    this.oldValues = new Float32Array(this.rows);
    this.advantages = new Float32Array(this.rows);
    this.returns = new Float32Array(this.rows);
    this.#rewards = new Float64Array(this.rows);
    this.#dones = new Uint8Array(this.rows);
    this.#outputs = {
      actions: new Int32Array(n),
      logProbabilities: new Float32Array(n),
      values: new Float32Array(n),
    };
  }

  /**
   * Steps the environments on from where they are and computes advantages. An episode that was cut
   * gets the discounted value of its last observation added to its last reward, as in
   * Stable-Baselines3. `onEpisode` is told of each episode that ended.
   */
  collect(
    policy: DiscretePolicy,
    rng: Rng,
    options: { gamma: number; gaeLambda: number },
    onEpisode: (episodeReturn: number, length: number) => void,
  ): void {
    const environments = this.#environments;
    const { count, observations, rewards, terminated, truncated } = environments;
    const out = this.#outputs;
    for (let t = 0; t < this.#steps; t++) {
      const at = t * count;
      this.observations.set(observations, t * observations.length);
      policy.act(observations, rng, out);
      this.actions.set(out.actions, at);
      this.oldLogProbabilities.set(out.logProbabilities, at);
      this.oldValues.set(out.values, at);
      environments.step(out.actions);
      this.#rewards.set(rewards, at);
      let isCut = false;
      for (let i = 0; i < count; i++) {
        const done = terminated[i] | truncated[i];
        this.#dones[at + i] = done;
        if (!done) continue;
        onEpisode(environments.episodeReturns[i], environments.episodeLengths[i]);
        if (!terminated[i]) isCut = true;
      }
      if (!isCut) continue;
      const { values } = policy.evaluate(environments.finalObservations);
      for (let i = 0; i < count; i++) {
        if (truncated[i] && !terminated[i]) this.#rewards[at + i] += options.gamma * values[i];
      }
    }
    computeGae(
      {
        rewards: this.#rewards,
        values: this.oldValues,
        dones: this.#dones,
        lastValues: policy.evaluate(observations).values,
        ...options,
      },
      this.advantages,
      this.returns,
    );
  }

  /** 1 - var(returns - values) / var(returns): 1 is a perfect critic, 0 one that knows the mean. */
  explainedVariance(): number {
    const { returns, oldValues, rows } = this;
    let sum = 0, sumOfErrors = 0;
    for (let i = 0; i < rows; i++) {
      sum += returns[i];
      sumOfErrors += returns[i] - oldValues[i];
    }
    let spread = 0, errors = 0;
    for (let i = 0; i < rows; i++) {
      spread += (returns[i] - sum / rows) ** 2;
      errors += (returns[i] - oldValues[i] - sumOfErrors / rows) ** 2;
    }
    return spread === 0 ? NaN : 1 - errors / spread;
  }
}
