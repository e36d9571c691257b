import assert from "node:assert/strict";
import { createRng } from "../../math/mod.ts";
import { computeMetrics } from "../compute_metrics.ts";
import { drawdowns, underwater } from "./drawdowns.ts";
import { summariseFalls } from "./fall_summary.ts";
import { quantileInPlace } from "./order_statistics.ts";
import { tailsOf } from "./return_tails.ts";

function near(a: number, b: number) {
  assert.ok(Math.abs(a - b) <= 1e-12 * Math.max(1, Math.abs(b)), `${a} is not ${b}`);
}

const noise = (n: number, seed: number) => createRng(seed).fillNormal(new Float64Array(n));

Deno.test("tails of a long column, cut to its ends, are those of the ordered whole", () => {
  const columns: Record<string, Float64Array> = {
    normal: noise(30_000, 1),
    rising: Float64Array.from({ length: 30_000 }, (_, t) => t),
    "mostly zero": noise(30_000, 2).map((x, t) => t % 50 === 0 ? x : 0),
    constant: new Float64Array(25_000).fill(3),
    // The sample sees every seventh value only: its bounds are wrong, and the whole is ordered.
    periodic: Float64Array.from({ length: 4096 * 7 }, (_, t) => t % 7 === 0 ? 1e-3 * t : -t),
  };
  for (const column of Object.values(columns)) {
    const { low, high, tailMean } = tailsOf(column);
    const sorted = column.toSorted();
    const k = Math.floor(0.05 * (column.length - 1));
    near(low, quantileInPlace(Float64Array.from(column), 0.05));
    near(high, quantileInPlace(Float64Array.from(column), 0.95));
    near(tailMean, sorted.subarray(0, k + 1).reduce((a, b) => a + b, 0) / (k + 1));
  }
});

Deno.test("the summary of falls is that of all drawdowns", () => {
  const returns = noise(3000, 5).map((x) => 0.01 * x);
  const equity = new Float64Array(returns.length);
  let value = 1;
  returns.forEach((r, t) => equity[t] = value *= 1 + r);
  const all = drawdowns(returns);
  const depth = underwater(returns);
  const summary = summariseFalls(equity, 1);
  assert.equal(summary.count, all.length);
  assert.equal(summary.bars, all.reduce((sum, d) => sum + d.bars, 0));
  assert.equal(summary.longest, Math.max(...all.map((d) => d.bars)));
  near(summary.deepest, Math.min(...depth));
  near(summary.depths, all.reduce((sum, d) => sum + d.depth, 0));
  near(summary.rootMeanSquare, Math.hypot(...depth) / Math.sqrt(depth.length));
});

Deno.test("a NaN among the returns reaches every metric that looks at all of them", () => {
  const metrics = computeMetrics(Float64Array.of(0.01, NaN, 0.02));
  for (const name of ["total_return", "sharpe", "max_drawdown", "var_95", "omega", "sortino"]) {
    assert.ok(Number.isNaN(metrics[name]), name);
  }
});
