import assert from "node:assert/strict";
import { createRng, mean, standardDeviation } from "../math/mod.ts";
import { augment, type Augmentation } from "./augmentation.ts";
import { type BatchSource, DataLoader } from "./data_loader.ts";
import { balancedClassWeights, uniquenessWeights } from "./sample_weights.ts";
import type { Batch } from "./supervised_dataset.ts";

const source = (length: number): BatchSource => ({
  length,
  batch: (indices) => ({
    x: Float32Array.from(indices),
    y: Float32Array.from(indices),
    shape: [indices.length, 1, 1],
    targets: 1,
    indices: Int32Array.from(indices),
  }),
});
const epoch = (loader: DataLoader, e: number) =>
  [...loader.epochSync(e)].map((b) => [...b.indices]);

Deno.test("DataLoader visits every sample once, in an order of its seed and epoch", () => {
  const make = (seed: number) => new DataLoader(source(10), { batchSize: 4, shuffle: true, seed });
  const first = epoch(make(1), 0);
  assert.deepEqual(first.map((b) => b.length), [4, 4, 2]);
  assert.deepEqual(first.flat().toSorted((a, b) => a - b), [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);
  assert.deepEqual(epoch(make(1), 0), first);
  assert.notDeepEqual(epoch(make(1), 1), first);
  assert.notDeepEqual(epoch(make(2), 0), first);
  assert.deepEqual(epoch(new DataLoader(source(5), { batchSize: 2 }), 3), [[0, 1], [2, 3], [4]]);
  const dropped = new DataLoader(source(5), { batchSize: 2, dropLast: true });
  assert.deepEqual(epoch(dropped, 0), [[0, 1], [2, 3]]);
});

Deno.test("DataLoader draws by weight", () => {
  const samplingWeights = [0, 1, 3, 0];
  const loader = new DataLoader(source(4), { batchSize: 4, samplingWeights });
  const counts = [0, 0, 0, 0];
  for (let e = 0; e < 2000; e++) for (const i of loader.order(e)) counts[i]++;
  assert.equal(counts[0] + counts[3], 0);
  assert.ok(Math.abs(counts[2] / 8000 - 0.75) < 0.02);
});

Deno.test("DataLoader makes batches ahead of a source that loads as it goes, in order", async () => {
  let open = 0, most = 0;
  const slow: BatchSource = {
    length: 12,
    async batch(indices) {
      most = Math.max(most, ++open);
      await new Promise((resolve) => setTimeout(resolve, indices[0] === 0 ? 5 : 0));
      open--;
      return await source(12).batch(indices);
    },
  };
  const loader = new DataLoader(slow, { batchSize: 3, prefetch: 2 });
  const seen: number[] = [];
  for await (const b of loader.epoch(0)) seen.push(...b.indices);
  assert.deepEqual(seen, [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11]);
  assert.equal(most, 3);
  assert.throws(() => [...loader.epochSync(0)], TypeError);
});

Deno.test("DataLoader hands on an error of its source when its turn comes", async () => {
  const failing: BatchSource = {
    length: 6,
    batch: async (i) => {
      if (i[0] === 4) throw new Error("disk gone");
      return await source(6).batch(i);
    },
  };
  const seen: number[] = [];
  await assert.rejects(async () => {
    for await (const b of new DataLoader(failing, { batchSize: 2 }).epoch(0)) {
      seen.push(...b.indices);
    }
  }, /disk gone/);
  assert.deepEqual(seen, [0, 1, 2, 3]);
});

Deno.test("DataLoader names bad options", () => {
  const make = (o: Record<string, unknown>) => () =>
    new DataLoader(source(4), { batchSize: 2, ...o });
  assert.throws(make({ batchSize: 0 }), /batchSize must be an integer >= 1, got 0/);
  assert.throws(make({ batchSize: 9, dropLast: true }), /at most the 4 samples .*, got 9/);
  assert.throws(make({ samplingWeights: [1, -1, 1, 1] }), /finite and >= 0, got -1 at 1/);
  assert.throws(
    make({ augmentations: [{ kind: "timeMask", maxBars: 0 }] }),
    /maxBars must be an integer >= 1, got 0/,
  );
  assert.throws(make({ augmentations: [{ kind: "flip" }] }), /kind must be one of .*, got flip/);
});

const batch = (): Batch => ({
  x: Float32Array.from({ length: 200 * 10 * 2 }, (_, i) => (i >> 1) % 10),
  y: Float32Array.from({ length: 200 }, (_, i) => i % 2),
  shape: [200, 10, 2],
  targets: 1,
  indices: new Int32Array(200),
});
const changed = (a: Augmentation) => augment(batch(), [a], createRng(3));

Deno.test("augmentations change what they say and repeat by seed", () => {
  const plain = batch().x;
  for (
    const a of [
      { kind: "gaussianNoise", scale: 0.5 },
      { kind: "featureDropout", rate: 0.3 },
      { kind: "timeMask", maxBars: 4, fill: -1 },
      { kind: "mixup", alpha: 0.4 },
      { kind: "windowWarp" },
    ] as Augmentation[]
  ) {
    assert.deepEqual(changed(a), changed(a));
    assert.equal(changed(a).x.length, plain.length);
  }
  const noise = Float64Array.from(
    changed({ kind: "gaussianNoise", scale: 0.5 }).x,
    (v, i) => v - plain[i],
  );
  assert.ok(Math.abs(mean(noise)) < 0.03 && Math.abs(standardDeviation(noise) - 0.5) < 0.03);

  const dropped = changed({ kind: "featureDropout", rate: 0.3, fill: 99 }).x;
  let columns = 0;
  for (let i = 0; i < 200; i++) {
    for (let j = 0; j < 2; j++) if (dropped[i * 20 + j] === 99) columns++;
  }
  assert.ok(Math.abs(columns / 400 - 0.3) < 0.08);

  const masked = changed({ kind: "timeMask", maxBars: 4, fill: -1 }).x;
  for (let i = 0; i < 200; i++) {
    assert.equal(masked[i * 20 + 18], 9, "the last bar is never masked");
    let bars = 0;
    for (let t = 0; t < 10; t++) if (masked[i * 20 + 2 * t] === -1) bars++;
    assert.ok(bars <= 4);
  }
  const mixed = changed({ kind: "mixup", alpha: 0.4 });
  assert.ok(mixed.y.some((v) => v > 0.01 && v < 0.99));
  const warped = changed({ kind: "windowWarp" }).x;
  for (let i = 0; i < 200; i++) {
    assert.equal(warped[i * 20], 0);
    assert.ok(Math.abs(warped[i * 20 + 18] - 9) < 1e-5, "the ends stay");
  }
});

Deno.test("balancedClassWeights() equals scikit-learn's balanced weights and names a missing class", () => {
  assert.deepEqual([...balancedClassWeights([0, 0, 0, 1, 2, 2], 3)], [6 / 9, 2, 1]);
  assert.throws(
    () => balancedClassWeights([0, 2], 3),
    /class 1 must have at least one sample, got 0 of 2/,
  );
});

Deno.test("uniquenessWeights() are the mean of 1 / labels alive", () => {
  // Label 0 lives on bars 1-2, label 1 on 2-3, label 2 on bar 3.
  const w = uniquenessWeights({
    values: Float64Array.of(1, 1, 1, NaN),
    spanEnd: Int32Array.of(2, 3, 3, 3),
  });
  assert.deepEqual([...w], [(1 + 1 / 2) / 2, (1 / 2 + 1 / 2) / 2, 1 / 2, 0]);
});
