import assert from "node:assert/strict";
import fc from "fast-check";
import { correlation, createRng, kurtosis, mean, quantile, variance } from "../math/mod.ts";
import { logRatio } from "./log_ratio.ts";
import { RollingCovariance } from "./rolling_covariance.ts";
import { RollingExtremeAge } from "./rolling_extreme_age.ts";
import { RollingMax } from "./rolling_max.ts";
import { RollingMoments } from "./rolling_moments.ts";
import { RollingSum } from "./rolling_sum.ts";
import { RollingVariance } from "./rolling_variance.ts";
import { SortedWindow } from "./sorted_window.ts";
import { Wma } from "./wma.ts";

const series = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), {
  minLength: 1,
  maxLength: 80,
});
const windows = fc.integer({ min: 1, max: 12 });
const near = (actual: number, expected: number, scale: number) =>
  assert.ok(Math.abs(actual - expected) <= 1e-9 * scale, `${actual}, not ${expected}`);

type Run = (x: Float64Array, from: number, to: number, outs: Float64Array[]) => void;

/** Runs a node over `x` in pieces of changing length, as blocks and live bars do. */
function inPieces(x: Float64Array, outputs: number, run: Run): Float64Array[] {
  const outs = Array.from({ length: outputs }, () => new Float64Array(x.length));
  for (let from = 0, k = 0; from < x.length; k++) {
    const to = Math.min(x.length, from + 1 + k * 7 % 23);
    run(x, from, to, outs);
    from = to;
  }
  return outs;
}

Deno.test("rolling sums, variances, extremes, averages and sorted windows equal the plain computation (property)", () => {
  fc.assert(fc.property(series, windows, (values, window) => {
    const x = Float64Array.from(values);
    const sum = new RollingSum(window);
    const moments = new RollingVariance(window);
    const max = new RollingMax(window);
    const ages = new RollingExtremeAge(window);
    const wma = new Wma(window);
    const [sums, means, m2, top, age, weighted] = inPieces(x, 6, (x, from, to, outs) => {
      sum.run(x, from, to, outs[0], from);
      moments.run(x, from, to, outs[1], outs[2], from);
      max.run(x, from, to, 1, outs[3], from);
      ages.run(x, from, to, 1, outs[4], from);
      wma.run(x, from, to, outs[5], from);
    });
    const sorted = new SortedWindow(window);
    x.forEach((value, i) => {
      sorted.push(value);
      if (i < window - 1) {
        for (const out of [sums, means, m2, top, age, weighted]) assert.ok(Number.isNaN(out[i]));
        return;
      }
      const last = x.slice(i - window + 1, i + 1);
      assert.ok(top[i] === Math.max(...last));
      assert.ok(age[i] === window - 1 - last.lastIndexOf(top[i]));
      const scale = 1 + last.reduce((a, v) => a + Math.abs(v), 0);
      near(sums[i], last.reduce((a, b) => a + b, 0), scale);
      near(
        weighted[i],
        last.reduce((a, v, k) => a + v * (k + 1), 0) / (window * (window + 1) / 2),
        scale,
      );
      near(means[i], mean(last), scale);
      if (window > 1) near(m2[i] / (window - 1), variance(last), scale * scale);
      near(sorted.quantile(0.3), quantile(last, 0.3), scale);
    });
  }));
});

Deno.test("long windows have their maxima and minima", () => {
  const rng = createRng(4);
  const x = rng.fillNormal(new Float64Array(2000));
  for (const sign of [1, -1] as const) {
    const node = new RollingMax(100);
    const [top] = inPieces(x, 1, (x, from, to, [out]) => node.run(x, from, to, sign, out, from));
    for (let i = 99; i < x.length; i++) {
      const last = x.slice(i - 99, i + 1);
      assert.equal(top[i], sign > 0 ? Math.max(...last) : Math.min(...last));
    }
  }
});

Deno.test("rolling statistics keep their digits over 100,000 values far from zero, also after an outlier", () => {
  const rng = createRng(11);
  const window = 50;
  const x = Float64Array.from({ length: 100_000 }, () => 1e4 + rng.normal());
  x[60_000] = 1e8;
  const y = x.map((v) => v * 0.5 + rng.normal());
  const sum = new RollingSum(window);
  const spread = new RollingVariance(window);
  const moments = new RollingMoments(window);
  const pairs = new RollingCovariance(window, "correlation");
  const [sums, , m2, r] = inPieces(x, 4, (x, from, to, outs) => {
    sum.run(x, from, to, outs[0], from);
    spread.run(x, from, to, outs[1], outs[2], from);
    pairs.run(x, y, from, to, outs[3], from);
  });
  for (let i = 0; i < x.length; i++) {
    moments.push(x[i]);
    if (i % 997 !== 0 || i < window || i >= 60_000 && i < 60_500) continue;
    const last = x.slice(i - window + 1, i + 1);
    const other = y.slice(i - window + 1, i + 1);
    near(sums[i], last.reduce((a, b) => a + b, 0), sums[i]);
    near(m2[i] / (window - 1), variance(last), 1);
    near(r[i], correlation(last, other), 1);
    const n = window;
    const excess = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * kurtosis(last) - 3 * (n - 1));
    near(moments.kurtosis, excess, 10);
  }
});

Deno.test("equal values have no spread at all, zeros no sum", () => {
  const spread = new RollingVariance(5);
  const moments = new RollingMoments(5);
  const sum = new RollingSum(5, true);
  const x = Float64Array.from({ length: 400 }, (_, i) => i < 20 ? i * 0.1 : 0.1);
  const zeros = x.map((v, i) => i < 20 ? v : 0);
  const [, m2, sums] = inPieces(x, 3, (x, from, to, outs) => {
    spread.run(x, from, to, outs[0], outs[1], from);
    sum.run(zeros, from, to, outs[2], from);
  });
  for (let i = 0; i < 400; i++) {
    moments.push(x[i]);
    if (i >= 25) assert.equal(m2[i], 0);
    if (i >= 25) assert.equal(sums[i], 0);
    if (i >= 25) assert.ok(Number.isNaN(moments.skewness));
  }
});

Deno.test("logRatio() equals Math.log within 1e-15 relative and takes any ratio", () => {
  const rng = createRng(3);
  for (let k = 0; k < 20_000; k++) {
    const b = 50 + 100 * rng.uniform();
    const a = b * Math.exp(0.2 * (rng.uniform() - 0.5));
    // log1p of the exact difference is the better reference near 1.
    const expected = Math.log1p((a - b) / b);
    assert.ok(
      Math.abs(logRatio(a, b) - expected) <= 1e-15 * Math.abs(expected) + 1e-17,
      `${a} ${b}`,
    );
  }
  assert.equal(logRatio(8, 1), Math.log(8));
  assert.equal(logRatio(3, 3), 0);
  assert.ok(Number.isNaN(logRatio(NaN, 1)) && Number.isNaN(logRatio(-1, 2)));
  assert.equal(logRatio(0, 1), -Infinity);
});
