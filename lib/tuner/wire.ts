/**
 * Trials and studies as JSON: what the store's HTTP API and JSON exports carry. NaN and infinities
 * are the strings "NaN", "Infinity" and "-Infinity".
 * @module
 */
import { z } from "zod";
import { prunerConfig, samplerConfig } from "./config.ts";
import { emptyTrial, type FrozenTrial, type JsonValue } from "./trial_record.ts";

const numberish = z.union([z.number(), z.enum(["NaN", "Infinity", "-Infinity"])])
  .transform((x) => Number(x));
const choice = z.union([z.string(), z.number(), z.boolean(), z.null()]);
const json: z.ZodType<JsonValue> = z.json() as z.ZodType<JsonValue>;

export const distributionSchema = z.discriminatedUnion("kind", [
  z.strictObject({
    kind: z.literal("float"),
    low: z.number(),
    high: z.number(),
    log: z.boolean(),
    step: z.number().positive().nullable(),
  }),
  z.strictObject({
    kind: z.literal("int"),
    low: z.int(),
    high: z.int(),
    log: z.boolean(),
    step: z.int().min(1),
  }),
  z.strictObject({ kind: z.literal("categorical"), choices: z.array(choice).min(1) }),
]);

export const directionSchema = z.enum(["minimize", "maximize"]);
export const stateSchema = z.enum(["waiting", "running", "complete", "pruned", "failed"]);

/** What a worker writes about its trial. */
export const trialBodySchema = z.strictObject({
  values: z.array(numberish).nullable().optional(),
  params: z.record(z.string(), choice),
  distributions: z.record(z.string(), distributionSchema),
  constraints: z.record(z.string(), numberish),
  userAttrs: z.record(z.string(), json),
  systemAttrs: z.record(z.string(), json),
  startTime: z.number().nullable(),
  endTime: z.number().nullable(),
  error: z.string().optional(),
});

export const reportsSchema = z.array(z.tuple([z.int().min(0), numberish]));

export const trialSchema = trialBodySchema.extend({
  number: z.int().min(0),
  state: stateSchema,
  attempt: z.int().min(0),
  reports: reportsSchema,
});
/** A trial on the wire. */
export type TrialJson = z.input<typeof trialSchema>;
export type TrialBodyJson = z.input<typeof trialBodySchema>;

export const studySpecSchema = z.strictObject({
  name: z.string().trim().min(1).max(250),
  directions: z.array(directionSchema).min(1),
  sampler: samplerConfig.nullable(),
  pruner: prunerConfig.nullable(),
  seed: z.int().min(0),
  userAttrs: z.record(z.string(), json),
});

type WireNumber = number | "NaN" | "Infinity" | "-Infinity";

/** A number that JSON can carry. */
export function wireNumber(x: number): WireNumber {
  return Number.isFinite(x) ? x : String(x) as WireNumber;
}

/** The part of a trial that its worker writes. */
export function bodyToJson(trial: FrozenTrial): TrialBodyJson {
  return {
    values: trial.values?.map(wireNumber) ?? null,
    params: trial.params,
    distributions: trial.distributions as TrialBodyJson["distributions"],
    constraints: Object.fromEntries(
      Object.entries(trial.constraints).map(([k, v]) => [k, wireNumber(v)]),
    ),
    userAttrs: trial.userAttrs,
    systemAttrs: trial.systemAttrs,
    startTime: trial.startTime,
    endTime: trial.endTime,
    ...(trial.error !== undefined ? { error: trial.error } : {}),
  };
}

/** A trial as JSON. */
export function trialToJson(trial: FrozenTrial): TrialJson {
  return {
    number: trial.number,
    state: trial.state,
    attempt: trial.attempt,
    ...bodyToJson(trial),
    reports: [...trial.intermediate].map(([step, value]) => [step, wireNumber(value)]),
  };
}

/** A trial from JSON. @throws {z.ZodError} If it is none. */
export function trialFromJson(value: unknown): FrozenTrial {
  const { reports, values, error, ...rest } = trialSchema.parse(value);
  return {
    ...emptyTrial(rest.number),
    ...rest,
    values: values ?? null,
    value: values?.[0] ?? null,
    intermediate: new Map(reports),
    ...(error !== undefined ? { error } : {}),
  };
}
