/** The server's own numbers for Prometheus. @module */
import client from "prom-client";

export interface ServerMetrics {
  /** Text of the exposition format and its content type. */
  expose(): Promise<{ text: string; contentType: string }>;
  readonly predictions: client.Counter<"model" | "version" | "outcome">;
  readonly predictionSeconds: client.Histogram<"model" | "version">;
  readonly modelsLoaded: client.Gauge;
  readonly modelLoads: client.Counter<"model" | "outcome">;
  readonly requests: client.Histogram<"method" | "status">;
}

const buckets = [0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10];

/** A fresh set of metrics; every app has its own, so that tests do not share counters. */
export function createMetrics(): ServerMetrics {
  const registry = new client.Registry();
  const registers = [registry];
  const startedAt = Date.now();
  new client.Gauge({
    name: "tapebook_uptime_seconds",
    help: "Seconds since the server started",
    registers,
    collect() {
      this.set((Date.now() - startedAt) / 1000);
    },
  });
  new client.Gauge({
    name: "tapebook_resident_memory_bytes",
    help: "Resident memory of the server's process",
    registers,
    collect() {
      this.set(Deno.memoryUsage().rss);
    },
  });
  return {
    async expose() {
      return { text: await registry.metrics(), contentType: registry.contentType };
    },
    predictions: new client.Counter({
      name: "tapebook_predictions_total",
      help: "Scoring requests by model, version and outcome (ok, refused, failed)",
      labelNames: ["model", "version", "outcome"],
      registers,
    }),
    predictionSeconds: new client.Histogram({
      name: "tapebook_prediction_seconds",
      help: "Time to score a request, from parsed tensors to results",
      labelNames: ["model", "version"],
      buckets,
      registers,
    }),
    modelsLoaded: new client.Gauge({
      name: "tapebook_models_loaded",
      help: "Model versions held in memory",
      registers,
    }),
    modelLoads: new client.Counter({
      name: "tapebook_model_loads_total",
      help: "Attempts to load a model version, by outcome",
      labelNames: ["model", "outcome"],
      registers,
    }),
    requests: new client.Histogram({
      name: "tapebook_http_request_seconds",
      help: "Time to answer HTTP requests",
      labelNames: ["method", "status"],
      buckets,
      registers,
    }),
  };
}
