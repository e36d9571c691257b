import assert from "node:assert/strict";
import { makeBars } from "../../data/mod.ts";
import { fixedHorizonLabels } from "./fixed_horizon.ts";

const close = [100, 110, 99, 99, 108.9];
const bars = makeBars({ time: [1, 2, 3, 4, 5], open: close, high: close, low: close, close });

const near = (actual: Float64Array, expected: number[]) => {
  assert.equal(actual.length, expected.length);
  expected.forEach((v, i) =>
    assert.ok(Number.isNaN(v) ? Number.isNaN(actual[i]) : Math.abs(actual[i] - v) < 1e-14, `${i}`)
  );
};

Deno.test("fixedHorizonLabels() gives forward returns and where they end", () => {
  const labels = fixedHorizonLabels(bars, { horizonBars: 1 });
  near(labels.values, [0.1, -0.1, 0, 0.1, NaN]);
  assert.deepEqual([...labels.spanEnd], [1, 2, 3, 4, 4]);
  assert.equal(labels.kind, "fixedHorizon");
  near(fixedHorizonLabels(bars, { horizonBars: 3 }).values, [-0.01, -0.01, NaN, NaN, NaN]);
  near(fixedHorizonLabels(bars, { horizonBars: 1, returns: "log" }).values.subarray(0, 1), [
    Math.log(1.1),
  ]);
});

Deno.test("fixedHorizonLabels() may start at a later close and give classes", () => {
  const later = fixedHorizonLabels(bars, { horizonBars: 1, entryLagBars: 1 });
  near(later.values, [-0.1, 0, 0.1, NaN, NaN]);
  assert.deepEqual([...later.spanEnd], [2, 3, 4, 3, 4]);
  const classes = fixedHorizonLabels(bars, { horizonBars: 1, thresholds: 0.05 });
  near(classes.values, [1, -1, 0, 1, NaN]);
  near(fixedHorizonLabels(bars, { horizonBars: 1, thresholds: [-0.2, 0] }).values, [
    1,
    0,
    0,
    1,
    NaN,
  ]);
});

Deno.test("fixedHorizonLabels() refuses a horizon that looks nowhere and thresholds that cross", () => {
  assert.throws(() => fixedHorizonLabels(bars, { horizonBars: 0 }), /horizonBars must be .* got 0/);
  assert.throws(
    () => fixedHorizonLabels(bars, { horizonBars: 1, entryLagBars: -1 }),
    /entryLagBars must be .* got -1/,
  );
  assert.throws(
    () => fixedHorizonLabels(bars, { horizonBars: 1, thresholds: [0.1, -0.1] }),
    /thresholds must ascend, got \[0.1,-0.1\]/,
  );
});
