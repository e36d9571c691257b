/**
 * Configuration of A2C; the defaults are Stable-Baselines3's.
 * @module
 */
import { z } from "zod";
import { count, positive, share, synchronousFields } from "../synchronous_config.ts";

export const a2cConfigSchema = z.strictObject({
  ...synchronousFields,
  /** Steps of each environment between two updates: the n of n-step returns. */
  nSteps: count.default(5),
  learningRate: positive.default(7e-4),
  /** 1: n-step returns. */
  gaeLambda: share.default(1),
  /** Advantages of each update are shifted and scaled to mean 0 and deviation 1. */
  normalizeAdvantage: z.boolean().default(false),
  /**
   * `rmsprop`: PyTorch's, epsilon outside of the root and statistics that begin at 0;
   * `rmspropTfLike`: TensorFlow 1's, epsilon inside of the root and statistics that begin at 1.
   */
  optimizer: z.enum(["rmsprop", "rmspropTfLike"]).default("rmsprop"),
  rmspropDecay: share.default(0.99),
  rmspropEpsilon: positive.default(1e-5),
  /** LSTM before the trunks; its gradient goes through the `nSteps` of an update. */
  recurrent: z.strictObject({ units: count.default(64), shared: z.boolean().default(false) })
    .nullable().default(null),
  /** Updates between two records of the training. */
  reportUpdates: count.default(100),
});

/** What a caller writes: everything but `totalSteps` has a default. */
export type A2cConfig = z.input<typeof a2cConfigSchema>;
/** With all defaults. */
export type ResolvedA2cConfig = z.output<typeof a2cConfigSchema>;
