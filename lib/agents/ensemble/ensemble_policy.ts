/**
 * Several policies as one.
 * @module
 */
import { decodeSafetensors, encodeSafetensors, type NamedTensor } from "../../models/mod.ts";
import type { tf } from "../../models/tensorflow.ts";
import type { CompiledFunction } from "../../onnx/mod.ts";
import { ActorCriticPolicy, loadPolicy } from "../actor_critic_policy.ts";
import { sameSpace, type Space } from "../environment.ts";
import { parseConfig } from "../parse_config.ts";
import {
  type ActOptions,
  type ExportOptions,
  exportSpecs,
  type Policy,
  type PolicyOutputs,
} from "../policy.ts";
import {
  checkCombination,
  type Combination,
  type CombinationConfig,
  combinationSchema,
} from "./combination.ts";
import { ensembleFunction, ensembleStateSize } from "./ensemble_function.ts";

const format = "tapebook-ensemble-1";
const halfLog2Pi = Math.log(2 * Math.PI) / 2;

/** What an ensemble answers for n rows. */
export interface EnsembleAnswer {
  /** The mode, as the environment takes it. */
  action: Int32Array | Float32Array;
  /** Log probabilities of choices, or means and log deviations of numbers, row-major. */
  distribution: Float32Array;
  /** [n] */
  value: Float32Array;
  /** [n, members] */
  weights: Float32Array;
  /** [n, state size] */
  next?: Float32Array;
}

export class EnsemblePolicy implements Policy {
  readonly members: readonly ActorCriticPolicy[];
  readonly combination: Combination;
  readonly observationSize: number;
  readonly actionSpace: Space;
  readonly stateSize: number;
  readonly isMasked: boolean;
  readonly #forward: CompiledFunction;

  private constructor(
    members: readonly ActorCriticPolicy[],
    combination: Combination,
    stateSize: number,
    forward: CompiledFunction,
  ) {
    this.members = members;
    this.combination = combination;
    this.observationSize = members[0].observationSize;
    this.actionSpace = members[0].actionSpace;
    this.stateSize = stateSize;
    this.isMasked = members.some((m) => m.isMasked);
    this.#forward = forward;
  }

  /**
   * Combines policies of the same observations and actions; they are the ensemble's from then on, and
   * disposed with it.
   *
   * @throws {RangeError} If there is none, they do not fit each other, or the combination them.
   */
  static async create(
    members: readonly ActorCriticPolicy[],
    combination: CombinationConfig,
    rows = 1,
  ): Promise<EnsemblePolicy> {
    if (members.length === 0) {
      throw new RangeError("Cannot make ensemble: members must not be empty, got none");
    }
    const [first] = members;
    members.forEach((m, i) => {
      const same = m.observationSize === first.observationSize &&
        sameSpace(m.actionSpace, first.actionSpace);
      if (!same) {
        throw new RangeError(
          `Cannot make ensemble: members must have the same observations and actions, got others in member ${i}`,
        );
      }
    });
    const { actionSpace: space, observationSize } = first;
    if (space.kind === "multiDiscrete") {
      throw new RangeError(
        "Cannot make ensemble: actionSpace must be discrete or box, got multiDiscrete",
      );
    }
    const c = parseConfig(combinationSchema, combination, "make ensemble");
    checkCombination(c, {
      members: members.length,
      observationSize,
      choices: space.kind === "discrete" ? space.n : null,
      actionSize: first.network.head.actionSize,
    });
    const networks = members.map((m) => m.network);
    const { tf } = first.network;
    const stateSize = ensembleStateSize(networks, c);
    const { compile } = await import("../../onnx/mod.ts");
    const specs = [{ shape: [rows, observationSize] }];
    if (stateSize > 0) specs.push({ shape: [rows, stateSize] });
    const forward = await compile((observation, state) => {
      const { next, ...answer } = ensembleFunction(
        tf,
        networks,
        c,
        observation as tf.Tensor2D,
        state as tf.Tensor2D,
      );
      return next ? { ...answer, next } : answer;
    }, specs);
    return new EnsemblePolicy(members, c, stateSize, forward);
  }

  /**
   * The answer to rows of observations; `state` [n, state size] is not changed.
   *
   * @throws {RangeError} If observations or state are not whole rows of finite numbers.
   */
  evaluate(observations: Float32Array, state?: Float32Array): EnsembleAnswer {
    const size = this.observationSize, rows = observations.length / size;
    if (!Number.isInteger(rows) || rows === 0) {
      throw new RangeError(
        `Cannot evaluate ensemble: observations must be rows of ${size} numbers, got ${observations.length}`,
      );
    }
    for (let i = 0; i < observations.length; i++) {
      if (!Number.isFinite(observations[i])) {
        throw new RangeError(
          `Cannot evaluate ensemble: observations must be finite, got ${
            observations[i]
          } at element ${i}`,
        );
      }
    }
    const inputs = [{ data: observations, shape: [rows, size] }];
    if (this.stateSize > 0) {
      if (state?.length !== rows * this.stateSize) {
        throw new RangeError(
          `Cannot evaluate ensemble: state must have ${rows * this.stateSize} numbers, got ${
            state?.length ?? "none"
          }`,
        );
      }
      inputs.push({ data: state, shape: [rows, this.stateSize] });
    }
    const out = this.#forward.run(...inputs);
    return Object.fromEntries(
      Object.entries(out).map(([name, t]) => [name, t.data]),
    ) as unknown as EnsembleAnswer;
  }

