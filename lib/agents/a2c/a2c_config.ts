/**
 * Configuration of A2C; the defaults are Stable-Baselines3's.
 * @module
 */
import { z } from "zod";
import { scheduleSchema } from "../schedule.ts";

const positive = z.number().positive();
const share = z.number().min(0).max(1);
const count = z.number().int().min(1);

export const a2cConfigSchema = z.strictObject({
  /** Steps of all environments together; whole rollouts are made until it is reached. */
  totalSteps: count,
  /** Environments stepped together. */
  environments: count.default(1),
  /** Steps of each environment between two updates: the n of n-step returns. */
  nSteps: count.default(5),
  learningRate: positive.default(7e-4),
  /** `linear` goes down to 0 at the end of the training. */
  learningRateSchedule: z.enum(["constant", "linear"]).default("constant"),
  gamma: share.default(0.99),
  /** 1: n-step returns. */
  gaeLambda: share.default(1),
  /** Advantages of each update are shifted and scaled to mean 0 and deviation 1. */
  normalizeAdvantage: z.boolean().default(false),
  /** A number, or from one to another over the training. */
  entropyCoefficient: scheduleSchema(z.number().min(0)).default(0),
  valueCoefficient: z.number().min(0).default(0.5),
  /** Gradients are scaled to at most this common norm. */
  maxGradientNorm: positive.default(0.5),
  /**
   * `rmsprop`: PyTorch's, epsilon outside of the root and statistics that begin at 0;
   * `rmspropTfLike`: TensorFlow 1's, epsilon inside of the root and statistics that begin at 1.
   */
  optimizer: z.enum(["rmsprop", "rmspropTfLike"]).default("rmsprop"),
  rmspropDecay: share.default(0.99),
  rmspropEpsilon: positive.default(1e-5),
  /** Units of the hidden layers of actor and critic. */
  hidden: z.array(count).default([64, 64]),
  /** `shared`: actor and critic are two last layers on one trunk. */
  trunk: z.enum(["separate", "shared"]).default("separate"),
  activation: z.enum(["tanh", "relu"]).default("tanh"),
  /** Orthogonal initial weights; false: uniform ones after Glorot & Bengio. */
  orthogonal: z.boolean().default(true),
  /** Boxes: tanh of the draw scaled to the bounds, instead of clipping the draw to them. */
  squash: z.boolean().default(false),
  /** Boxes: logarithm of the standard deviation at the start. */
  initialLogStd: z.number().default(0),
  /** LSTM before the trunks; its gradient goes through the `nSteps` of an update. */
  recurrent: z.strictObject({ units: count.default(64), shared: z.boolean().default(false) })
    .nullable().default(null),
  /** Rewards over the running deviation of discounted returns. */
  scaleRewards: z.strictObject({ clip: positive.default(10) }).nullable().default(null),
  /** Updates between two records of the training. */
  reportUpdates: count.default(100),
  seed: z.number().int().min(0).default(0),
});

/** What a caller writes: everything but `totalSteps` has a default. */
export type A2cConfig = z.input<typeof a2cConfigSchema>;
/** With all defaults. */
export type ResolvedA2cConfig = z.output<typeof a2cConfigSchema>;
