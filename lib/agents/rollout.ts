/**
 * What a policy did in many environments for some steps, and what came of it.
 * @module
 */
import type { Rng } from "../math/mod.ts";
import type { ActorCriticPolicy } from "./actor_critic_policy.ts";
import { spaceSize } from "./environment.ts";
import type { Exploration } from "./exploration.ts";
import { computeGae } from "./gae.ts";
import type { PolicyOutputs } from "./policy.ts";
import type { VectorEnvironment } from "./vector_environment.ts";

/** Named columns of a rollout, as the compiled update takes them. */
export type RolloutData = Record<string, Float32Array | Int32Array>;

/** How a rollout is cut for a recurrent policy: sequences of so many steps of one environment. */
export interface RolloutOptions {
  sequenceSteps?: number;
}

/** Told of each episode that ended. */
export type OnEpisode = (episodeReturn: number, length: number) => void;

/**
 * Buffers of one rollout, step-major [steps, environments], allocated once. For a recurrent policy
 * {@linkcode data} is environment-major instead, so that a sequence's rows lie together.
 */
export class Rollout {
  readonly rows: number;
  readonly observations: Float32Array;
  readonly drawn: Float32Array | Int32Array;
  readonly masks: Float32Array | null;
  readonly oldLogProbabilities: Float32Array;
  readonly oldValues: Float32Array;
  readonly advantages: Float32Array;
  readonly returns: Float32Array;
  readonly rewards: Float64Array;
  readonly dones: Uint8Array;
  /** 1 where a step's observation began an episode. */
  readonly starts: Float32Array;
  /** Recurrent state before each sequence [environments, steps / sequenceSteps, state size]. */
  readonly sequenceStates: Float32Array;
  readonly #environments: VectorEnvironment;
  readonly #steps: number;
  readonly #policy: ActorCriticPolicy;
  readonly #out: PolicyOutputs;
  readonly #sequenceSteps: number;
  readonly #state: Float32Array | undefined;
  readonly #starts: Uint8Array;
  readonly #byEnvironment: RolloutData | null;