  act(observations: Float32Array, options: ActOptions = {}): PolicyOutputs {
    const { deterministic = false, rng, state, starts } = options;
    if (!deterministic && !rng) {
      throw new RangeError("Cannot act: rng must be given to draw actions, got none");
    }
    if (state && starts) {
      for (let i = 0; i < starts.length; i++) {
        if (starts[i]) state.fill(0, i * this.stateSize, (i + 1) * this.stateSize);
      }
    }
    const { distribution, value, next } = this.evaluate(observations, state);
    const rows = value.length;
    const out = options.out ?? this.members[0].makeOutputs(rows);
    out.values.set(value);
    if (next) state!.set(next);
    const { head } = this.members[0].network;
    // Logarithms of probabilities are logits, too.
    if (head.dtype === "int32") head.act(distribution, rows, options, out);
    else this.#draw(distribution, rows, options, out);
    return out;
  }

  /** Numbers of the mixture's normal distribution, within bounds. */
  #draw(distribution: Float32Array, rows: number, options: ActOptions, out: PolicyOutputs): void {
    const space = this.actionSpace;
    if (space.kind !== "box") return;
    const size = space.low.length;
    for (let i = 0; i < rows; i++) {
      let logProbability = 0;
      for (let k = 0; k < size; k++) {
        const mean = distribution[2 * size * i + k];
        const logDeviation = distribution[2 * size * i + size + k];
        const z = options.deterministic ? 0 : options.rng!.normal();
        const at = i * size + k;
        const drawn = out.drawn[at] = mean + Math.exp(logDeviation) * z;
        out.actions[at] = Math.min(space.high[k], Math.max(space.low[k], drawn));
        logProbability -= z * z / 2 + logDeviation + halfLog2Pi;
      }
      out.logProbabilities[i] = logProbability;
    }
  }

  /** One safetensors file of all members and the combination; {@linkcode loadEnsemble} reads it. */
  toBytes(): Uint8Array {
    const tensors: NamedTensor[] = [];
    const configs = this.members.map((member, k) => {
      const file = decodeSafetensors(member.toBytes(), `member ${k}`);
      for (const t of file.tensors.values()) tensors.push({ ...t, name: `member${k}/${t.name}` });
      return file.metadata;
    });
    return encodeSafetensors(tensors, {
      format,
      combination: JSON.stringify(this.combination),
      members: JSON.stringify(configs),
    });
  }

  /**
   * One ONNX graph, combination included. In: `observation` [n, size], and `state` [n, state size]
   * where there is any: zeros at an episode's start, then `next_state` of the call before;
   * `action_mask` [n, choices] where a member is masked: it forbids choices of the ensemble. Out:
   * `action`, `distribution`, `value` [n, 1], `weights` [n, members], `next_state`.
   */
  async toOnnx(
    metadata: Record<string, string> = {},
    options: ExportOptions = {},
  ): Promise<Uint8Array> {
    const { exportFunction } = await import("../../onnx/mod.ts");
    const networks = this.members.map((m) => m.network);
    const { tf, head } = networks[0];
    const specs = exportSpecs(this, options);
    const takesMask = specs.at(-1)!.name === "action_mask";
    return exportFunction(
      (observation, ...more) => {
        const state = this.stateSize > 0 ? more[0] : undefined;
        const mask = takesMask ? more.at(-1) : undefined;
        const { action, distribution, value, weights, next } = ensembleFunction(
          tf,
          networks,
          this.combination,
          observation as tf.Tensor2D,
          state as tf.Tensor2D,
        );
        const out: Record<string, tf.Tensor> = {
          // Logarithms of probabilities are logits, too.
          action: mask ? head.mode(distribution, mask) : action,
          distribution: mask ? head.distribution(distribution, mask) : distribution,
          value: tf.reshape(value, [-1, 1]),
          weights,
        };
        if (next) out.next_state = next;
        return out;
      },
      specs,
      {
        dynamicBatch: true,
        metadata: { combination: JSON.stringify(this.combination), ...metadata },
      },
    );
  }

  dispose(): void {
    this.#forward.dispose();
    for (const member of this.members) member.dispose();
  }
}

/**
 * The ensemble that {@linkcode EnsemblePolicy.toBytes} wrote.
 *
 * @throws {SyntaxError} If the bytes are truncated, damaged or hold something else.
 */
export async function loadEnsemble(bytes: Uint8Array, name = "ensemble"): Promise<EnsemblePolicy> {
  const { tensors, metadata } = decodeSafetensors(bytes, name);
  if (metadata.format !== format) {
    throw new SyntaxError(`Cannot load ${name}: format must be ${format}, got ${metadata.format}`);
  }
  const configs = JSON.parse(metadata.members) as Record<string, string>[];
  const members: ActorCriticPolicy[] = [];
  for (const [k, config] of configs.entries()) {
    const prefix = `member${k}/`;
    const own = [...tensors.values()]
      .filter((t) => t.name.startsWith(prefix))
      .map((t) => ({ ...t, name: t.name.slice(prefix.length) }));
    members.push(await loadPolicy(encodeSafetensors(own, config), `${name}, member ${k}`));
  }
  return await EnsemblePolicy.create(members, JSON.parse(metadata.combination));
}
