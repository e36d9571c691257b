/**
 * A Transformer encoder over the bars of a window, pre-norm.
 *
 * With `modalities`, features are split into groups (prices, volumes, sentiment …) and each bar
 * becomes one token per group, so that attention works across groups as well as across time.
 *
 * @see Vaswani et al. 2017, arXiv:1706.03762; pre-norm: Xiong et al. 2020, arXiv:2002.04745
 * @module
 */
import { z } from "zod";
import { activate } from "./activation.ts";
import { dropout } from "./dropout.ts";
import { customLayers, normaliseTokens, poolTime } from "./layers.ts";
import { activationSchema, commonFields } from "./model_config.ts";
import { defineModel } from "./model.ts";
import type { tf } from "./tensorflow.ts";

export const transformer = defineModel({
  schema: z.strictObject({
    kind: z.literal("transformer"),
    ...commonFields,
    /** Values per token. */
    width: z.int().min(1).default(32),
    layers: z.int().min(1).max(64).default(2),
    attentionHeads: z.int().min(1).default(4),
    /** Width of the feed-forward layer; default 2 * width. */
    feedForward: z.int().min(1).optional(),
    /** A bar's tokens see that bar and earlier ones only. */
    causal: z.boolean().default(true),
    position: z.enum(["sinusoidal", "learned", "none"]).default("sinusoidal"),
    activation: activationSchema.default("gelu"),
    pooling: z.enum(["last", "average", "max", "attention"]).default("last"),
    /** Groups of neighbouring features, in the order of the features. */
    modalities: z.array(z.strictObject({ name: z.string().min(1), features: z.int().min(1) })).min(
      1,
    )
      .optional(),
  }),
  validate(config) {
    if (config.width % config.attentionHeads !== 0) {
      throw new RangeError(
        `Cannot create model: width must be a multiple of attentionHeads (${config.attentionHeads}), got ${config.width}`,
      );
    }
    const total = config.modalities?.reduce((sum, m) => sum + m.features, 0);
    if (total !== undefined && total !== config.features) {
      throw new RangeError(
        `Cannot create model: modalities must have ${config.features} features in all, got ${total}`,
      );
    }
  },
  build(config, { tf, input, dropoutSites }) {
    const { TokenEmbedding, SelfAttention, JoinGroups } = customLayers(tf);
    const { width, attentionHeads: heads, causal } = config;
    const groups = config.modalities?.map((m) => m.features) ?? [config.features];
    const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor | tf.SymbolicTensor[]) =>
      layer.apply(x) as tf.SymbolicTensor;
    const add = (name: string, a: tf.SymbolicTensor, b: tf.SymbolicTensor) =>
      apply(tf.layers.add({ name }), [a, b]);
    const dense = (units: number, name: string) =>
      tf.layers.dense({ units, kernelInitializer: "zeros", name });
    let x = apply(
      new TokenEmbedding({ groups, width, position: config.position, name: "tokens" }),
      input,
    );
    for (let i = 1; i <= config.layers; i++) {
      let y = normaliseTokens(tf, x, `attention_norm_${i}`);
      y = apply(
        new SelfAttention({ heads, causal, groups: groups.length, name: `attention_${i}` }),
        y,
      );
      y = dropout(tf, y, config.dropout, dropoutSites);
      x = add(`attention_residual_${i}`, x, y);
      y = normaliseTokens(tf, x, `feed_forward_norm_${i}`);
      y = apply(dense(config.feedForward ?? 2 * width, `feed_forward_in_${i}`), y);
      y = activate(tf, y, config.activation, `feed_forward_activation_${i}`);
      y = apply(dense(width, `feed_forward_out_${i}`), y);
      y = dropout(tf, y, config.dropout, dropoutSites);
      x = add(`feed_forward_residual_${i}`, x, y);
    }
    x = normaliseTokens(tf, x, "final_norm");
    if (groups.length > 1) x = apply(new JoinGroups({ groups: groups.length, name: "join" }), x);
    return poolTime(tf, x, config.pooling);
  },
});
