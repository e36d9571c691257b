import assert from "node:assert/strict";
import { compareMetrics, compareParams, dimensions, runLabels } from "./comparison.ts";
import { bestIndex, metricDirection } from "./metric_direction.ts";
import type { RunRecord } from "./run_record.ts";

const run = (id: string, params: Record<string, string>, metrics: Record<string, number>) =>
  ({ id, name: "mlp", params, metrics }) as unknown as RunRecord;

const runs = [
  run("aaaaaaa", { lr: "0.001", kind: "mlp", units: "32" }, {
    sharpe: 1,
    max_drawdown: -0.3,
    loss: 2,
  }),
  run("bbbbbbb", { lr: "1e-3", kind: "mlp", units: "64" }, {
    sharpe: 2,
    max_drawdown: -0.1,
    loss: 1,
  }),
];

Deno.test("params differ by value, not by spelling", () => {
  const lines = Object.fromEntries(compareParams(runs).map((line) => [line.key, line.differs]));
  assert.deepEqual(lines, { kind: false, lr: false, units: true });
});

Deno.test("the best value goes by the direction of the metric", () => {
  const best = Object.fromEntries(compareMetrics(runs).map((line) => [line.key, line.best]));
  assert.deepEqual(best, { sharpe: 1, max_drawdown: 1, loss: 1 });
  assert.equal(metricDirection("validation/loss"), -1);
  assert.equal(metricDirection("max_drawdown"), 1);
  assert.equal(metricDirection("max_drawdown_bars"), -1);
  assert.equal(metricDirection("average_drawdown_bars"), -1);
  assert.equal(metricDirection("glossary_hits"), 0);
  assert.equal(metricDirection("kurtosis"), 0);
});

Deno.test("there is no best among equal, missing or undefined values", () => {
  assert.equal(bestIndex("sharpe", [1, 1]), null);
  assert.equal(bestIndex("sharpe", [NaN, null]), null);
  assert.equal(bestIndex("sharpe", [null, 3]), null);
  assert.equal(bestIndex("sharpe", [NaN, 3, 2]), 1);
});

Deno.test("runs of one name are told apart by their ids", () => {
  assert.deepEqual(runLabels(runs), ["mlp · aaaaaa", "mlp · bbbbbb"]);
  assert.deepEqual(runLabels([runs[0]]), ["mlp"]);
});

Deno.test("dimensions are params that differ and metrics with values", () => {
  assert.deepEqual(dimensions(runs).map((d) => d.key), ["units", "sharpe", "max_drawdown", "loss"]);
});
