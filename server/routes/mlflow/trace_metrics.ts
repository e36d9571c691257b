/** `/mlflow/traces/metrics` of MLflow 3. @module */
import { Hono } from "hono";
import { aggregationNames } from "../../db/trace_metrics.ts";
import type { AppEnv } from "../../env.ts";
import { answer } from "./_answer.ts";
import { optional, readRequest, required, t } from "./_request.ts";

const views = ["TRACES", "SPANS", "ASSESSMENTS"] as const;
const aggregation = t.message({
  aggregation_type: t.oneOf(aggregationNames, 1),
  percentile_value: t.double,
});

export const traceMetricRoutes = new Hono<AppEnv>();

traceMetricRoutes.post("/metrics", async (c) => {
  const request = await readRequest(c, {
    experiment_ids: required(t.list(t.text)),
    view_type: required(t.oneOf(views, 1)),
    metric_name: required(t.text),
    aggregations: required(t.list(aggregation)),
    dimensions: optional(t.list(t.text)),
    filters: optional(t.list(t.text)),
    time_interval_seconds: optional(t.int),
    start_time_ms: optional(t.int),
    end_time_ms: optional(t.int),
    max_results: optional(t.int),
    page_token: optional(t.text),
  });
  const data_points = await c.get("services").traceMetrics.query({
    experimentIds: request.experiment_ids,
    view: request.view_type,
    metric: request.metric_name,
    aggregations: request.aggregations.map((a) => ({
      type: a.aggregation_type ?? "COUNT",
      percentile: a.percentile_value,
    })),
    dimensions: request.dimensions,
    filters: request.filters,
    bucketSeconds: request.time_interval_seconds || undefined,
    start: request.start_time_ms,
    end: request.end_time_ms,
    maxResults: request.max_results,
  });
  return answer(c, { data_points });
});
