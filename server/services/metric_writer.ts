/**
 * Writes metric points of many callers together: while one statement runs, what arrives meanwhile
 * is gathered for the next. Each caller is answered when its own points are committed.
 * @module
 */
import type { Database } from "../db/database.ts";
import { isTaken } from "../db/faults.ts";
import { insertPoints, type SeriesPoints } from "../db/metrics.ts";
import type { Metric } from "../../lib/contracts/mlflow/mod.ts";

/** Points of one statement, at most; more wait for the next one. */
const pointsPerStatement = 20_000;

/** Milliseconds after a point that came twice in which more of them are expected. */
const carefulMs = 10_000;

interface Waiting {
  runId: string;
  metrics: readonly Metric[];
  resolve(written: boolean): void;
  reject(error: unknown): void;
}

export interface MetricWriter {
  /** True once the points are committed, false when the run is not there or not active. */
  write(runId: string, metrics: readonly Metric[]): Promise<boolean>;
  /** Resolves when nothing waits any more. */
  drain(): Promise<void>;
}

/** Gathers points by (run, key). */
export function gatherSeries(
  batches: readonly { runId: string; metrics: readonly Metric[] }[],
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
  let queue: Waiting[] = [];
  let running = 0;
  let carefulUntil = 0;
  const idle: (() => void)[] = [];

  /** Looks for points that are there already only while such were sent a moment ago. */
  async function insert(batch: readonly Waiting[]): Promise<Set<string>> {
    const series = gatherSeries(batch);
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

  async function flush(): Promise<void> {
    running++;
    while (queue.length) {
      let points = 0;
      let take = 0;
      // A run stays in one lane, so that its points do not wait for each other's row locks.
      while (take < queue.length && (take === 0 || points < pointsPerStatement)) {
        points += queue[take++].metrics.length;
      }
      const batch = queue.slice(0, take);
      queue = queue.slice(take);
      try {
        const active = await insert(batch);
        for (const { runId, resolve } of batch) resolve(active.has(runId));
      } catch (error) {
        if (batch.length === 1) batch[0].reject(error);
        else await Promise.all(batch.map(alone));
      }
    }
    running--;
    if (running === 0) idle.splice(0).forEach((done) => done());
  }

  /** One caller's fault must not fail the others: each is tried by itself. */
  async function alone(one: Waiting): Promise<void> {
    try {
      one.resolve((await insert([one])).has(one.runId));
    } catch (error) {
      one.reject(error);
    }
  }

  return {
    write(runId, metrics) {
      if (metrics.length === 0) return Promise.resolve(true);
      return new Promise((resolve, reject) => {
        queue.push({ runId, metrics, resolve, reject });
        if (running < lanes) queueMicrotask(() => running < lanes && queue.length && flush());
      });
    },
    drain() {
      if (running === 0 && queue.length === 0) return Promise.resolve();
      return new Promise((resolve) => idle.push(resolve));
    },
  };
}
