import assert from "node:assert/strict";
import { createLatencyWindow } from "./latency.ts";

Deno.test("percentiles of an empty window are NaN, its count is 0", () => {
  const { count, p50, p99 } = createLatencyWindow().summary();
  assert.equal(count, 0);
  assert.ok(Number.isNaN(p50) && Number.isNaN(p99));
});

Deno.test("percentiles are nearest ranks over the window", () => {
  const window = createLatencyWindow();
  for (let ms = 100; ms >= 1; ms--) window.record(ms);
  assert.deepEqual(window.summary(), { count: 100, p50: 50, p90: 90, p99: 99, max: 100 });
});

Deno.test("the window forgets the oldest requests, the count does not", () => {
  const window = createLatencyWindow(4);
  for (const ms of [900, 1, 2, 3, 4]) window.record(ms);
  assert.deepEqual([...window.recent()], [1, 2, 3, 4]);
  assert.deepEqual(window.summary(), { count: 5, p50: 2, p90: 4, p99: 4, max: 4 });
});
