/** The serving routes over models in memory, for tests. @module */
import { Hono } from "hono";
import type { AppEnv } from "../../env.ts";
import { createLogger } from "../../log.ts";
import { createMetrics } from "../../monitoring/metrics.ts";
import { servingInvocationRoutes } from "../../routes/serving_invocations.ts";
import { servingMetricsRoutes } from "../../routes/serving_metrics.ts";
import { servingV2Routes } from "../../routes/serving_v2.ts";
import { deploymentRoutes } from "../../routes/v1/deployments.ts";
import { createEventHub } from "../../services/events.ts";
import type { Services } from "../../services/mod.ts";
import { createPredictionLog } from "../prediction_log.ts";
import { createServing } from "../serving.ts";
import { createMemorySource, fixture } from "./memory_source.ts";

const f32 = (name: string, shape: number[]) => ({ name, datatype: "FP32", shape });

/** `tapebook.json` of the fixture `signal_v1`. */
export const signalFile = JSON.stringify({
  signature: { inputs: [f32("features", [-1, 4])], outputs: [f32("signal", [-1, 1])] },
  metadata: { featureNames: ["r1", "r5", "volatility", "rsi"] },
  inputExample: { features: [[1, 2, 3, 4]] },
});

/**
 * Models: `signal` (versions 1 and 2, champion 1), `mixed`, `columns` (champions), `broken` (its
 * graph is no ONNX), `bare` (no graph at all), `empty` (no champion).
 */
export function createServingApp(options: { logDir?: string } = {}) {
  const source = createMemorySource();
  source.add("signal", "1", { "model.onnx": fixture("signal_v1"), "tapebook.json": signalFile });
  source.add("signal", "2", { "model.onnx": fixture("signal_v2"), "tapebook.json": signalFile });
  source.add("mixed", "1", { "model.onnx": fixture("mixed") });
  source.add("columns", "1", { "model.onnx": fixture("columns") });
  source.add("broken", "1", { "model.onnx": "not a graph" });
  source.add("bare", "1", {});
  source.add("empty", "1", { "model.onnx": fixture("columns") });
  for (const name of ["signal", "mixed", "columns", "broken", "bare"]) {
    source.setAlias(name, "champion", "1");
  }

  const events = createEventHub();
  const clock = { now: () => Date.now() };
  const metrics = createMetrics();
  const errors: unknown[] = [];
  const serving = createServing({
    source,
    metrics,
    clock,
    events,
    log: createPredictionLog({
      dir: options.logDir ?? null,
      clock,
      onError: (error) => errors.push(error),
    }),
  });
  const services = {
    config: { maxBodyBytes: 1 << 20 },
    log: createLogger("silent"),
    events,
    clock,
    metrics,
    serving,
    promotions: {
      aliasHistory: (model: string) =>
        Promise.resolve([{ model, alias: "champion", version: "1", changedAt: 1_700_000_000_000 }]),
    },
  } as unknown as Services;
  const app = new Hono<AppEnv>()
    .use(async (c, next) => {
      c.set("services", services);
      c.set("requestId", "request-1");
      c.set("caller", { name: "tester", scopes: [] });
      await next();
    })
    .route("/v2", servingV2Routes)
    .route("/serving", servingInvocationRoutes)
    .route("/api/tapebook/v1/deployments", deploymentRoutes)
    .route("/", servingMetricsRoutes);
  return { app, serving, source, events, errors };
}

/** A POST of JSON. */
export const post = (body: unknown, headers: Record<string, string> = {}): RequestInit => ({
  method: "POST",
  headers: { "Content-Type": "application/json", ...headers },
  body: JSON.stringify(body),
});
