/**
 * Distributions over actions: what a network's last layer means.
 *
 * Each head has two faces: draws, modes and log probabilities over typed arrays for acting, and log
 * probabilities and entropy as tensors for the loss.
 * @module
 */
import type { Tf, tf } from "../models/tensorflow.ts";
import type { Space } from "./environment.ts";
import { categoricalHead } from "./categorical_head.ts";
import { gaussianHead } from "./gaussian_head.ts";
import type { ActOptions, PolicyOutputs } from "./policy.ts";

/** How a head is made; plain data. */
export interface HeadConfig {
  /** Boxes with finite bounds: tanh of the draw, scaled to the bounds, instead of clipping. */
  squash?: boolean;
  /** Logarithm of the standard deviation at the start; default 0. */
  initialLogStd?: number;
}

export interface ActionHead {
  readonly space: Space;
  /** Outputs of the network's last layer: logits, or means. */
  readonly outputs: number;
  /** Numbers of an action: 1, the number of choices, or the size of the box. */
  readonly actionSize: number;
  /** Length of a mask per row; 0 for boxes. */
  readonly maskSize: number;
  readonly dtype: "int32" | "float32";
  /** Trained variables beside the network's. */
  readonly variables: tf.Variable[];
  /** Acts on `rows` rows of the network's outputs. @throws {RangeError} If a mask allows nothing. */
  act(outputs: Float32Array, rows: number, options: ActOptions, out: PolicyOutputs): void;
  /** Log probability of `drawn` (density for boxes), [n]. */
  logProbability(outputs: tf.Tensor, drawn: tf.Tensor, masks?: tf.Tensor): tf.Tensor1D;
  /** Entropy [n]; of a squashed Gaussian minus the log density of `drawn`, its estimate. */
  entropy(outputs: tf.Tensor, drawn: tf.Tensor, masks?: tf.Tensor): tf.Tensor1D;
  /** The mode as the environment takes it: [n], or [n, action size]. */
  mode(outputs: tf.Tensor, masks?: tf.Tensor): tf.Tensor;
  /**
   * Everything about the distribution: logits, of which those that are masked are very low, or means
   * followed by log standard deviations.
   */
  distribution(outputs: tf.Tensor, masks?: tf.Tensor): tf.Tensor2D;
}

/**
 * The head that fits a space: categorical, several categoricals, or a diagonal Gaussian with a
 * standard deviation that does not depend on the state.
 *
 * @throws {RangeError} If squashing is asked for without finite bounds.
 */
export function createHead(tf: Tf, space: Space, config: HeadConfig = {}): ActionHead {
  return space.kind === "box" ? gaussianHead(tf, space, config) : categoricalHead(tf, space);
}
