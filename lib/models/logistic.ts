/**
 * One linear layer over the whole window: logistic regression for classes, linear regression for
 * values. The baseline that a network must beat.
 * @module
 */
import { z } from "zod";
import { commonFields } from "./model_config.ts";
import { defineModel } from "./model.ts";
import type { tf } from "./tensorflow.ts";

export const logistic = defineModel({
  schema: z.strictObject({ kind: z.literal("logistic"), ...commonFields }),
  build: (_config, { tf, input }) =>
    tf.layers.flatten({ name: "flatten" }).apply(input) as tf.SymbolicTensor,
});
