/**
 * The networks of a policy and of its critic: dense trunks, shared or separate, behind an LSTM or not.
 * @module
 */
import { createRng, type Rng } from "../math/mod.ts";
import { loadTf, type Tf, type tf } from "../models/tensorflow.ts";
import { type ActionHead, createHead, type HeadConfig } from "./action_head.ts";
import type { Space } from "./environment.ts";
import { lstmSequence, lstmStep, type LstmWeights } from "./lstm.ts";
import { orthogonalKernel } from "./orthogonal.ts";

/** What an actor-critic network is; plain data but for the bounds of a box. */
export interface ActorCriticConfig extends HeadConfig {
  observationSize: number;
  actionSpace: Space;
  /** Units of the hidden layers of each trunk. */
  hidden: readonly number[];
  /** `shared`: actor and critic are two layers on one trunk. Default `separate`. */
  trunk?: "separate" | "shared";
  /** Default `tanh`. */
  activation?: "tanh" | "relu";
  /** Orthogonal weights (default), or tfjs's uniform ones of Glorot & Bengio 2010. */
  orthogonal?: boolean;
  /** LSTM in front of the trunks: one for each, or one for both. */
  recurrent?: { units: number; shared?: boolean } | null;
  /** Observations become (x - mean) / deviation, limited to ± clip; statistics are variables. */
  normalizeObservations?: { clip: number } | null;
  /** Whether the environments it learns in forbid choices: its graph then takes masks. */
  masked?: boolean;
  seed: number;
}

/** What the network says of n observations. */
export interface NetworkOutputs {
  /** [n, head outputs] */
  outputs: tf.Tensor2D;
  /** [n] */
  values: tf.Tensor1D;
}

export interface ActorCritic {
  readonly tf: Tf;
  readonly config: ActorCriticConfig;
  readonly head: ActionHead;
  /** Trained variables: the actor's LSTM and layers, the critic's, the head's; kernels before biases. */
  readonly variables: tf.Variable[];
  /** Mean and deviation of observations, where they are normalised; not trained. */
  readonly statistics: { mean: tf.Variable; deviation: tf.Variable } | null;
  /** Numbers of hidden state per row; 0 without an LSTM. */
  readonly stateSize: number;
  /** Whether masks belong to its answer. */
  readonly isMasked: boolean;
  /** Of observations [n, size]; a recurrent network also takes and gives its state [n, state size]. */
  apply(observations: tf.Tensor, state?: tf.Tensor): NetworkOutputs & { state?: tf.Tensor2D };
  /**
   * Of sequences [n, steps, size] from the state [n, state size] before them, which becomes 0 where
   * `starts` [n, steps] is 1. Rows of the answer are in the sequences' order: [n * steps].
   */
  applySequences(observations: tf.Tensor, starts: tf.Tensor, state: tf.Tensor): NetworkOutputs;
  dispose(): void;
}

interface Layer {
  kernel: tf.Variable;
  bias: tf.Variable;
}

/**
 * Makes the network with Stable-Baselines3's initial weights: orthogonal with gain sqrt(2) in hidden
 * layers, 0.01 in the actor's and 1 in the critic's last layer, biases 0; LSTM weights uniform in
 * ± 1 / sqrt(units), as PyTorch has them.
 */
