/**
 * Temporal convolutions, optionally causal, dilated and residual.
 *
 * @see Bai et al. 2018, arXiv:1803.01271 (causal, dilated, residual: the "TCN")
 * @module
 */
import { z } from "zod";
import { activate } from "./activation.ts";
import { dropout } from "./dropout.ts";
import { poolTime } from "./layers.ts";
import { activationSchema, commonFields, layerWidths, widthsSchema } from "./model_config.ts";
import { defineModel } from "./model.ts";
import { temporalConvolution } from "./temporal_convolution.ts";
import type { Tf, tf } from "./tensorflow.ts";

export const convolutionFields = {
  filters: widthsSchema.default(32),
  layers: z.int().min(1).max(32).default(2),
  /** Bars that a filter sees, of all layers or of each. */
  kernel: widthsSchema.default(3),
  /** Distance between those bars grows by this factor from layer to layer; 1 is plain convolution. */
  dilationBase: z.int().min(1).default(1),
  /** A bar's value depends on that bar and earlier ones only. */
  causal: z.boolean().default(true),
  /** Adds each layer's input to its output. */
  residual: z.boolean().default(false),
  activation: activationSchema.default("relu"),
};

export interface ConvolutionConfig {
  windowBars: number;
  filters: number | number[];
  layers: number;
  kernel: number | number[];
  dilationBase: number;
  causal: boolean;
  residual: boolean;
  activation: "relu" | "tanh" | "sigmoid" | "swish" | "elu" | "gelu";
  dropout: number;
}

/**
 * Filters and kernel of each layer.
 *
 * @throws {RangeError} If both are lists, of different lengths.
 */
function convolutionLayers(config: ConvolutionConfig): { filters: number; kernel: number }[] {
  const { filters, kernel } = config;
  if (Array.isArray(filters) && Array.isArray(kernel) && filters.length !== kernel.length) {
    throw new RangeError(
      `Cannot create model: kernel must have one entry per layer (${filters.length}), got ${kernel.length}`,
    );
  }
  const layers = Array.isArray(filters)
    ? filters.length
    : Array.isArray(kernel)
    ? kernel.length
    : config.layers;
  const kernels = layerWidths(kernel, layers);
  return layerWidths(filters, layers).map((width, i) => ({ filters: width, kernel: kernels[i] }));
}

/** @throws {RangeError} If a filter reaches further than the window is long. */
export function validateConvolutions(config: ConvolutionConfig): void {
  const { windowBars, dilationBase } = config;
  convolutionLayers(config).forEach(({ kernel }, i) => {
    if (kernel > windowBars) {
      throw new RangeError(
        `Cannot create model: kernel must be at most windowBars (${windowBars}), got ${kernel}`,
      );
    }
    const reach = (kernel - 1) * dilationBase ** i + 1;
    if (reach > windowBars) {
      throw new RangeError(
        `Cannot create model: dilationBase must keep the reach of layer ${
          i + 1
        } (${reach} bars) within windowBars (${windowBars}), got ${dilationBase}`,
      );
    }
  });
}

/** The stack of convolutions: [n, time, features] -> [n, time, filters]. */
export function convolutionStack(
  tf: Tf,
  input: tf.SymbolicTensor,
  config: ConvolutionConfig,
  dropoutSites: Parameters<typeof dropout>[3],
): tf.SymbolicTensor {
  let x = input;
  convolutionLayers(config).forEach(({ filters, kernel }, i) => {
    const before = x;
    const common = { filters, causal: config.causal };
    x = temporalConvolution(tf, x, {
      ...common,
      kernel,
      dilation: config.dilationBase ** i,
      name: `convolution_${i + 1}`,
    });
    x = activate(tf, x, config.activation, `convolution_activation_${i + 1}`);
    x = dropout(tf, x, config.dropout, dropoutSites);
    if (config.residual) {
      const same = before.shape[2] === filters;
      const skip = same ? before : temporalConvolution(tf, before, {
        ...common,
        kernel: 1,
        dilation: 1,
        name: `skip_${i + 1}`,
      });
      x = tf.layers.add({ name: `residual_${i + 1}` }).apply([x, skip]) as tf.SymbolicTensor;
    }
  });
  return x;
}

export const cnn = defineModel({
  schema: z.strictObject({
    kind: z.literal("cnn"),
    ...commonFields,
    ...convolutionFields,
    pooling: z.enum(["last", "average", "max", "attention"]).default("average"),
  }),
  validate: validateConvolutions,
  build: (config, { tf, input, dropoutSites }) =>
    poolTime(tf, convolutionStack(tf, input, config, dropoutSites), config.pooling),
});
