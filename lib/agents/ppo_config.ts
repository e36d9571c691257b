/**
 * Configuration of PPO; the defaults are Stable-Baselines3's.
 * @module
 */
import { z } from "zod";
import { explorationSchema } from "./exploration.ts";
import { parseConfig } from "./parse_config.ts";
import { scheduleSchema } from "./schedule.ts";
import { count, positive, share, synchronousFields } from "./synchronous_config.ts";

export const ppoConfigSchema = z.strictObject({
  ...synchronousFields,
  /** Steps of each environment in one rollout. */
  rolloutSteps: count.default(2048),
  /** Rows of one gradient step. */
  batchSize: z.number().int().min(2).default(64),
  /** Passes over each rollout. */
  epochs: count.default(10),
  learningRate: positive.default(3e-4),
  gaeLambda: share.default(0.95),
  /** The ratio of probabilities is clipped to 1 ± this. */
  clipRange: scheduleSchema(positive).default(0.2),
  /** New values are clipped to the old ones ± this; null: they are not. */
  valueClipRange: positive.nullable().default(null),
  /** Advantages of each minibatch are shifted and scaled to mean 0 and deviation 1. */
  normalizeAdvantage: z.boolean().default(true),
  adamEpsilon: positive.default(1e-5),
  /** Epochs of a rollout stop when the approximate KL divergence exceeds 1.5 times this. */
  targetKl: positive.nullable().default(null),
  /** LSTM before the trunks; minibatches are then whole sequences of `sequenceSteps`. */
  recurrent: z.strictObject({
    units: count.default(64),
    shared: z.boolean().default(false),
    sequenceSteps: count.default(16),
  }).nullable().default(null),
  /** Running mean and deviation of observations, renewed after each update, kept in the policy. */
  normalizeObservations: z.strictObject({ clip: positive.default(10) }).nullable().default(null),
  exploration: explorationSchema.nullable().default(null),
});

/** What a caller writes: everything but `totalSteps` has a default. */
export type PpoConfig = z.input<typeof ppoConfigSchema>;
/** With all defaults. */
export type ResolvedPpoConfig = z.output<typeof ppoConfigSchema>;

/** Checks a configuration. @throws {RangeError} Naming field, rule and value. */
export function resolvePpoConfig(config: PpoConfig): ResolvedPpoConfig {
  const parsed = parseConfig(ppoConfigSchema, config, "train PPO");
  const { batchSize, environments, rolloutSteps, recurrent } = parsed;
  if (batchSize > environments * rolloutSteps) {
    throw new RangeError(
      `Cannot train PPO: batchSize must be at most environments * rolloutSteps (${
        environments * rolloutSteps
      }), got ${batchSize}`,
    );
  }
  if (recurrent) {
    const { sequenceSteps } = recurrent;
    for (const [name, value] of Object.entries({ rolloutSteps, batchSize })) {
      if (value % sequenceSteps !== 0) {
        throw new RangeError(
          `Cannot train PPO: ${name} must be a multiple of recurrent.sequenceSteps (${sequenceSteps}), got ${value}`,
        );
      }
    }
  }
  return parsed;
}
