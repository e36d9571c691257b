/**
 * Dropout whose masks come from outside.
 *
 * TensorFlow.js's own dropout either repeats one mask for ever (with a seed) or can't be repeated
 * (without). Here the trainer draws the masks from its generator and puts them in place, which makes
 * a step a pure function of its inputs: the same run gives the same weights, a checkpoint goes on
 * exactly, and a compiled step takes the masks as inputs.
 * @module
 */
import type { Rng } from "../math/mod.ts";
import type { Tf, tf } from "./tensorflow.ts";

/** A dropout layer of a model and the shape of its mask for one sample. */
export interface DropoutSite {
  readonly rate: number;
  /** Shape without the batch dimension. */
  readonly shape: number[];
  /** The mask in use: 0 or 1 / (1 - rate), shape [n, ...shape]; null passes values through. */
  mask: tf.Tensor | null;
  /** Draws a mask in training where none is in place: what a traced function turns into its own. */
  draws: boolean;
}

/** Adds dropout after `x` and registers it in `sites`; returns `x` itself at rate 0. */
export function dropout(
  tf: Tf,
  x: tf.SymbolicTensor,
  rate: number,
  sites: DropoutSite[],
): tf.SymbolicTensor {
  if (rate === 0) return x;
  const site: DropoutSite = {
    rate,
    shape: x.shape.slice(1) as number[],
    mask: null,
    draws: false,
  };
  const layer = tf.layers.dropout({ rate, name: `dropout_${sites.length + 1}` });
  layer.call = (inputs, kwargs) => {
    const value = Array.isArray(inputs) ? inputs[0] : inputs;
    if (site.mask) return tf.mul(value, site.mask);
    return site.draws && kwargs.training ? tf.dropout(value, rate) : value;
  };
  sites.push(site);
  return layer.apply(x) as tf.SymbolicTensor;
}

/** Fills `out` with a mask of `rate`: kept values are scaled so that the mean stays. */
export function fillMask(out: Float32Array, rate: number, rng: Rng): Float32Array {
  const kept = 1 / (1 - rate);
  for (let i = 0; i < out.length; i++) out[i] = rng.uniform() < rate ? 0 : kept;
  return out;
}
