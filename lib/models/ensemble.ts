/**
 * Several networks as one: their logits are averaged, or combined by a learned linear layer.
 *
 * Trained as it stands, all members learn together; `trainEnsemble` of the training room trains them
 * apart, with stacking or blending for the combination.
 * @module
 */
import { z } from "zod";
import { commonFields, headsOf, headUnits } from "./model_config.ts";
import { type AnyModelConfig, defineModel, type ModelFactory } from "./model.ts";
import type { tf } from "./tensorflow.ts";

const schema = z.strictObject({
  kind: z.literal("ensemble"),
  ...commonFields,
  /** Configurations of the members, without what they share with the ensemble. */
  members: z.array(z.looseObject({ kind: z.string() })).min(2),
  /** `average`, or `weighted`: a linear layer over all members' logits, at first their average. */
  combine: z.enum(["average", "weighted"]).default("average"),
});

/** A member's whole configuration: shapes and heads are the ensemble's, the seed its own. */
export function memberConfig(
  ensemble: AnyModelConfig,
  member: Record<string, unknown>,
  index: number,
): AnyModelConfig {
  const { windowBars, features, outputs, task, heads, seed } = ensemble;
  return {
    seed: seed + index + 1,
    ...member,
    windowBars,
    features,
    outputs,
    task,
    ...(heads ? { heads } : {}),
  } as unknown as AnyModelConfig;
}

/** The row of the table for ensembles of the given architectures. */
export function ensembleOf(table: Record<string, ModelFactory>): ModelFactory<typeof schema> {
  const parsed = (config: AnyModelConfig, member: Record<string, unknown>, i: number) => {
    const kind = String(member.kind);
    const factory = Object.hasOwn(table, kind) ? table[kind] : undefined;
    if (!factory) {
      throw new RangeError(
        `Cannot create model: members.${i}.kind must be one of ${
          Object.keys(table).join(", ")
        }, got ${kind}`,
      );
    }
    const whole = memberConfig(config, member, i);
    const result = factory.schema.safeParse(whole);
    if (!result.success) {
      const [issue] = result.error.issues;
      throw new RangeError(
        `Cannot create model: members.${i}.${issue.path.join(".")} is not valid: ${issue.message}`,
      );
    }
    factory.validate?.(result.data);
    return { factory, config: result.data as AnyModelConfig };
  };
  return defineModel({
    schema,
    givesLogits: true,
    validate(config) {
      config.members.forEach((m, i) => parsed(config as unknown as AnyModelConfig, m, i));
    },
    build(config, { tf, input, dropoutSites }) {
      const all = config as unknown as AnyModelConfig;
      const units = headsOf(all).reduce((sum, head) => sum + headUnits(head), 0);
      const logits = config.members.map((m, i) => {
        const member = parsed(all, m, i);
        const own = tf.input({
          shape: [config.windowBars, config.features],
          name: `window_${i + 1}`,
        });
        const body = member.factory.build(member.config, { tf, input: own, dropoutSites });
        const out = member.factory.givesLogits
          ? body
          : tf.layers.dense({ units, kernelInitializer: "zeros", name: "logits" }).apply(body);
        const model = tf.model({
          inputs: own,
          outputs: out as tf.SymbolicTensor,
          name: `member_${i + 1}`,
        });
        return model.apply(input) as tf.SymbolicTensor;
      });
      if (config.combine === "average") {
        return tf.layers.average({ name: "logits" }).apply(logits) as tf.SymbolicTensor;
      }
      const joined = tf.layers.concatenate({ name: "members" }).apply(logits);
      return tf.layers.dense({ units, kernelInitializer: "zeros", name: "combine" })
        .apply(joined) as tf.SymbolicTensor;
    },
  });
}
