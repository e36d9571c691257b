import assert from "node:assert/strict";
import fc from "fast-check";
import { correlation, createRng, kurtosis, quantile, variance } from "../math/mod.ts";
import { logRatio } from "./log_ratio.ts";
import { RollingMax, RollingSum, RollingVariance } from "./rolling.ts";
import { RollingCovariance } from "./rolling_covariance.ts";
import { RollingMoments } from "./rolling_moments.ts";
import { SortedWindow } from "./sorted_window.ts";
import { Wma } from "./wma.ts";

const series = fc.array(fc.double({ min: -1e3, max: 1e3, noNaN: true }), {
  minLength: 1,
  maxLength: 80,
});
const windows = fc.integer({ min: 1, max: 12 });
const near = (actual: number, expected: number, scale: number) =>
  assert.ok(Math.abs(actual - expected) <= 1e-9 * scale, `${actual}, not ${expected}`);

Deno.test("rolling sums, variances, extremes and sorted windows equal the plain computation (property)", () => {
  fc.assert(fc.property(series, windows, (x, window) => {
    const sum = new RollingSum(window);
    const moments = new RollingVariance(window);
    const max = new RollingMax(window);
    const filled = new Float64Array(x.length);
    new RollingMax(window).fill(Float64Array.from(x), 0, x.length, 1, filled);
    const sorted = new SortedWindow(window);
    const wma = new Wma(window);
    x.forEach((value, i) => {
      sum.push(value);
      moments.push(value);
      max.push(value);
      sorted.push(value);
      const weighted = wma.push(value);
      const last = x.slice(Math.max(0, i - window + 1), i + 1);
      assert.equal(sum.filled, last.length === window);
      assert.ok(max.max === Math.max(...last));
      assert.ok(sum.filled ? filled[i] === max.max : Number.isNaN(filled[i]));
      if (!sum.filled) return assert.ok(Number.isNaN(weighted));
      const scale = 1 + last.reduce((a, v) => a + Math.abs(v), 0);
      near(sum.sum, last.reduce((a, b) => a + b, 0), scale);
      near(
        weighted,
        last.reduce((a, v, k) => a + v * (k + 1), 0) / (window * (window + 1) / 2),
        scale,
      );
      if (window > 1) near(moments.m2 / (window - 1), variance(last), scale * scale);
      near(sorted.quantile(0.3), quantile(last, 0.3), scale);
    });
  }));
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
  const pairs = new RollingCovariance(window);
  for (let i = 0; i < x.length; i++) {
    sum.push(x[i]);
    spread.push(x[i]);
    moments.push(x[i]);
    pairs.push(x[i], y[i]);
    if (i % 997 !== 0 || i < window || i >= 60_000 && i < 60_500) continue;
    const last = x.slice(i - window + 1, i + 1);
    const other = y.slice(i - window + 1, i + 1);
    near(sum.sum, last.reduce((a, b) => a + b, 0), sum.sum);
    near(spread.deviation(1) ** 2, variance(last), 1);
    near(pairs.correlation, correlation(last, other), 1);
    const n = window;
    const excess = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * kurtosis(last) - 3 * (n - 1));
    near(moments.kurtosis, excess, 10);
  }
});

Deno.test("equal values have no spread at all", () => {
  const spread = new RollingVariance(5);
  const moments = new RollingMoments(5);
  for (let i = 0; i < 400; i++) {
    const value = i < 20 ? i * 0.1 : 0.1;
    spread.push(value);
    moments.push(value);
    if (i >= 25) assert.equal(spread.m2, 0);
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
