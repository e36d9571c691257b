/**
 * The networks of a policy over choices and of its critic: two separate trunks of dense layers.
 * @module
 */
import { createRng } from "../math/mod.ts";
import { loadTf, type Tf, type tf } from "../models/tensorflow.ts";
import { orthogonalKernel } from "./orthogonal.ts";

/** Sizes of an actor-critic network. */
export interface ActorCriticConfig {
  observationSize: number;
  /** Number of choices. */
  actions: number;
  /** Units of the hidden layers of each trunk; tanh after each. */
  hidden: readonly number[];
  seed: number;
}

/** A tfjs model of one input [n, observation size] and two outputs: logits [n, actions], value [n, 1]. */
export interface ActorCritic {
  readonly tf: Tf;
  readonly config: ActorCriticConfig;
  readonly model: tf.LayersModel;
  /** Trained variables, the actor's first, each layer's kernel before its bias. */
  readonly variables: tf.Variable[];
  /** Logits [n, actions] and values [n]. */
  apply(observations: tf.Tensor): { logits: tf.Tensor2D; values: tf.Tensor1D };
}

/**
 * Makes the network with Stable-Baselines3's initial weights: orthogonal with gain sqrt(2) in hidden
 * layers, 0.01 in the actor's and 1 in the critic's last layer, biases 0.
 */
export async function createActorCritic(config: ActorCriticConfig): Promise<ActorCritic> {
  const tf = await loadTf();
  const input = tf.input({ shape: [config.observationSize], name: "observation" });
  const layers: { layer: tf.layers.Layer; gain: number }[] = [];
  const trunk = (name: string, outputs: number, gain: number): tf.SymbolicTensor => {
    let x = input;
    config.hidden.forEach((units, i) => {
      const layer = tf.layers.dense({ units, activation: "tanh", name: `${name}_hidden_${i}` });
      layers.push({ layer, gain: Math.SQRT2 });
      x = layer.apply(x) as tf.SymbolicTensor;
    });
    const last = tf.layers.dense({ units: outputs, name });
    layers.push({ layer: last, gain });
    return last.apply(x) as tf.SymbolicTensor;
  };
  const logits = trunk("logits", config.actions, 0.01);
  const value = trunk("value", 1, 1);
  const model = tf.model({ inputs: input, outputs: [logits, value] });
  const rng = createRng(config.seed);
  const variables: tf.Variable[] = [];
  for (const { layer, gain } of layers) {
    for (const weight of layer.trainableWeights) {
      const { val } = weight as unknown as { val: tf.Variable };
      variables.push(val);
      const [rows, columns] = val.shape;
      if (val.rank < 2) continue; // tfjs makes biases 0
      const kernel = orthogonalKernel(rows, columns, gain, rng.split(layer.name));
      tf.tidy(() => val.assign(tf.tensor(kernel, val.shape)));
    }
  }
  return {
    tf,
    config,
    model,
    variables,
    apply(observations) {
      const [l, v] = model.apply(observations) as [tf.Tensor2D, tf.Tensor2D];
      return { logits: l, values: tf.reshape(v, [-1]) };
    },
  };
}
