import assert from "node:assert/strict";
import {
  joinBars,
  leaveOneAssetOut,
  monteCarloCosts,
  monteCarloTrades,
  overAssets,
  overTimeframes,
  plateauMap,
  renderPlateau,
} from "./mod.ts";
import { backtest, strategies, sweepSmaCross } from "../backtester/mod.ts";
import { barsOf, randomBars } from "../backtester/testdata/make_bars.ts";

Deno.test("monteCarloTrades(): shuffling keeps the end, drawing with replacement does not", () => {
  const trades = Float64Array.of(0.1, -0.05, 0.2, -0.3, 0.08, 0.02);
  const end = trades.reduce((e, r) => e * (1 + r), 1) - 1;
  const shuffled = monteCarloTrades(trades, { method: "shuffle", samples: 400 });
  assert.ok(Math.abs(shuffled.totalReturn.p5 - end) < 1e-12);
  assert.ok(Math.abs(shuffled.totalReturn.p95 - end) < 1e-12);
  // At worst both losses follow each other, at best nothing but the largest.
  assert.ok(shuffled.maxDrawdown.p5 >= -(1 - 0.95 * 0.7) - 1e-12);
  assert.ok(shuffled.maxDrawdown.p95 <= -0.3 + 1e-12);
  const drawn = monteCarloTrades(trades, { samples: 2000, ruin: 0.3 });
  assert.ok(drawn.totalReturn.p5 < end && drawn.totalReturn.p95 > end);
  // Six draws of six: no -30 % in (5/6)^6 = 33 % of them.
  assert.ok(Math.abs(drawn.probabilityOfRuin - (1 - (5 / 6) ** 6)) < 0.05);
  assert.deepEqual(drawn, monteCarloTrades(trades, { samples: 2000, ruin: 0.3 }));
  assert.throws(() => monteCarloTrades(new Float64Array(0)), /at least one, got 0/);
});

Deno.test("monteCarloCosts() finds the multiple of costs at which the edge is gone", () => {
  const linear = monteCarloCosts((multiple) => 1 - multiple / 3, { samples: 200 });
  assert.ok(Math.abs(linear.breakEvenMultiple - 3) < 1e-5);
  assert.ok(linear.shareAboveZero > 0.95 && linear.shareAboveZero < 1);
  assert.equal(monteCarloCosts(() => -1).breakEvenMultiple, 0);
  const bars = randomBars(300, 3, { drift: 0.002 });
  const run = (multiple: number) =>
    backtest(bars, strategies.smaCross({ fast: 3, slow: 9 }), {
      fees: Math.min(0.5, 0.0005 * multiple),
    })
      .metrics.total_return;
  const simulated = monteCarloCosts(run, { samples: 20 });
  assert.ok(simulated.distribution.p95 >= simulated.distribution.p5);
});

Deno.test("plateauMap() prefers a plateau to a needle", () => {
  const x: number[] = [], y: number[] = [], v: number[] = [];
  for (let i = 0; i < 7; i++) {
    for (let j = 0; j < 7; j++) {
      x.push(10 * i);
      y.push(j);
      const plateau = Math.abs(i - 5) <= 1 && Math.abs(j - 5) <= 1 ? 1 : -0.2;
      v.push(i === 1 && j === 1 ? 3 : plateau);
    }
  }
  const map = plateauMap(x, y, v);
  assert.deepEqual([map.best.x, map.best.y, map.best.value], [10, 1, 3]);
  assert.deepEqual([map.plateau.x, map.plateau.y, map.plateau.smoothed], [50, 5, 1]);
  assert.ok(map.robustness < 0);
  assert.equal(map.values.length, 49);
  assert.ok(Math.abs(map.shareAboveZero - 10 / 49) < 1e-12);
  const holes = plateauMap([1, 2], [1, 2], [0.5, 0.7]); // two of four cells tried
  assert.ok(Number.isNaN(holes.values[1]));
  assert.equal(holes.plateau.value, 0.5);
});

Deno.test("joinBars() keeps first open, extremes, last close and summed volume", () => {
  const bars = barsOf([[9, 9, 9, 9, 9], [1, 5, 1, 2, 10], [2, 3, 0.5, 1, 20], [1, 2, 1, 2, 1], [
    2,
    7,
    2,
    6,
    2,
  ]]);
  const joined = joinBars(bars, 2);
  const row = (g: number) => [
    joined.open[g],
    joined.high[g],
    joined.low[g],
    joined.close[g],
    joined.volume[g],
  ];
  assert.deepEqual([row(0), row(1)], [[1, 5, 0.5, 1, 30], [1, 7, 1, 6, 3]]);
  assert.equal(joined.time[1], bars.time[4]);
});

Deno.test("the same strategy is judged over assets and timeframes", async () => {
  const bars = { A: randomBars(200, 1), B: randomBars(200, 2), C: randomBars(200, 3) };
  const sharpe = (b: typeof bars.A) =>
    backtest(b, strategies.smaCross({ fast: 3, slow: 8 })).metrics.total_return;
  const assets = overAssets(bars, sharpe);
  assert.deepEqual(assets.values.map((v) => v.name), ["A", "B", "C"]);
  assert.equal(assets.worst.value, Math.min(...assets.values.map((v) => v.value)));
  const frames = overTimeframes(bars.A, [1, 2, 5], sharpe);
  assert.deepEqual(frames.values.map((v) => v.name), ["x1", "x2", "x5"]);
  assert.equal(frames.values[0].value, assets.values[0].value);
  const seen: string[] = [];
  await leaveOneAssetOut(bars, (others) => Object.keys(others).join(""), (fitted, _, symbol) => {
    seen.push(`${symbol}<-${fitted}`);
    return 0;
  });
  assert.deepEqual(seen, ["A<-BC", "B<-AC", "C<-AB"]);
});

Deno.test("renderPlateau() draws a sweep's cells, the best one and the plateau", async () => {
  const bars = randomBars(600, 4, { drift: 0.0003 });
  const fast: number[] = [], slow: number[] = [];
  for (let f = 3; f <= 12; f += 3) for (let s = 20; s <= 60; s += 10) fast.push(f), slow.push(s);
  const { metrics } = await sweepSmaCross(bars, { fast, slow }, { workers: 0, fees: 0.0005 });
  const map = plateauMap(fast, slow, metrics.sharpe);
  const svg = await renderPlateau(map, { x: "fast", y: "slow", value: "Sharpe" });
  assert.match(svg, /^<svg[^>]* viewBox=/);
  assert.equal((svg.match(/<rect/g) ?? []).length, 20 + 2);
  assert.equal((svg.match(/stroke-dasharray/g) ?? []).length, 1);
  assert.doesNotMatch(svg, /NaN|undefined/);
});
