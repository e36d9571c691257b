/**
 * The policy of an actor-critic network: n observations are answered by one native call.
 * @module
 */
import type { Rng } from "../math/mod.ts";
import { decodeSafetensors, encodeSafetensors } from "../models/mod.ts";
import type { tf } from "../models/tensorflow.ts";
import type { CompiledFunction } from "../onnx/mod.ts";
import { type ActorCritic, type ActorCriticConfig, createActorCritic } from "./actor_critic.ts";
import type { Space } from "./environment.ts";
import { freezeForward, type FrozenForward } from "./frozen_forward.ts";
import { fromJson, toJson } from "./plain_json.ts";
import {
  type ActOptions,
  type ExportOptions,
  exportSpecs,
  type Policy,
  type PolicyOutputs,
} from "./policy.ts";

const format = "tapebook-policy-1";

/** A policy's configuration and weights as plain data. */
export interface PolicyState {
  config: ActorCriticConfig;
  /** One array per variable, as {@linkcode ActorCritic.variables} orders them, statistics last. */
  weights: number[][];
}

export class ActorCriticPolicy implements Policy {
  readonly network: ActorCritic;
  readonly observationSize: number;
  readonly actionSpace: Space;
  readonly stateSize: number;
  readonly isMasked: boolean;
  readonly #forward: CompiledFunction;
  #frozen: FrozenForward | null = null;

  private constructor(network: ActorCritic, forward: CompiledFunction) {
    this.network = network;
    this.observationSize = network.config.observationSize;
    this.actionSpace = network.config.actionSpace;
    this.stateSize = network.stateSize;
    this.isMasked = network.isMasked;
    this.#forward = forward;
  }

  /** Compiles the network's answer. Other numbers of rows are compiled as they come. */
  static async create(network: ActorCritic, rows = 1): Promise<ActorCriticPolicy> {
    const { compile } = await import("../onnx/mod.ts");
    const specs = [{ shape: [rows, network.config.observationSize] }];
    if (network.stateSize > 0) specs.push({ shape: [rows, network.stateSize] });
    const forward = await compile(
      (observations, state) => ({ ...network.apply(observations, state) }),
      specs,
    );
    return new ActorCriticPolicy(network, forward);
  }

  /**
   * Outputs of the actor (logits or means) [n, head outputs] and values [n] of rows of observations;
   * `state` [n, state size] of a recurrent policy is not changed, its successor is in `next`.
   *
   * @throws {RangeError} If the observations are not whole rows or hold a number that is not finite.
   */
  evaluate(
    observations: Float32Array,
    state?: Float32Array,
  ): { outputs: Float32Array; values: Float32Array; next?: Float32Array } {
    const size = this.observationSize;
    const rows = observations.length / size;
    if (!Number.isInteger(rows) || rows === 0) {
      throw new RangeError(
        `Cannot evaluate policy: observations must be rows of ${size} numbers, got ${observations.length}`,
      );
    }
    for (let i = 0; i < observations.length; i++) {
      const x = observations[i];
      if (!(x - x === 0)) {
        throw new RangeError(
          `Cannot evaluate policy: observations must be finite, got ${x} at element ${i}`,
        );
      }
    }
    if (this.stateSize > 0 && state?.length !== rows * this.stateSize) {
      throw new RangeError(
        `Cannot evaluate policy: state must have ${rows * this.stateSize} numbers, got ${
          state?.length ?? "none"
        }`,
      );
    }
    if (this.#frozen?.rows === rows && this.#frozen.isCurrent()) {
      return this.#frozen.run(observations, state);
    }
    const inputs = [{ data: observations, shape: [rows, size] }];
    if (state && this.stateSize > 0) inputs.push({ data: state, shape: [rows, this.stateSize] });
    const out = this.#forward.run(...inputs);
    return {
      outputs: out.outputs.data as Float32Array,
      values: out.values.data as Float32Array,
      next: out.state?.data as Float32Array | undefined,
    };
  }

