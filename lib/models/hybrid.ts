/**
 * Convolutions, then a recurrent layer, then attention over its states: local patterns, their
 * order, and which bars matter.
 *
 * With several `heads` it predicts classes and values jointly; with `dropout` its predictions can be
 * sampled for their uncertainty (`predictWithUncertainty` of the training room).
 * @module
 */
import { z } from "zod";
import { convolutionFields, convolutionStack, validateConvolutions } from "./cnn.ts";
import { customLayers, normaliseTokens, poolTime } from "./layers.ts";
import { commonFields, layerWidths } from "./model_config.ts";
import { defineModel } from "./model.ts";
import { recurrentFields, recurrentStack } from "./recurrent.ts";
import type { tf } from "./tensorflow.ts";

export const hybrid = defineModel({
  schema: z.strictObject({
    kind: z.literal("hybrid"),
    ...commonFields,
    ...convolutionFields,
    layers: z.int().min(1).max(32).default(1),
    cell: z.enum(["lstm", "gru"]).default("lstm"),
    units: recurrentFields.units,
    recurrentLayers: z.int().min(1).max(16).default(1),
    bidirectional: recurrentFields.bidirectional,
    /** Heads of self-attention over the recurrent states; 0 leaves it out. */
    attentionHeads: z.int().min(0).default(4),
    pooling: z.enum(["last", "average", "max", "attention"]).default("attention"),
  }),
  validate(config) {
    validateConvolutions(config);
    const units = layerWidths(config.units, config.recurrentLayers).at(-1)! *
      (config.bidirectional ? 2 : 1);
    if (config.attentionHeads > 0 && units % config.attentionHeads !== 0) {
      throw new RangeError(
        `Cannot create model: attentionHeads must divide the recurrent layer's width (${units}), got ${config.attentionHeads}`,
      );
    }
  },
  build(config, { tf, input, dropoutSites }) {
    const { SelfAttention } = customLayers(tf);
    const local = convolutionStack(tf, input, config, dropoutSites);
    const states = recurrentStack(
      tf,
      local,
      config.cell,
      { ...config, layers: config.recurrentLayers },
      dropoutSites,
    );
    if (config.attentionHeads === 0) return poolTime(tf, states, config.pooling);
    const attended = new SelfAttention({
      heads: config.attentionHeads,
      causal: config.causal,
      name: "attention",
    }).apply(states);
    const sum = tf.layers.add({ name: "attention_residual" }).apply([
      states,
      attended,
    ] as tf.SymbolicTensor[]) as tf.SymbolicTensor;
    const normal = normaliseTokens(tf, sum, "attention_norm");
    return poolTime(tf, normal, config.pooling);
  },
});
