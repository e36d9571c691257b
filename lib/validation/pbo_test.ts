import assert from "node:assert/strict";
import { pbo } from "./pbo.ts";
import { createRng, mean, standardDeviation } from "../math/mod.ts";
import { combinations } from "./combinatorial_purged.ts";

const noise = (seed: number, n: number) => createRng(seed).fillNormal(new Float64Array(n));

Deno.test("pbo() equals the definition written out", () => {
  const returns = Array.from({ length: 7 }, (_, k) => noise(k + 1, 96));
  const blocks = 6;
  const size = 16;
  const cut = (x: Float64Array, chosen: number[]) =>
    Float64Array.from(chosen.flatMap((b) => [...x.subarray(b * size, (b + 1) * size)]));
  const sharpe = (x: Float64Array) => mean(x) / standardDeviation(x);
  const logits = combinations(blocks, blocks / 2).map((inside) => {
    const outside = [0, 1, 2, 3, 4, 5].filter((b) => !inside.includes(b));
    const is = returns.map((x) => sharpe(cut(x, inside)));
    const oos = returns.map((x) => sharpe(cut(x, outside)));
    const winner = is.indexOf(Math.max(...is));
    const rank = oos.filter((v) => v <= oos[winner]).length;
    const w = rank / (returns.length + 1);
    return Math.log(w / (1 - w));
  });
  const result = pbo(returns, { blocks });
  assert.equal(result.splits, 20);
  logits.forEach((l, i) => assert.ok(Math.abs(l - result.logits[i]) < 1e-9));
  assert.equal(result.pbo, logits.filter((l) => l <= 0).length / 20);
});

Deno.test("pbo() is about a half for noise, near 0 for one real edge, near 1 when gains reverse", () => {
  const n = 512;
  const flat = Array.from({ length: 40 }, (_, k) => noise(100 + k, n));
  const average = (runs: number, make: (seed: number) => Float64Array[]) =>
    mean(Array.from({ length: runs }, (_, i) => pbo(make(i), { blocks: 8 }).pbo));
  const luck = average(30, (i) => flat.map((_, k) => noise(1000 * (i + 1) + k, n)));
  assert.ok(luck > 0.35 && luck < 0.65, `noise: ${luck}`);
  const edge = flat.map((x, k) => k === 3 ? x.map((v) => v + 0.4) : x);
  assert.ok(pbo(edge, { blocks: 8 }).pbo < 0.02);
  // What each configuration wins in one half it loses in the other: the best is always the worst.
  const reversing = Array.from({ length: 40 }, (_, k) => {
    const drift = (k - 20) / 20;
    return noise(500 + k, n).map((v, t) => 0.2 * v + (t < n / 2 ? drift : -drift));
  });
  const reversed = pbo(reversing, { blocks: 2 });
  assert.equal(reversed.pbo, 1);
  assert.equal(reversed.probabilityOfLoss, 1);
});

Deno.test("pbo() is exactly 1 in the paper's case of full overfitting, whatever is drawn", () => {
  // 100 Gaussian series of 1,000 bars, each rescaled and re-centred so that its Sharpe ratio over all
  // bars is 0: what a series wins in one half of the bars it has lost in the other.
  const bars = 1000;
  for (const seed of [1, 2, 3]) {
    const returns = Array.from({ length: 100 }, (_, k) => {
      const x = noise(10_000 * seed + k, bars);
      const m = mean(x), s = standardDeviation(x);
      return x.map((v) => (v - m) / s / Math.sqrt(252));
    });
    const found = pbo(returns, { blocks: 8 });
    assert.equal(found.pbo, 1);
    assert.equal(found.probabilityOfLoss, 1);
    // The Sharpe ratios of the two halves differ by their spreads alone.
    assert.ok(Math.abs(found.degradation + 1) < 0.1, `slope ${found.degradation}`);
  }
});

Deno.test("pbo() refuses what it cannot use", () => {
  const x = noise(1, 40);
  assert.throws(() => pbo([x]), /at least 2 configurations, got 1/);
  assert.throws(() => pbo([x, x.slice(1)]), /configuration 1 must have 40 returns, got 39/);
  assert.throws(() => pbo([x, x], { blocks: 5 }), /blocks must be an even integer .*got 5/);
});
