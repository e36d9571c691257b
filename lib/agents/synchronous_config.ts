/**
 * What the configurations of PPO and A2C share; the defaults are Stable-Baselines3's.
 * @module
 */
import { z } from "zod";
import { scheduleSchema } from "./schedule.ts";

export const positive = z.number().positive();
export const share = z.number().min(0).max(1);
export const count = z.number().int().min(1);

export const synchronousFields = {
  /** Steps of all environments together; whole rollouts are made until it is reached. */
  totalSteps: count,
  /** Environments stepped together. */
  environments: count.default(1),
  /** `linear` goes down to 0 at the end of the training. */
  learningRateSchedule: z.enum(["constant", "linear"]).default("constant"),
  gamma: share.default(0.99),
  /** A number, or from one to another over the training. */
  entropyCoefficient: scheduleSchema(z.number().min(0)).default(0),
  valueCoefficient: z.number().min(0).default(0.5),
  /** Gradients are scaled to at most this common norm. */
  maxGradientNorm: positive.default(0.5),
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
  /** Rewards over the running deviation of discounted returns. */
  scaleRewards: z.strictObject({ clip: positive.default(10) }).nullable().default(null),
  seed: z.number().int().min(0).default(0),
};

/** The part of a configuration that environments and policy are made by. */
export type SynchronousConfig = z.output<z.ZodObject<typeof synchronousFields>> & {
  recurrent: { units: number; shared: boolean } | null;
  normalizeObservations?: { clip: number } | null;
};
