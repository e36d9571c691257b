/**
 * Configuration of A3C.
 * @module
 */
import { z } from "zod";

const positive = z.number().positive();
const share = z.number().min(0).max(1);
const count = z.number().int().min(1);

export const a3cConfigSchema = z.strictObject({
  /** Steps of all workers together; each ends the segment at hand when it is reached. */
  totalSteps: count.max(2 ** 31 - 1),
  /** Threads that act and learn, each with an environment of its own. */
  workers: count.max(256).default(4),
  /** Most steps of a segment: of n-step returns, and through which an LSTM's gradient goes. */
  nSteps: count.default(20),
  learningRate: positive.default(1e-3),
  /** `linear` goes down to 0 at the end of the training. */
  learningRateSchedule: z.enum(["constant", "linear"]).default("linear"),
  gamma: share.default(0.99),
  /** 1: n-step returns, as in the paper. */
  gaeLambda: share.default(1),
  entropyCoefficient: z.number().min(0).default(0.01),
  valueCoefficient: z.number().min(0).default(0.5),
  /** Gradients of a segment are scaled to at most this common norm. */
  maxGradientNorm: positive.default(40),
  rmspropDecay: share.default(0.99),
  /** Inside of the root. */
  rmspropEpsilon: positive.default(1e-5),
  /** One vector of RMSprop's statistics for all workers (the paper's best), or one for each. */
  sharedStatistics: z.boolean().default(true),
  /** Units of the hidden layers of actor and critic. */
  hidden: z.array(count).default([64, 64]),
  /** Units of an LSTM between hidden layers and heads; null: feed-forward. */
  lstmUnits: count.nullable().default(null),
  /** Steps between two records of the training. */
  reportSteps: count.default(2048),
  /** A worker that makes no progress for so long is taken for dead and replaced. */
  stallTimeoutMs: positive.default(30_000),
  /** The same for a worker that has not begun. */
  startTimeoutMs: positive.default(120_000),
  /** Replacements in the whole training; one more death ends it with a {@linkcode WorkerDiedError}. */
  maxReplacements: z.number().int().min(0).default(10),
  seed: z.number().int().min(0).default(0),
});

/** What a caller writes: everything but `totalSteps` has a default. */
export type A3cConfig = z.input<typeof a3cConfigSchema>;
/** With all defaults. */
export type ResolvedA3cConfig = z.output<typeof a3cConfigSchema>;
