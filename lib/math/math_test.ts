import assert from "node:assert/strict";
import { createRng } from "./rng.ts";
import { erfc, normalCdf, normalQuantile } from "./normal.ts";
import { correlation, kurtosis, mean, quantile, skewness, standardDeviation } from "./stats.ts";

const near = (actual: number, expected: number, tolerance = 1e-13) =>
  assert.ok(
    Math.abs(actual - expected) <= tolerance * Math.max(1, Math.abs(expected)),
    `${actual} is not within ${tolerance} of ${expected}`,
  );

Deno.test("normalCdf() and erfc() equal scipy's printed values", () => {
  // scipy.stats.norm.cdf and scipy.special.erfc, 17 digits
  near(normalCdf(1), 0.84134474606854293);
  near(normalCdf(-3), 0.0013498980316300933);
  near(normalCdf(-10) / 7.6198530241604696e-24, 1, 1e-11);
  near(erfc(0.3), 0.67137324054087258);
  near(erfc(5) / 1.5374597944280347e-12, 1, 1e-12);
});

Deno.test("normalQuantile() inverts normalCdf() and takes the ends", () => {
  for (let x = -7; x <= 7; x += 0.25) near(normalQuantile(normalCdf(x)), x, x > 5 ? 1e-5 : 1e-10);
  near(normalQuantile(0.975), 1.959963984540054);
  assert.equal(normalQuantile(0), -Infinity);
  assert.equal(normalQuantile(1), Infinity);
  assert.throws(() => normalQuantile(1.1), RangeError);
});

Deno.test("moments equal numpy's and scipy's on a small column", () => {
  const x = [1, 2, 4, 8, 16.5];
  near(mean(x), 6.3);
  near(standardDeviation(x), 6.300793600809345);
  near(skewness(x), 0.9224931669965298);
  near(kurtosis(x), 2.3776374604242143);
  near(quantile(x, 0.05), 1.2);
  near(correlation(x, [1, 2, 3, 4, 5]), 0.9284883844727169);
});

Deno.test("createRng() repeats by seed, splits by label and goes on from a stored state", () => {
  const a = createRng(7), b = createRng(7);
  for (let i = 0; i < 100; i++) assert.equal(a.normal(), b.normal());
  assert.notEqual(createRng(7).split("a").uniform(), createRng(7).split("b").uniform());
  assert.equal(createRng(7).split("a").uniform(), createRng(7).split("a").uniform());
  a.normal();
  const state = a.state();
  const rest = [a.normal(), a.uniform(), a.integer(10)];
  const c = createRng(0);
  c.restore(state);
  assert.deepEqual([c.normal(), c.uniform(), c.integer(10)], rest);
  assert.throws(() => createRng(-1), RangeError);
});

Deno.test("createRng() has the moments of its distributions over 200,000 draws", () => {
  const rng = createRng(11);
  const u = rng.fillUniform(new Float64Array(200_000));
  const z = rng.fillNormal(new Float64Array(200_000));
  near(mean(u), 0.5, 3e-3);
  near(standardDeviation(u), Math.sqrt(1 / 12), 3e-3);
  near(mean(z), 0, 1e-2);
  near(standardDeviation(z), 1, 1e-2);
  near(kurtosis(z), 3, 5e-2);
  const counts = new Float64Array(6);
  for (let i = 0; i < 60_000; i++) counts[rng.integer(6)]++;
  for (const c of counts) near(c, 10_000, 0.05);
});
