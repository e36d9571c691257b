import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import {
  applyRiskLimits,
  clusterOrder,
  hierarchicalRiskParityWeights,
  maximumSharpeWeights,
  meanVarianceWeights,
  minimumVarianceWeights,
  optimisedStrategy,
  sampleCovariance,
  shrunkCovariance,
} from "./mod.ts";
import { backtest } from "../backtester/mod.ts";
import { randomBars } from "../backtester/testdata/make_bars.ts";
import { mean } from "../math/mod.ts";

const peer = JSON.parse(
  readFileSync(new URL("./testdata/portfolio_fixtures.json", import.meta.url), "utf8"),
) as {
  returns: number[][];
  shrunk: number[][];
  shrinkage: number;
  order: number[];
} & Record<string, number[]>;
const assets = peer.returns[0].map((_, k) => Float64Array.from(peer.returns, (row) => row[k]));
const covariance = sampleCovariance(assets);
const expected = Float64Array.from(assets, (r) => mean(r));

function near(actual: ArrayLike<number>, wanted: number[], tolerance: number): void {
  assert.equal(actual.length, wanted.length);
  wanted.forEach((w, i) =>
    assert.ok(Math.abs(actual[i] - w) < tolerance, `${i}: ${actual[i]}, ${w}`)
  );
}

Deno.test("shrunkCovariance() equals scikit-learn's LedoitWolf to 1e-12", () => {
  const { covariance: shrunk, shrinkage } = shrunkCovariance(assets);
  near(shrunk, peer.shrunk.flat(), 1e-12);
  near([shrinkage], [peer.shrinkage], 1e-12);
});

Deno.test("optimal weights equal scipy's SLSQP to its accuracy", () => {
  near(minimumVarianceWeights(covariance), peer.minimumVariance, 1e-5);
  near(
    minimumVarianceWeights(covariance, { maxWeight: 0.3 }),
    peer.minimumVarianceCapped,
    1e-5,
  );
  near(meanVarianceWeights(covariance, expected, 4), peer.meanVariance, 1e-5);
  near(maximumSharpeWeights(covariance, expected), peer.maximumSharpe, 1e-4);
});

Deno.test("optimal weights satisfy the conditions of optimality", () => {
  const w = minimumVarianceWeights(covariance);
  assert.ok(Math.abs(w.reduce((s, v) => s + v, 0) - 1) < 1e-12);
  // Held assets share one marginal risk, the others have more.
  const marginal = w.map((_, i) => w.reduce((s, v, j) => s + covariance[i * w.length + j] * v, 0));
  const held = marginal.filter((_, i) => w[i] > 1e-9);
  const level = mean(held);
  for (const m of held) assert.ok(Math.abs(m / level - 1) < 1e-9);
  marginal.forEach((m, i) => assert.ok(w[i] > 1e-9 || m >= level * (1 - 1e-9)));
});

Deno.test("hierarchical risk parity equals the paper's algorithm on scipy's linkage", () => {
  const n = assets.length;
  const sd = assets.map((_, i) => Math.sqrt(covariance[i * n + i]));
  const distance = covariance.map((c, k) =>
    Math.sqrt(Math.max(0, (1 - c / (sd[Math.floor(k / n)] * sd[k % n])) / 2))
  );
  assert.deepEqual(clusterOrder(distance), peer.order);
  near(hierarchicalRiskParityWeights(covariance), peer.hierarchical, 1e-12);
});

Deno.test("applyRiskLimits() caps weights, gross, net and turnover, and brakes in a drawdown", () => {
  const limited = applyRiskLimits({ A: 0.9, B: -0.5, C: 0.1 }, { maxWeight: 0.6, maxGross: 1 });
  near(Object.values(limited.weights), [0.5, -0.5 / 1.2, 0.1 / 1.2], 1e-12);
  assert.deepEqual(limited.applied, ["maxWeight", "maxGross"]);
  const slow = applyRiskLimits({ A: 1 }, { maxTurnover: 0.5 }, { weights: { B: 1 } });
  near([slow.weights.A, slow.weights.B], [0.25, 0.75], 1e-12);
  const brake = { drawdownBrake: { from: 0.1, flat: 0.3 } };
  assert.equal(applyRiskLimits({ A: 1 }, brake, { drawdown: -0.05 }).weights.A, 1);
  near([applyRiskLimits({ A: 1 }, brake, { drawdown: -0.2 }).weights.A], [0.5], 1e-12);
  assert.equal(applyRiskLimits({ A: 1 }, brake, { drawdown: -0.4 }).weights.A, 0);
  assert.throws(() => applyRiskLimits({ A: NaN }, {}), /weight of A must be a number, got NaN/);
});

Deno.test("optimisedStrategy() rebalances many symbols on one account within its limits", () => {
  const bars = Object.fromEntries(
    ["A", "B", "C"].map((s, k) => [s, randomBars(200, k + 1, { volatility: 0.005 * (k + 1) })]),
  );
  const strategy = optimisedStrategy(
    (returns) => minimumVarianceWeights(shrunkCovariance(returns).covariance),
    { everyBars: 20, lookbackBars: 60, limits: { maxWeight: 0.7 } },
  );
  const result = backtest(bars, strategy, { fees: 0.001 });
  assert.equal(result.position[60], 0);
  const [first] = result.fills;
  assert.equal(first.bar, 61);
  const bought = result.fills.filter((f) => f.bar === 61);
  assert.deepEqual(bought.map((f) => f.symbol).sort(), ["A", "B", "C"]);
  const value = (s: string) =>
    bought.filter((f) => f.symbol === s).reduce((v, f) => v + f.units * f.price, 0);
  const share = value("A") / 10_000; // the calmest is the largest, at its limit at most
  assert.ok(share > 0.5 && share < 0.71 && share > 2 * value("B") / 10_000, `${share}`);
  assert.ok(result.metrics.exposure > 0.6);
});
