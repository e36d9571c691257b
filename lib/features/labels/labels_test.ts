import assert from "node:assert/strict";
import { makeBars, sampleBars, sliceBars } from "../../data/mod.ts";
import { ewmVolatility } from "./ewm_volatility.ts";
import { labelConcurrency, sampleUniqueness } from "./sample_uniqueness.ts";
import { trendScanningLabels } from "./trend_scanning.ts";
import { tripleBarrierLabels } from "./triple_barrier.ts";
import fixture from "../testdata/labels.json" with { type: "json" };

const sample = sliceBars(await sampleBars(), fixture.from, fixture.from + fixture.length);
const barsOf = (close: number[], high = close, low = close) =>
  makeBars({ time: close.map((_, i) => i), open: close, high, low, close });

Deno.test("ewmVolatility() equals pandas' ewm(span=100).std() within 1e-9", () => {
  const volatility = ewmVolatility(sample.close, 100);
  for (const [row, value] of fixture.volatility) {
    assert.ok(Math.abs(volatility[row] / value - 1) < 1e-9, `${row}: ${volatility[row]}`);
  }
});

Deno.test("tripleBarrierLabels() equals the definition, row by row, on the sample", () => {
  const labels = tripleBarrierLabels(sample, { profitTarget: 2, stopLoss: 1, horizonBars: 10 });
  fixture.barriers.forEach((expected, t) => {
    if (expected === null) {
      assert.ok(Number.isNaN(labels.values[t]), `${t}`);
      assert.equal(labels.spanEnd[t], t);
    } else assert.deepEqual([labels.values[t], labels.spanEnd[t]], expected, `${t}`);
  });
});

Deno.test("tripleBarrierLabels() looks at high and low when asked, the loss first", () => {
  const close = [100, 100, 100, 100];
  const bars = barsOf(close, [100, 103, 100, 100], [100, 97, 100, 100]);
  const options = { horizonBars: 2, volatility: new Float64Array(4).fill(0.02) };
  assert.equal(tripleBarrierLabels(bars, options).values[0], 0);
  const ranged = tripleBarrierLabels(bars, { ...options, touch: "range" });
  assert.deepEqual([ranged.values[0], ranged.returns[0], ranged.spanEnd[0]], [-1, -0.02, 1]);
  const up = tripleBarrierLabels(bars, { ...options, touch: "range", stopLoss: null });
  assert.deepEqual([up.values[0], up.returns[0]], [1, 0.02]);
});

Deno.test("meta-labels say whether the primary side made money", () => {
  const bars = barsOf([100, 101, 99, 104, 104]);
  const labels = tripleBarrierLabels(bars, {
    horizonBars: 1,
    volatility: new Float64Array(5).fill(0.01),
    sides: [-1, -1, 1, 0, 1],
  });
  assert.deepEqual([...labels.values], [0, 1, 1, NaN, NaN]);
  assert.equal(labels.kind, "metaLabel");
  assert.ok(Math.abs(labels.returns[1] - 2 / 101) < 1e-15);
});

Deno.test("tripleBarrierLabels() takes the sign at the horizon when asked and refuses bad options", () => {
  const bars = barsOf([100, 100.1, 100.2, 100.3]);
  const volatility = new Float64Array(4).fill(1);
  const labels = tripleBarrierLabels(bars, { horizonBars: 2, volatility, atHorizon: "sign" });
  assert.deepEqual([...labels.values], [1, 1, NaN, NaN]);
  assert.throws(() => tripleBarrierLabels(bars, { horizonBars: 0 }), /horizonBars must be .*got 0/);
  assert.throws(
    () => tripleBarrierLabels(bars, { horizonBars: 1, stopLoss: -1 }),
    /stopLoss must be positive or null, got -1/,
  );
  assert.throws(
    () => tripleBarrierLabels(bars, { horizonBars: 1, sides: [1] }),
    /sides must be one value for each of 4 bars, got 1/,
  );
});

Deno.test("trendScanningLabels() equals statsmodels' t values within 1e-9", () => {
  const labels = trendScanningLabels(sample, { minBars: 5, maxBars: 20 });
  for (const [row, tValue, end] of fixture.trend) {
    assert.ok(Math.abs(labels.tValues[row!] / tValue! - 1) < 1e-9, `${row}`);
    assert.equal(labels.spanEnd[row!], end);
    assert.equal(labels.values[row!], Math.sign(tValue!));
  }
  assert.ok(Number.isNaN(labels.values[sample.length - 20]));
  const line = trendScanningLabels(barsOf([1, 2, 3, 4, 5, 6, 7, 8]), { minBars: 2, maxBars: 3 });
  assert.deepEqual([line.values[0], line.tValues[0]], [1, Infinity]);
  const flat = trendScanningLabels(barsOf(new Array(8).fill(3)), { minBars: 2, maxBars: 3 });
  assert.equal(flat.values[0], 0);
  assert.throws(() => trendScanningLabels(sample, { minBars: 9, maxBars: 3 }), /got 9 and 3/);
});

Deno.test("sampleUniqueness() is the mean share of each label in its bars, by hand", () => {
  // Spans [0, 2], [1, 2], none, [3, 3].
  const labels = {
    values: Float64Array.of(1, 1, NaN, 1),
    spanEnd: Int32Array.of(2, 2, 2, 3),
    kind: "test",
  };
  assert.deepEqual([...labelConcurrency(labels)], [1, 2, 2, 1]);
  const weights = sampleUniqueness(labels);
  assert.deepEqual([weights[1], weights[2], weights[3]], [0.5, NaN, 1]);
  assert.ok(Math.abs(weights[0] - 2 / 3) < 1e-15);
  const attributed = sampleUniqueness(labels, { close: Float64Array.of(100, 101, 102, 110) });
  assert.ok(Math.abs(attributed[0] + attributed[1] + attributed[3] - 3) < 1e-12);
  assert.ok(attributed[3] > attributed[0]);
});
