/**
 * What the server knows of itself: Prometheus counters and exact percentiles of recent latencies.
 *
 * ```ts
 * import assert from "node:assert/strict";
 * import { createLatencyWindow } from "./mod.ts";
 *
 * const latency = createLatencyWindow();
 * for (const ms of [1, 2, 3, 40]) latency.record(ms);
 * assert.equal(latency.summary().p50, 2);
 * ```
 * @module
 */
export { createLatencyWindow, type LatencySummary, type LatencyWindow } from "./latency.ts";
export { createMetrics, type ServerMetrics } from "./metrics.ts";
