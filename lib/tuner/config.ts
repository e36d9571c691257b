/**
 * Samplers and pruners as configuration: what a study stores about how it searches.
 * @module
 */
import { z } from "zod";
import * as pruners from "./pruners/mod.ts";
import type { Pruner } from "./pruners/mod.ts";
import { bruteForceSampler } from "./samplers/brute_force.ts";
import { cmaesSampler } from "./samplers/cmaes.ts";
import { gpSampler } from "./samplers/gp.ts";
import { gridSampler } from "./samplers/grid.ts";
import { nsga2Sampler } from "./samplers/nsga2.ts";
import { partialFixedSampler } from "./samplers/partial_fixed.ts";
import { qmcSampler } from "./samplers/qmc.ts";
import { randomSampler } from "./samplers/random.ts";
import type { Sampler } from "./samplers/sampler.ts";
import { tpeSampler } from "./samplers/tpe.ts";

const count = z.int().min(0);

const probability = z.number().min(0).max(1);
const choice = z.union([z.string(), z.number(), z.boolean(), z.null()]);

const flatSamplers = [
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
  z.strictObject({
    kind: z.literal("qmc"),
    sequence: z.enum(["sobol", "halton"]).optional(),
    scramble: z.boolean().optional(),
  }),
  z.strictObject({
    kind: z.literal("grid"),
    values: z.record(z.string(), z.array(choice).min(1)),
  }),
  z.strictObject({ kind: z.literal("bruteForce") }),
  z.strictObject({
    kind: z.literal("cmaes"),
    startupTrials: count.optional(),
    x0: z.record(z.string(), choice).optional(),
    sigma0: z.number().positive().optional(),
    populationSize: z.int().min(4).optional(),
    margin: z.boolean().optional(),
    restart: z.enum(["none", "ipop", "bipop"]).optional(),
  }),
  z.strictObject({
    kind: z.literal("gp"),
    startupTrials: z.int().min(1).optional(),
    preliminarySamples: z.int().min(1).optional(),
    localSearches: z.int().min(1).optional(),
    maxObservations: z.int().min(2).optional(),
  }),
  z.strictObject({
    kind: z.literal("nsga2"),
    populationSize: z.int().min(2).optional(),
    mutationProbability: probability.optional(),
    crossoverProbability: probability.optional(),
    swappingProbability: probability.optional(),
  }),
] as const;
const innerSampler = z.discriminatedUnion("kind", [...flatSamplers]);
export const samplerConfig = z.discriminatedUnion("kind", [
  ...flatSamplers,
  z.strictObject({
    kind: z.literal("partialFixed"),
    fixed: z.record(z.string(), choice),
    inner: innerSampler.optional(),
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
export type SamplerChoice =
  | SamplerConfig
  | Exclude<SamplerConfig["kind"], "grid" | "partialFixed">
  | Sampler;
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
  switch (config.kind) {
    case "random":
      return randomSampler();
    case "tpe":
      return tpeSampler(config);
    case "qmc":
      return qmcSampler(config);
    case "grid":
      return gridSampler(config);
    case "bruteForce":
      return bruteForceSampler();
    case "cmaes":
      return cmaesSampler(config);
    case "gp":
      return gpSampler(config);
    case "nsga2":
      return nsga2Sampler(config);
    case "partialFixed":
      return partialFixedSampler(config.fixed, buildSampler(config.inner ?? { kind: "tpe" }));
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
