import { z } from "zod";
import type { Kernel } from "./kernel.ts";

/** The families under which features are listed. */
export type FeatureFamily =
  | "returns"
  | "average"
  | "momentum"
  | "trend"
  | "channel"
  | "volatility"
  | "volume"
  | "statistics"
  | "spectral"
  | "cross"
  | "calendar";

/** A named, parameterised feature: its parameters' schema and how to compute it. */
export interface FeatureDefinition<P = any> {
  family: FeatureFamily;
  /** One line for people: what the column holds and its unit. */
  summary: string;
  /** Parameters with their defaults; `kind`, `as` and `hidden` belong to the step, not here. */
  params: z.ZodType<P>;
  /** Columns it reads: bar fields or names of earlier steps' columns. */
  inputs(params: P): string[];
  /** Suffixes of its columns; none for a feature of one column. */
  outputs?: (params: P) => string[];
  /** Rows before the current one that the kernel reads from its inputs. */
  lookback(params: P): number;
  /** Rows at the start for which the feature is not defined yet (NaN). */
  warmup(params: P): number;
  create(params: P): Kernel;
}

/** Gives a definition its parameter type from the schema. */
export function defineFeature<S extends z.ZodType>(
  definition: FeatureDefinition<z.output<S>> & { params: S },
): FeatureDefinition<z.output<S>> & { params: S } {
  return definition;
}

/** A number of bars, with its default. */
export function bars(byDefault: number, least = 1) {
  return z.int().min(least).max(1_000_000).default(byDefault);
}

/** The column that a feature of one series reads. */
export const source = z.string().min(1).default("close");

/** Schema of a feature of one source and one window. */
export function windowed(byDefault: number, least = 1) {
  return z.strictObject({ source, window: bars(byDefault, least) });
}

/** Bars per year by which a volatility is annualised; 1 leaves it per bar. */
export const barsPerYear = z.number().positive().default(252);

/** The check of a feature of two windows: `schema.refine(...fastBelowSlow)`. */
export const fastBelowSlow = [
  (p: { fast: number; slow: number }) => p.fast < p.slow,
  { path: ["fast"], error: "must be less than slow" },
] satisfies [unknown, unknown];
