/**
 * Multilayer perceptron over the flattened window.
 * @module
 */
import { z } from "zod";
import { activate } from "./activation.ts";
import { dropout } from "./dropout.ts";
import { activationSchema, commonFields, layerWidths, widthsSchema } from "./model_config.ts";
import { defineModel } from "./model.ts";
import type { tf } from "./tensorflow.ts";

export const mlp = defineModel({
  schema: z.strictObject({
    kind: z.literal("mlp"),
    ...commonFields,
    units: widthsSchema.default(64),
    layers: z.int().min(1).max(64).default(2),
    activation: activationSchema.default("relu"),
  }),
  build(config, { tf, input, dropoutSites }) {
    let x = tf.layers.flatten({ name: "flatten" }).apply(input) as tf.SymbolicTensor;
    layerWidths(config.units, config.layers).forEach((units, i) => {
      x = tf.layers.dense({ units, kernelInitializer: "zeros", name: `dense_${i + 1}` })
        .apply(x) as tf.SymbolicTensor;
      x = activate(tf, x, config.activation, `activation_${i + 1}`);
      x = dropout(tf, x, config.dropout, dropoutSites);
    });
    return x;
  },
});
