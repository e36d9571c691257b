/**
 * A trained policy over choices: many environments are answered by one native call.
 * @module
 */
import type { Rng } from "../math/mod.ts";
import type { CompiledFunction } from "../onnx/mod.ts";
import type { ActorCritic, ActorCriticConfig } from "./actor_critic.ts";

/** Where `act` writes, one element per environment. */
export interface PolicyOutputs {
  actions: Int32Array;
  /** Natural logarithm of the probability that the policy gave the action. */
  logProbabilities: Float32Array;
  values: Float32Array;
}

/** A policy's configuration and weights as plain data. */
export interface PolicyState {
  config: ActorCriticConfig;
  /** One array per variable, the actor's first, each layer's kernel before its bias. */
  weights: number[][];
}

export class DiscretePolicy {
  readonly network: ActorCritic;
  readonly #forward: CompiledFunction;

  private constructor(network: ActorCritic, forward: CompiledFunction) {
    this.network = network;
    this.#forward = forward;
  }

  /** Compiles the network's answer. Other numbers of environments are compiled as they come. */
  static async create(network: ActorCritic, environments = 1): Promise<DiscretePolicy> {
    const { compile } = await import("../onnx/mod.ts");
    const forward = await compile(
      (observations) => ({ ...network.apply(observations) }),
      [{ shape: [environments, network.config.observationSize] }],
    );
    return new DiscretePolicy(network, forward);
  }

  /**
   * Logits [n, actions] and values [n] of observations [n, observation size].
   *
   * @throws {RangeError} If the observations are not whole rows or hold a number that is not finite.
   */
  evaluate(observations: Float32Array): { logits: Float32Array; values: Float32Array } {
    const { observationSize } = this.network.config;
    const rows = observations.length / observationSize;
    if (!Number.isInteger(rows) || rows === 0) {
      throw new RangeError(
        `Cannot evaluate policy: observations must be rows of ${observationSize} numbers, got ${observations.length}`,
      );
    }
    for (let i = 0; i < observations.length; i++) {
      if (!Number.isFinite(observations[i])) {
        throw new RangeError(
          `Cannot evaluate policy: observations must be finite, got ${
            observations[i]
          } at element ${i}`,
        );
      }
    }
    const out = this.#forward.run({ data: observations, shape: [rows, observationSize] });
    return { logits: out.logits.data as Float32Array, values: out.values.data as Float32Array };
  }

  /** Draws an action for each row of observations, or takes the likeliest one where `rng` is null. */
  act(observations: Float32Array, rng: Rng | null, out: PolicyOutputs): void {
    const { logits, values } = this.evaluate(observations);
    const n = this.network.config.actions;
    out.values.set(values);
    for (let i = 0; i < values.length; i++) {
      const at = i * n;
      let best = 0;
      for (let k = 1; k < n; k++) if (logits[at + k] > logits[at + best]) best = k;
      const top = logits[at + best];
      let sum = 0;
      for (let k = 0; k < n; k++) sum += Math.exp(logits[at + k] - top);
      let action = best;
      if (rng) {
        // The last choice with any probability takes what rounding leaves over.
        let left = rng.uniform() * sum;
        for (let k = 0; k < n; k++) {
          const weight = Math.exp(logits[at + k] - top);
          if (weight > 0) action = k;
          left -= weight;
          if (left < 0) break;
        }
      }
      out.actions[i] = action;
      out.logProbabilities[i] = logits[at + action] - top - Math.log(sum);
    }
  }

  /** The likeliest action of each row of observations, or drawn ones with `rng`. */
  predict(observations: Float32Array, rng: Rng | null = null): Int32Array {
    const rows = Math.ceil(observations.length / this.network.config.observationSize);
    const actions = new Int32Array(rows);
    const logProbabilities = new Float32Array(rows), values = new Float32Array(rows);
    this.act(observations, rng, { actions, logProbabilities, values });
    return actions;
  }

  /** Everything that {@linkcode restore} needs, as plain data for JSON. */
  state(): PolicyState {
    const weights = this.network.variables.map((v) => [...v.dataSync()]);
    return { config: this.network.config, weights };
  }

  /** Takes over weights. @throws {RangeError} If they are of a network of other sizes. */
  restore(state: PolicyState): void {
    const { tf, variables } = this.network;
    const fits = state.weights.length === variables.length &&
      state.weights.every((w, i) => w.length === variables[i].size && w.every(Number.isFinite));
    if (!fits) {
      throw new RangeError(
        `Cannot restore policy: weights must be finite and have sizes ${
          variables.map((v) => v.size)
        }, got ${state.weights.map((w) => w.length)}`,
      );
    }
    state.weights.forEach((w, i) =>
      tf.tidy(() => variables[i].assign(tf.tensor(Float32Array.from(w), variables[i].shape)))
    );
  }

  /** The ONNX bytes of the policy: `observation` in, `logits` and `value` out. */
  async toOnnx(metadata: Record<string, string> = {}): Promise<Uint8Array> {
    const { exportOnnx } = await import("../onnx/mod.ts");
    return await exportOnnx(this.network.model, {
      signature: { inputs: ["observation"], outputs: ["logits", "value"] },
      metadata,
    });
  }

  dispose(): void {
    this.#forward.dispose();
    this.network.model.dispose();
  }
}