  constructor(
    environments: VectorEnvironment,
    policy: ActorCriticPolicy,
    steps: number,
    options: RolloutOptions = {},
  ) {
    const n = environments.count, { stateSize } = policy;
    const { actionSize, maskSize, dtype } = policy.network.head;
    this.#environments = environments;
    this.#policy = policy;
    this.#steps = steps;
    this.#sequenceSteps = stateSize > 0 ? options.sequenceSteps ?? steps : steps;
    this.rows = steps * n;
    const column = (width = 1) => new Float32Array(this.rows * width);
    this.observations = column(spaceSize(environments.observationSpace));
    this.drawn = dtype === "int32" ? new Int32Array(this.rows * actionSize) : column(actionSize);
    this.masks = environments.masks ? column(maskSize) : null;
    this.oldLogProbabilities = column();
    this.oldValues = column();
    this.advantages = column();
    this.returns = column();
    this.starts = column();
    this.rewards = new Float64Array(this.rows);
    this.dones = new Uint8Array(this.rows);
    this.sequenceStates = new Float32Array(n * steps / this.#sequenceSteps * stateSize);
    this.#out = policy.makeOutputs(n);
    this.#state = stateSize > 0 ? new Float32Array(n * stateSize) : undefined;
    this.#starts = new Uint8Array(n).fill(1);
    this.#byEnvironment = stateSize > 0
      ? Object.fromEntries(
        Object.entries(this.#columns()).map(([name, c]) => [name, c.slice()]),
      )
      : null;
  }

  #columns(): RolloutData {
    const { observations, drawn, oldLogProbabilities, oldValues, advantages, returns } = this;
    return {
      observations,
      drawn,
      oldLogProbabilities,
      oldValues,
      advantages,
      returns,
      ...this.masks ? { masks: this.masks } : {},
      ...this.#state ? { starts: this.starts } : {},
    };
  }

  /**
   * Steps the environments on from where they are. An episode that was cut gets the discounted value
   * of its last observation added to its last reward, as in Stable-Baselines3.
   */
  collect(rng: Rng, gamma: number, onEpisode: OnEpisode, exploration?: Exploration | null): void {
    const environments = this.#environments, policy = this.#policy, out = this.#out;
    const { count, observations, masks, rewards, terminated, truncated } = environments;
    const { actionSize } = policy.network.head;
    const options = {
      rng,
      masks,
      state: this.#state,
      starts: this.#starts,
      out,
      epsilon: exploration?.epsilon,
      noise: exploration?.noise,
    };
    for (let t = 0; t < this.#steps; t++) {
      const at = t * count;
      this.observations.set(observations, t * observations.length);
      if (this.masks) this.masks.set(masks!, t * masks!.length);
      if (this.#state) {
        this.starts.set(this.#starts, at);
        if (t % this.#sequenceSteps === 0) this.#keepState(t / this.#sequenceSteps);
      }
      exploration?.nextNoise();
      policy.act(observations, options);
      this.drawn.set(out.drawn, at * actionSize);
      this.oldLogProbabilities.set(out.logProbabilities, at);
      this.oldValues.set(out.values, at);
      environments.step(out.actions);
      this.rewards.set(rewards, at);
      let isCut = false;
      for (let i = 0; i < count; i++) {
        const done = terminated[i] | truncated[i];
        this.dones[at + i] = done;
        this.#starts[i] = done;
        if (!done) continue;
        onEpisode(environments.episodeReturns[i], environments.episodeLengths[i]);
        if (!terminated[i]) isCut = true;
      }
      if (!isCut) continue;
      const { values } = policy.evaluate(environments.finalObservations, this.#state);
      for (let i = 0; i < count; i++) {
        if (truncated[i] && !terminated[i]) this.rewards[at + i] += gamma * values[i];
      }
    }
  }

  #keepState(sequence: number): void {
    const { stateSize } = this.#policy, sequences = this.#steps / this.#sequenceSteps;
    for (let i = 0; i < this.#environments.count; i++) {
      const row = (i * sequences + sequence) * stateSize;
      this.sequenceStates.set(this.#state!.subarray(i * stateSize, (i + 1) * stateSize), row);
    }
  }

  /** Advantages and returns of what was collected; `rewards` may have been changed before. */
  estimate(gamma: number, gaeLambda: number): void {
    const { observations } = this.#environments;
    const { rewards, oldValues: values, dones } = this;
    // The state of an episode that has just begun is 0.
    const state = this.#state?.slice();
    const { stateSize } = this.#policy;
    this.#starts.forEach((start, i) => {
      if (start) state?.fill(0, i * stateSize, (i + 1) * stateSize);
    });
    const lastValues = this.#policy.evaluate(observations, state).values;
    const input = { rewards, values, dones, lastValues, gamma, gaeLambda };
    computeGae(input, this.advantages, this.returns);
  }

  /** The columns for an update; of a recurrent policy with `starts` and `state` of each sequence. */
  data(): RolloutData {
    const columns = this.#columns();
    const turned = this.#byEnvironment;
    if (!turned) return columns;
    const n = this.#environments.count, steps = this.#steps;
    for (const [name, column] of Object.entries(columns)) {
      const width = column.length / this.rows;
      for (let i = 0; i < n; i++) {
        for (let t = 0; t < steps; t++) {
          const from = (t * n + i) * width, to = (i * steps + t) * width;
          for (let k = 0; k < width; k++) turned[name][to + k] = column[from + k];
        }
      }
    }
    return { ...turned, state: this.sequenceStates };
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

  /** What the next rollout begins with, beside the environments' own state. */
  saveState(): { state: Float32Array | null; starts: Uint8Array } {
    return { state: this.#state?.slice() ?? null, starts: this.#starts.slice() };
  }

  restoreState(saved: ReturnType<Rollout["saveState"]>): void {
    if (saved.state) this.#state?.set(saved.state);
    this.#starts.set(saved.starts);
  }
}