  /**
   * Makes calls on `rows` rows about twice as fast until a weight changes; worth it for some hundred
   * calls.
   */
  async freeze(rows: number): Promise<void> {
    if (this.#frozen?.rows === rows && this.#frozen.isCurrent()) return;
    this.#frozen?.dispose();
    this.#frozen = null;
    this.#frozen = await freezeForward(this.network, rows);
  }

  act(observations: Float32Array, options: ActOptions = {}): PolicyOutputs {
    const { head } = this.network;
    const { deterministic = false, rng, state, starts } = options;
    if (!deterministic && !rng) {
      throw new RangeError("Cannot act: rng must be given to draw actions, got none");
    }
    const rows = observations.length / this.observationSize;
    if (this.stateSize > 0 && state && starts) {
      for (let i = 0; i < starts.length; i++) {
        if (starts[i]) state.fill(0, i * this.stateSize, (i + 1) * this.stateSize);
      }
    }
    const { outputs, values, next } = this.evaluate(observations, state);
    const out = options.out ?? this.makeOutputs(rows);
    out.values.set(values);
    if (next) state!.set(next);
    head.act(outputs, rows, options, out);
    return out;
  }

  /** Arrays that {@linkcode act} can write into, for `rows` rows. */
  makeOutputs(rows: number): PolicyOutputs {
    const { dtype, actionSize } = this.network.head;
    const array = () =>
      dtype === "int32" ? new Int32Array(rows * actionSize) : new Float32Array(rows * actionSize);
    const actions = array();
    return {
      actions,
      drawn: dtype === "int32" ? actions : array(),
      logProbabilities: new Float32Array(rows),
      values: new Float32Array(rows),
    };
  }

  /** The mode for each row of observations, or draws with `rng`; for feed-forward policies. */
  predict(observations: Float32Array, rng?: Rng | null): Int32Array | Float32Array {
    return this.act(observations, rng ? { rng } : { deterministic: true }).actions;
  }

  /** Everything that {@linkcode restore} needs. */
  state(): PolicyState {
    const weights = this.#tensors().map((v) => [...v.dataSync()]);
    return { config: this.network.config, weights };
  }

  #tensors(): tf.Variable[] {
    const { variables, statistics } = this.network;
    return statistics ? [...variables, statistics.mean, statistics.deviation] : variables;
  }

  /** Takes over weights. @throws {RangeError} If they are of a network of other sizes. */
  restore(state: { weights: readonly ArrayLike<number>[] }): void {
    const { tf } = this.network;
    const variables = this.#tensors();
    const { weights } = state;
    const fits = weights.length === variables.length &&
      weights.every((w, i) =>
        w.length === variables[i].size && Array.prototype.every.call(w, Number.isFinite)
      );
    if (!fits) {
      throw new RangeError(
        `Cannot restore policy: weights must be finite and have sizes ${
          variables.map((v) => v.size)
        }, got ${weights.map((w) => w.length)}`,
      );
    }
    weights.forEach((w, i) =>
      tf.tidy(() => variables[i].assign(tf.tensor(Float32Array.from(w), variables[i].shape)))
    );
  }

  toBytes(): Uint8Array {
    const tensors = this.#tensors().map((v, i) => ({
      name: `variable${i}`,
      shape: v.shape,
      values: v.dataSync() as Float32Array,
    }));
    return encodeSafetensors(tensors, { format, config: toJson(this.network.config) });
  }

  /** As {@linkcode Policy.toOnnx}. */
  async toOnnx(
    metadata: Record<string, string> = {},
    options: ExportOptions = {},
  ): Promise<Uint8Array> {
    const { exportFunction } = await import("../onnx/mod.ts");
    const { network } = this;
    const { tf, head } = network;
    const specs = exportSpecs(this, options);
    const takesMask = specs.at(-1)!.name === "action_mask";
    return exportFunction(
      (observation, ...more) => {
        const before = this.stateSize > 0 ? more[0] : undefined;
        const { outputs, values, state } = network.apply(observation, before);
        const mask = takesMask ? more.at(-1) : undefined;
        const out: Record<string, tf.Tensor> = {
          action: head.mode(outputs, mask),
          distribution: head.distribution(outputs, mask),
          value: tf.reshape(values, [-1, 1]),
        };
        if (state) out.next_state = state;
        return out;
      },
      specs,
      { dynamicBatch: true, metadata },
    );
  }

  dispose(): void {
    this.#forward.dispose();
    this.#frozen?.dispose();
    this.network.dispose();
  }
}

/** A new policy of the given configuration. */
export async function createPolicy(
  config: ActorCriticConfig,
  rows = 1,
): Promise<ActorCriticPolicy> {
  return await ActorCriticPolicy.create(await createActorCritic(config), rows);
}

/**
 * The policy that {@linkcode ActorCriticPolicy.toBytes} wrote, normalisation statistics included.
 *
 * @throws {SyntaxError} If the bytes are truncated, damaged or hold something else.
 */
export async function loadPolicy(bytes: Uint8Array, name = "policy"): Promise<ActorCriticPolicy> {
  const { tensors, metadata } = decodeSafetensors(bytes, name);
  if (metadata.format !== format) {
    throw new SyntaxError(`Cannot load ${name}: format must be ${format}, got ${metadata.format}`);
  }
  const policy = await createPolicy(fromJson(metadata.config) as ActorCriticConfig);
  policy.restore({
    weights: Array.from(tensors.keys(), (_, i) => tensors.get(`variable${i}`)?.values ?? []),
  });
  return policy;
}
