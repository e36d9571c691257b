/** Reads of metrics' points: whole, in pages, of many runs, thinned out. @module */
import type { Database } from "../db/database.ts";
import {
  type PointRow,
  readPoints,
  readPointsJson,
  readPointsOfRuns,
  samplePoints,
  thinPoints,
} from "../db/metrics.ts";
import { invalid } from "../errors.ts";
import type { TrackingService } from "./tracking.ts";

type Methods = Pick<
  TrackingService,
  | "getMetricHistory"
  | "getMetricHistoryJson"
  | "getMetricHistories"
  | "sampleMetricHistories"
  | "sampleMetric"
>;

function encodePoint(point: PointRow): string {
  return btoa(JSON.stringify([point.timestamp, point.step, String(point.value)]));
}

function decodePoint(token: string): PointRow {
  try {
    const [timestamp, step, value] = JSON.parse(atob(token));
    if (Number.isFinite(timestamp) && Number.isFinite(step)) {
      return { timestamp, step, value: Number(value) };
    }
  } catch { /* told below */ }
  throw invalid("Invalid page token, could not base64-decode");
}

/** The tracking service's part that reads points. */
export function createMetricHistory(db: Database): Methods {
  return {
    async getMetricHistory(runId, key, options = {}) {
      const { maxResults, pageToken } = options;
      const points = await readPoints(db, runId, key, {
        limit: maxResults === undefined ? undefined : maxResults + 1,
        after: pageToken ? decodePoint(pageToken) : undefined,
      });
      const more = maxResults !== undefined && points.length > maxResults;
      if (more) points.length = maxResults;
      return {
        items: points.map((p) => ({ key, value: p.value, timestamp: p.timestamp, step: p.step })),
        nextPageToken: more ? encodePoint(points.at(-1)!) : undefined,
      };
    },

    async getMetricHistoryJson(runId, key, options = {}) {
      const { maxResults, pageToken } = options;
      const { json, count, last } = await readPointsJson(db, runId, key, {
        limit: maxResults,
        after: pageToken ? decodePoint(pageToken) : undefined,
      });
      // A full page may be the last one; then the next is asked for a single point.
      const more = maxResults !== undefined && count === maxResults && last !== undefined &&
        (await readPoints(db, runId, key, { limit: 1, after: last })).length > 0;
      return { json, count, nextPageToken: more ? encodePoint(last) : undefined };
    },

    async getMetricHistories(runIds, key, limit) {
      return await readPointsOfRuns(db, runIds, key, limit);
    },

    async sampleMetricHistories(runIds, key, { perRun, steps }) {
      const all = [];
      for (const runId of runIds) {
        for (const point of await thinPoints(db, runId, key, perRun, steps)) {
          all.push({ ...point, key, run_id: runId });
        }
      }
      return all;
    },

    async sampleMetric(runId, key, points) {
      return await samplePoints(db, runId, key, points);
    },
  };
}
