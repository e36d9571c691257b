/**
 * Activations as layers.
 * @module
 */
import type { Tf, tf } from "./tensorflow.ts";

export type Activation = "relu" | "tanh" | "sigmoid" | "swish" | "elu" | "gelu";

/** Applies an activation layer. `gelu` is the tanh form, which trains on every backend. */
export function activate(
  tf: Tf,
  x: tf.SymbolicTensor,
  activation: Activation,
  name: string,
): tf.SymbolicTensor {
  const layer = tf.layers.activation({
    activation: activation === "gelu" ? "gelu_new" : activation,
    name,
  });
  if (activation === "elu") {
    // The backend's own Elu lacks a gradient kernel on `wasm`.
    layer.call = (inputs) => {
      const v = Array.isArray(inputs) ? inputs[0] : inputs;
      return tf.add(tf.relu(v), tf.sub(tf.exp(tf.neg(tf.relu(tf.neg(v)))), 1));
    };
  } else if (activation === "swish") {
    layer.call = (inputs) => {
      const v = Array.isArray(inputs) ? inputs[0] : inputs;
      return tf.mul(v, tf.sigmoid(v));
    };
  }
  return layer.apply(x) as tf.SymbolicTensor;
}
