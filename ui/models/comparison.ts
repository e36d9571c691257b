/** Runs side by side: which params differ, which metrics are best. @module */
import { bestIndex, isCurve, orderMetrics } from "./metric_direction.ts";
import type { RunRecord } from "./run_record.ts";

export interface ParamLine {
  key: string;
  /** One value a run, null where it has none. */
  values: (string | null)[];
  differs: boolean;
}

export interface MetricLine {
  key: string;
  values: (number | null)[];
  /** Index of the run with the best value, or null. */
  best: number | null;
  /** Whether the runs have different values. */
  differs: boolean;
}

/** Params of all runs by name. Numbers that are equal do not differ, however they are written. */
export function compareParams(runs: readonly RunRecord[]): ParamLine[] {
  const keys = new Set(runs.flatMap((run) => Object.keys(run.params)));
  const normal = (value: string | null) =>
    value !== null && value !== "" && !isNaN(Number(value)) ? Number(value) : value;
  return [...keys].sort().map((key) => {
    const values = runs.map((run) => run.params[key] ?? null);
    return { key, values, differs: new Set(values.map(normal)).size > 1 };
  });
}

/** Latest values of all metrics, those that people look at first in front. */
export function compareMetrics(runs: readonly RunRecord[]): MetricLine[] {
  const keys = orderMetrics(new Set(runs.flatMap((run) => Object.keys(run.metrics))));
  return keys.map((key) => {
    const values = runs.map((run) => run.metrics[key] ?? null);
    return {
      key,
      values,
      best: isCurve(key) ? null : bestIndex(key, values),
      differs: !values.every((v) => Object.is(v, values[0])),
    };
  });
}

/** Labels that tell runs apart: the name, with the start of the id where a name occurs twice. */
export function runLabels(runs: readonly RunRecord[]): string[] {
  const counts = new Map<string, number>();
  for (const { name } of runs) counts.set(name, (counts.get(name) ?? 0) + 1);
  return runs.map(({ name, id }) =>
    counts.get(name)! > 1 ? `${name} \u00b7 ${id.slice(0, 6)}` : name
  );
}

export interface Dimension {
  key: string;
  kind: "param" | "metric";
  /** One position a run on a scale of numbers or of names; null where the run has none. */
  values: (number | string | null)[];
  isNumeric: boolean;
}

/** Whether at least two runs have values there, and not all the same. */
function spreads({ values }: Dimension): boolean {
  const held = values.filter((value) => value !== null);
  return held.length > 1 && held.some((value) => value !== held[0]);
}

/** Params that differ and single-valued metrics, as axes of a plot. */
export function dimensions(runs: readonly RunRecord[]): Dimension[] {
  const params = compareParams(runs).filter((line) => line.differs).map((line): Dimension => {
    const isNumeric = line.values.every((v) => v === null || (v !== "" && !isNaN(Number(v))));
    return {
      key: line.key,
      kind: "param",
      isNumeric,
      values: isNumeric ? line.values.map((v) => v === null ? null : Number(v)) : line.values,
    };
  });
  const metrics = compareMetrics(runs)
    .filter((line) =>
      !isCurve(line.key) && line.values.some((v) => v !== null && Number.isFinite(v))
    )
    .map((line): Dimension => ({
      key: line.key,
      kind: "metric",
      isNumeric: true,
      values: line.values.map((v) => v !== null && Number.isFinite(v) ? v : null),
    }));
  return [...params, ...metrics].filter(spreads);
}
