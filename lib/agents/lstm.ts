/**
 * An LSTM whose state can be reset in the middle of a sequence, as episodes ask for.
 * @module
 */
import type { Tf, tf } from "../models/tensorflow.ts";

/** Gates side by side in PyTorch's order (input, forget, cell, output); one bias where it has two. */
export interface LstmWeights {
  units: number;
  /** [inputs, 4 units] */
  input: tf.Variable;
  /** [units, 4 units] */
  hidden: tf.Variable;
  /** [4 units] */
  bias: tf.Variable;
}

/** Hidden and cell state [n, units]. */
export interface LstmState {
  hidden: tf.Tensor2D;
  cell: tf.Tensor2D;
}

/** One step on inputs [n, size]. */
export function lstmStep(
  tf: Tf,
  weights: LstmWeights,
  x: tf.Tensor,
  hidden: tf.Tensor2D,
  cell: tf.Tensor2D,
): LstmState {
  const projected = tf.add(tf.matMul(x as tf.Tensor2D, weights.input as tf.Tensor2D), weights.bias);
  return advance(tf, weights, projected as tf.Tensor2D, hidden, cell);
}

/**
 * Hidden states [n * steps, units] of sequences [n, steps, size], each sequence's rows together. The
 * state becomes 0 before a step where `starts` [n, steps] is 1.
 */
export function lstmSequence(
  tf: Tf,
  weights: LstmWeights,
  x: tf.Tensor3D,
  starts: tf.Tensor2D,
  hidden: tf.Tensor2D,
  cell: tf.Tensor2D,
): tf.Tensor2D {
  const [n, steps, size] = x.shape;
  const { units } = weights;
  const flat = tf.matMul(tf.reshape(x, [n * steps, size]), weights.input as tf.Tensor2D);
  const projected = tf.reshape(tf.add(flat, weights.bias), [n, steps, 4 * units]);
  const inputs = tf.unstack(projected, 1) as tf.Tensor2D[];
  const keeps = tf.split(tf.sub(1, starts), steps, 1);
  const hiddens: tf.Tensor2D[] = [];
  let state: LstmState = { hidden, cell };
  for (let t = 0; t < steps; t++) {
    const kept = (v: tf.Tensor2D) => tf.mul(v, keeps[t]) as tf.Tensor2D;
    state = advance(tf, weights, inputs[t], kept(state.hidden), kept(state.cell));
    hiddens.push(state.hidden);
  }
  return tf.reshape(tf.stack(hiddens, 1), [n * steps, units]) as tf.Tensor2D;
}

function advance(
  tf: Tf,
  weights: LstmWeights,
  projected: tf.Tensor2D,
  hidden: tf.Tensor2D,
  cell: tf.Tensor2D,
): LstmState {
  const gates = tf.add(projected, tf.matMul(hidden, weights.hidden as tf.Tensor2D));
  const [input, forget, candidate, output] = tf.split(gates, 4, 1);
  const next = tf.add(
    tf.mul(tf.sigmoid(forget), cell),
    tf.mul(tf.sigmoid(input), tf.tanh(candidate)),
  ) as tf.Tensor2D;
  return { hidden: tf.mul(tf.sigmoid(output), tf.tanh(next)) as tf.Tensor2D, cell: next };
}