export async function createActorCritic(config: ActorCriticConfig): Promise<ActorCritic> {
  const tf = await loadTf();
  const { observationSize, hidden, recurrent } = config;
  const head = createHead(tf, config.actionSpace, config);
  const rng = createRng(config.seed);
  const variables: tf.Variable[] = [];
  const variable = (data: Float32Array, shape: number[]): tf.Variable => {
    const made = tf.tidy(() => tf.variable(tf.tensor(data, shape)));
    variables.push(made);
    return made;
  };
  const layer = (name: string, inputs: number, units: number, gain: number): Layer => {
    const kernel = config.orthogonal === false
      ? glorotKernel(inputs, units, rng.split(name))
      : orthogonalKernel(inputs, units, gain, rng.split(name));
    return {
      kernel: variable(kernel, [inputs, units]),
      bias: variable(new Float32Array(units), [units]),
    };
  };
  const lstm = (name: string): LstmWeights => {
    const { units } = recurrent!;
    const own = rng.split(name);
    const uniform = (n: number) =>
      own.fillUniform(new Float32Array(n)).map((u) => (2 * u - 1) / Math.sqrt(units));
    return {
      units,
      input: variable(uniform(observationSize * 4 * units), [observationSize, 4 * units]),
      hidden: variable(uniform(units * 4 * units), [units, 4 * units]),
      bias: variable(uniform(4 * units), [4 * units]),
    };
  };
  const trunk = (name: string): Layer[] => {
    let inputs = recurrent ? recurrent.units : observationSize;
    return hidden.map((units, i) => {
      const made = layer(`${name}_hidden_${i}`, inputs, units, Math.SQRT2);
      inputs = units;
      return made;
    });
  };
  const isShared = config.trunk === "shared";
  const oneLstm = recurrent && (recurrent.shared || isShared);
  const width = hidden.at(-1) ?? recurrent?.units ?? observationSize;
  const actorLstm = recurrent ? lstm("logits_lstm") : null;
  const actorTrunk = trunk("logits");
  const actorLast = layer("logits", width, head.outputs, 0.01);
  const criticLstm = recurrent && !oneLstm ? lstm("value_lstm") : null;
  const criticTrunk = isShared ? null : trunk("value");
  const criticLast = layer("value", width, 1, 1);
  variables.push(...head.variables);
  const statistics = config.normalizeObservations
    ? {
      mean: tf.variable(tf.zeros([observationSize]), false),
      deviation: tf.variable(tf.ones([observationSize]), false),
    }
    : null;

  const activate = { tanh: tf.tanh, relu: tf.relu }[config.activation ?? "tanh"];
  const dense = (x: tf.Tensor, { kernel, bias }: Layer): tf.Tensor =>
    tf.add(tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D), bias);
  const through = (x: tf.Tensor, layers: Layer[]) =>
    layers.reduce((y, l) => activate(dense(y, l)) as tf.Tensor, x);
  const normalized = (x: tf.Tensor): tf.Tensor => {
    if (!statistics) return x;
    const { clip } = config.normalizeObservations!;
    return tf.clipByValue(tf.div(tf.sub(x, statistics.mean), statistics.deviation), -clip, clip);
  };
  /** From what comes before the trunks, for actor and critic. */
  const heads = (actor: tf.Tensor, critic: tf.Tensor): NetworkOutputs => {
    const a = through(actor, actorTrunk);
    const c = criticTrunk ? through(critic, criticTrunk) : a;
    return {
      outputs: dense(a, actorLast) as tf.Tensor2D,
      values: tf.reshape(dense(c, criticLast), [-1]),
    };
  };
  const lstms = [actorLstm, criticLstm].filter((l) => l !== null);
  const stateSize = lstms.reduce((n, l) => n + 2 * l.units, 0);
  const stateParts = (state: tf.Tensor): tf.Tensor2D[] =>
    tf.split(state as tf.Tensor2D, stateSize / lstms[0].units, 1);
  return {
    tf,
    config,
    head,
    variables,
    statistics,
    stateSize,
    isMasked: config.masked === true && head.maskSize > 0,
    apply(observations, state) {
      const x = normalized(observations);
      if (lstms.length === 0) return heads(x, x);
      const parts = stateParts(state!);
      const steps = lstms.map((l, i) => lstmStep(tf, l, x, parts[2 * i], parts[2 * i + 1]));
      return {
        ...heads(steps[0].hidden, steps[lstms.length - 1].hidden),
        state: tf.concat(steps.flatMap((s) => [s.hidden, s.cell]), 1) as tf.Tensor2D,
      };
    },
    applySequences(observations, starts, state) {
      const x = normalized(observations);
      const parts = stateParts(state);
      const hiddens = lstms.map((l, i) =>
        lstmSequence(tf, l, x as tf.Tensor3D, starts as tf.Tensor2D, parts[2 * i], parts[2 * i + 1])
      );
      return heads(hiddens[0], hiddens[lstms.length - 1]);
    },
    dispose() {
      for (const v of variables) v.dispose();
      statistics?.mean.dispose();
      statistics?.deviation.dispose();
    },
  };
}

/** Uniform in ± sqrt(6 / (rows + columns)). @see Glorot & Bengio 2010 */
function glorotKernel(rows: number, columns: number, rng: Rng): Float32Array {
  const limit = Math.sqrt(6 / (rows + columns));
  return rng.fillUniform(new Float32Array(rows * columns)).map((u) => (2 * u - 1) * limit);
}
