/**
 * Gradients that a trace uses instead of tfjs's own (4.22.0).
 *
 * Wrong there: Maximum, Minimum and SquaredDifference of tensors that broadcast (the gradient has
 * the result's shape), Cumsum along any axis but the last (and its exclusive form, reversed).
 * Wasteful there: Tile (one slice and one addition a repetition), Relu (it keeps the product before
 * the activation alive) and Softmax (a pass more).
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { normalizeAxes } from "./kernels/kernel.ts";

type Gradient = (
  dy: tf.Tensor,
  saved: tf.Tensor[],
  attrs: Record<string, unknown>,
) => Record<string, () => tf.Tensor>;

/** The part of a broadcast gradient that belongs to an operand of `shape`. */
function unbroadcast(dy: tf.Tensor, shape: number[]): tf.Tensor {
  const axes = tf.broadcast_util.getReductionAxes(shape, dy.shape);
  return axes.length > 0 ? tf.reshape(tf.sum(dy, axes), shape) : tf.reshape(dy, shape);
}

const extremum = (wins: (a: tf.Tensor, b: tf.Tensor) => tf.Tensor): Gradient => (dy, saved) => {
  const [a, b] = saved;
  const toA = () => tf.cast(wins(a, b), "float32");
  return {
    a: () => unbroadcast(tf.mul(dy, toA()), a.shape),
    b: () => unbroadcast(tf.mul(dy, tf.sub(1, toA())), b.shape),
  };
};

const squaredDifference: Gradient = (dy, [a, b]) => {
  const toA = () => tf.mul(dy, tf.mul(tf.sub(a, b), 2));
  return {
    a: () => unbroadcast(toA(), a.shape),
    b: () => unbroadcast(tf.neg(toA()), b.shape),
  };
};

const cumsum: Gradient = (dy, [x], attrs) => {
  const [axis] = normalizeAxes(attrs.axis as number, x.rank);
  return { x: () => tf.cumsum(dy, axis, attrs.exclusive as boolean, !attrs.reverse) };
};

/** dy with each repetition on an axis of its own, summed. */
const tile: Gradient = (dy, [x], attrs) => ({
  x: () => {
    const reps = attrs.reps as number[];
    const split = x.shape.flatMap((d, i) => [reps[i], d]);
    return tf.sum(tf.reshape(dy, split), x.shape.map((_, i) => 2 * i));
  },
});

/** From the output: the input then serves the activation alone, which lets it join the product. */
const relu: Gradient = (dy, [y]) => ({ x: () => tf.mul(dy, tf.step(y)) });

/** y (dy - sum(dy y)): the sum is all that is left of the product, and may come from elsewhere. */
const softmax: Gradient = (dy, [y], attrs) => {
  const [axis] = normalizeAxes(attrs.dim as number, y.rank);
  return { logits: () => tf.mul(tf.sub(dy, tf.sum(tf.mul(dy, y), axis, true)), y) };
};

interface Override {
  saves: string[];
  /** Whether the output is saved, after the inputs. */
  savesOutput?: boolean;
  gradient: Gradient;
}

const overrides: Record<string, Override> = {
  Cumsum: { saves: ["x"], gradient: cumsum },
  Maximum: { saves: ["a", "b"], gradient: extremum((a, b) => tf.greaterEqual(a, b)) },
  Minimum: { saves: ["a", "b"], gradient: extremum((a, b) => tf.lessEqual(a, b)) },
  Relu: { saves: [], savesOutput: true, gradient: relu },
  Softmax: { saves: [], savesOutput: true, gradient: softmax },
  SquaredDifference: { saves: ["a", "b"], gradient: squaredDifference },
  Tile: { saves: ["x"], gradient: tile },
};

/** Names of kernels whose gradient a trace replaces. */
export const replacedGradients = Object.keys(overrides);

/** Replaces the gradients; the function returned puts tfjs's own back. */
export function patchGradients(): () => void {
  const originals = replacedGradients.map((name) => tf.getGradient(name));
  for (const [kernelName, { saves, savesOutput, gradient }] of Object.entries(overrides)) {
    tf.registerGradient({
      kernelName,
      inputsToSave: saves,
      outputsToSave: [savesOutput ?? false],
      gradFunc: (dy, saved, attrs) =>
        gradient(dy as tf.Tensor, saved, attrs as Record<string, unknown>),
    });
  }
  return () => {
    for (const original of originals) if (original) tf.registerGradient(original);
  };
}
