/**
 * Samplers and pruners as configuration: what a study stores about how it searches.
 * @module
 */
import { z } from "zod";
import * as pruners from "./pruners/mod.ts";
import type { Pruner } from "./pruners/mod.ts";
import { randomSampler } from "./samplers/random.ts";
import type { Sampler } from "./samplers/sampler.ts";
import { tpeSampler } from "./samplers/tpe.ts";

const count = z.int().min(0);

export const samplerConfig = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("random") }),
  z.strictObject({
    kind: z.literal("tpe"),
    startupTrials: count.optional(),
    candidates: z.int().min(1).optional(),
    multivariate: z.boolean().optional(),
    group: z.boolean().optional(),
    constantLiar: z.boolean().optional(),
    priorWeight: z.number().min(0).optional(),
    magicClip: z.boolean().optional(),
    endpoints: z.boolean().optional(),
  }),
]);
export type SamplerConfig = z.infer<typeof samplerConfig>;

const interval = {
  startupTrials: count.optional(),
  warmupSteps: count.optional(),
  intervalSteps: z.int().min(1).optional(),
  minTrials: z.int().min(1).optional(),
};
const flatPruners = [
  z.strictObject({ kind: z.literal("none") }),
  z.strictObject({ kind: z.literal("median"), ...interval }),
  z.strictObject({
    kind: z.literal("percentile"),
    percentile: z.number().min(0).max(100),
    ...interval,
  }),
  z.strictObject({
    kind: z.literal("successiveHalving"),
    minResource: z.union([z.literal("auto"), z.int().min(1)]).optional(),
    reductionFactor: z.int().min(2).optional(),
    minEarlyStoppingRate: count.optional(),
    bootstrapCount: count.optional(),
  }),
  z.strictObject({
    kind: z.literal("hyperband"),
    minResource: z.int().min(1).optional(),
    maxResource: z.union([z.literal("auto"), z.int().min(1)]).optional(),
    reductionFactor: z.int().min(2).optional(),
    bootstrapCount: count.optional(),
  }),
  z.strictObject({
    kind: z.literal("threshold"),
    lower: z.number().optional(),
    upper: z.number().optional(),
    warmupSteps: count.optional(),
    intervalSteps: z.int().min(1).optional(),
  }),
  z.strictObject({
    kind: z.literal("wilcoxon"),
    pThreshold: z.number().min(0).max(1).optional(),
    startupSteps: count.optional(),
  }),
] as const;
const innerPruner = z.discriminatedUnion("kind", [...flatPruners]);
export const prunerConfig = z.discriminatedUnion("kind", [
  ...flatPruners,
  z.strictObject({
    kind: z.literal("patient"),
    patience: count,
    minDelta: z.number().min(0).optional(),
    inner: innerPruner.nullable().optional(),
  }),
]);
export type PrunerConfig = z.infer<typeof prunerConfig>;

/** Names that may stand for a configuration with defaults only. */
export type SamplerChoice = SamplerConfig | SamplerConfig["kind"] | Sampler;
export type PrunerChoice =
  | PrunerConfig
  | Exclude<PrunerConfig["kind"], "percentile" | "threshold" | "patient">
  | Pruner;

function parse<T>(schema: z.ZodType<T>, what: string, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const field = issue.path.length > 0 ? `${what}.${issue.path.join(".")}` : what;
  throw new RangeError(
    `Cannot create study: ${field} is wrong (${issue.message}), got ${JSON.stringify(value)}`,
  );
}

/** A sampler and the configuration to store with the study (null for one made by the caller). */
export function makeSampler(
  choice: SamplerChoice,
): { sampler: Sampler; config: SamplerConfig | null } {
  if (typeof choice === "object" && "independent" in choice) {
    return { sampler: choice, config: null };
  }
  const config = parse(
    samplerConfig,
    "sampler",
    typeof choice === "string" ? { kind: choice } : choice,
  );
  return { sampler: buildSampler(config), config };
}

function buildSampler(config: SamplerConfig): Sampler {
  const { kind: _, ...options } = config;
  switch (config.kind) {
    case "random":
      return randomSampler();
    case "tpe":
      return tpeSampler(options);
  }
}

/** A pruner and the configuration to store with the study (null for one made by the caller). */
export function makePruner(choice: PrunerChoice): { pruner: Pruner; config: PrunerConfig | null } {
  if (typeof choice === "object" && "shouldPrune" in choice) {
    return { pruner: choice, config: null };
  }
  const config = parse(
    prunerConfig,
    "pruner",
    typeof choice === "string" ? { kind: choice } : choice,
  );
  return { pruner: buildPruner(config), config };
}

function buildPruner(config: PrunerConfig): Pruner {
  switch (config.kind) {
    case "none":
      return pruners.noPruner();
    case "median":
      return pruners.medianPruner(config);
    case "percentile":
      return pruners.percentilePruner(config.percentile, config);
    case "successiveHalving":
      return pruners.successiveHalvingPruner(config);
    case "hyperband":
      return pruners.hyperbandPruner(config);
    case "threshold":
      return pruners.thresholdPruner(config);
    case "wilcoxon":
      return pruners.wilcoxonPruner(config);
    case "patient":
      return pruners.patientPruner(config.inner ? buildPruner(config.inner) : null, config);
  }
}
