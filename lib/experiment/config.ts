/**
 * The configuration of a whole experiment, from bars to promotion. It is validated once, stored whole
 * with the run, and enough to repeat the run.
 * @module
 */
import { z } from "zod";

const isoDate = z.string().regex(/^\d{4}-\d{2}-\d{2}$/, "must be a date as 2011-12-31");
const bps = z.number().min(0).max(1000);

/** A range of a tuned number; `log` samples its logarithm uniformly. */
const numberRange = z.strictObject({
  low: z.number(),
  high: z.number(),
  log: z.boolean().default(false),
}).refine((r) => r.low <= r.high, "low must not be above high");

export const experimentConfigSchema = z.strictObject({
  /** Name of the experiment that the runs are recorded under. */
  name: z.string().min(1).max(500),
  /** Name of the registered model. */
  model: z.string().min(1).max(255).regex(/^[^/:]+$/, "must not contain / or :"),
  seed: z.number().int().min(0).max(2 ** 31 - 1),
  data: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("sample") }),
    z.strictObject({ kind: z.literal("file"), path: z.string().min(1) }),
  ]),
  /** Steps of the causal feature pipeline, as `definePipeline` takes them. */
  pipeline: z.strictObject({
    steps: z.array(z.looseObject({ kind: z.string() })).min(1),
  }),
  /** Affine ones only: scaling is made part of the exported graph. */
  scaler: z.enum(["standard", "robust", "minMax"]).default("standard"),
  /** The label: does the close rise over the next `horizonBars` bars. */
  labels: z.strictObject({ horizonBars: z.number().int().min(1).max(250) }),
  split: z.strictObject({
    /** Last date of training data while tuning. */
    trainUntil: isoDate,
    /** Last date of validation data; the bars after it are held out for the walk-forward test. */
    validationUntil: isoDate,
    embargoBars: z.number().int().min(0),
  }),
  search: z.strictObject({
    trials: z.number().int().min(1).max(10_000),
    kinds: z.array(z.enum(["mlp", "cnn", "lstm", "gru", "logistic"])).min(1),
    windowBars: z.array(z.number().int().min(1)).min(1),
    units: z.array(z.number().int().min(1)).min(1),
    dropout: numberRange,
    learningRate: numberRange,
    batchSize: z.array(z.number().int().min(1)).min(1),
    epochs: z.number().int().min(1).max(10_000),
    /** Epochs without a better validation loss after which a training stops. */
    patience: z.number().int().min(1),
  }),
  walkForward: z.strictObject({
    /** Bars traded with one fit before the model is fitted again on all bars up to then. */
    refitEveryBars: z.number().int().min(1),
    /** Newest bars of each fit that are kept for early stopping. */
    validationBars: z.number().int().min(20),
  }),
  backtest: z.strictObject({
    cash: z.number().positive(),
    fill: z.enum(["nextOpen", "nextClose", "sameClose"]),
    feeBps: bps,
    slippageBps: bps,
    /** Target weights are rounded to multiples of this, so that small changes cause no trades. */
    weightStep: z.number().min(0).max(1),
  }),
});

export type ExperimentConfig = z.output<typeof experimentConfigSchema>;

/**
 * The validated configuration with its defaults filled in.
 *
 * @throws {RangeError} Naming each field at fault, its value and what is allowed.
 */
export function parseExperimentConfig(input: unknown): ExperimentConfig {
  const parsed = experimentConfigSchema.safeParse(input);
  if (parsed.success) {
    const { trainUntil, validationUntil } = parsed.data.split;
    if (trainUntil >= validationUntil) {
      throw new RangeError(
        `Cannot read experiment: split.trainUntil must be before split.validationUntil ` +
          `(${validationUntil}), got ${trainUntil}`,
      );
    }
    return parsed.data;
  }
  const faults = parsed.error.issues.map((issue) => {
    const value = issue.path.reduce<unknown>(
      (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
      input,
    );
    return `${issue.path.join(".") || "(whole)"} ${issue.message}, got ${JSON.stringify(value)}`;
  });
  throw new RangeError(`Cannot read experiment: ${faults.join("; ")}`);
}
