/**
 * Writes metric points of many callers together, in few statements.
 * @module
 */
import type { Database } from "../db/database.ts";
import { isTaken } from "../db/faults.ts";
import { insertPoints, type SeriesPoints } from "../db/metrics.ts";
import type { Metric } from "../../lib/contracts/mlflow/mod.ts";
import { gatherCalls } from "./gather_calls.ts";

/** Points of one statement, at most; more wait for the next one. */
const pointsPerStatement = 20_000;

/** Milliseconds after a point that came twice in which more of them are expected. */
const carefulMs = 10_000;

interface RunPoints {
  runId: string;
  metrics: readonly Metric[];
}

export interface MetricWriter {
  /** True once the points are committed, false when the run is not there or not active. */
  write(runId: string, metrics: readonly Metric[]): Promise<boolean>;
  /** Resolves when nothing waits any more. */
  drain(): Promise<void>;
}

/** Gathers points by (run, key). */
export function gatherSeries(
  batches: readonly RunPoints[],
): SeriesPoints[] {
  const byRun = new Map<string, Map<string, SeriesPoints>>();
  const all: SeriesPoints[] = [];
  for (const { runId, metrics } of batches) {
    let byKey = byRun.get(runId);
    if (!byKey) byRun.set(runId, byKey = new Map());
    for (const { key, value, timestamp, step } of metrics) {
      let series = byKey.get(key);
      if (!series) {
        series = { runId, key, timestamps: [], steps: [], values: [] };
        byKey.set(key, series);
        all.push(series);
      }
      series.timestamps.push(timestamp);
      series.steps.push(step ?? 0);
      series.values.push(value);
    }
  }
  return all;
}

/** A writer that keeps at most `lanes` statements running; PGlite has one connection, so one. */
export function createMetricWriter(
  db: Database,
  lanes = db.kind === "pglite" ? 1 : 2,
): MetricWriter {
  let carefulUntil = 0;

  /** Looks for points that are there already only while such were sent a moment ago. */
  async function insert(series: SeriesPoints[]): Promise<Set<string>> {
    if (performance.now() > carefulUntil) {
      try {
        return await insertPoints(db, series, "refuse");
      } catch (error) {
        if (!isTaken(error)) throw error;
        carefulUntil = performance.now() + carefulMs;
      }
    }
    return await insertPoints(db, series, "skip");
  }

  const gathered = gatherCalls<RunPoints, boolean>(
    async (batch) => {
      const active = await insert(gatherSeries(batch));
      return batch.map(({ runId }) => active.has(runId));
    },
    { lanes, most: pointsPerStatement, weightOf: ({ metrics }) => metrics.length },
  );
  return {
    write: async (runId, metrics) =>
      metrics.length === 0 || await gathered.call({ runId, metrics }),
    drain: gathered.drain,
  };
}
