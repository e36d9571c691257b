import assert from "node:assert/strict";
import { Catalog, makeBars } from "../data/mod.ts";
import { createRng } from "../math/mod.ts";
import { ChunkedDataset } from "./chunked_dataset.ts";
import { DataLoader } from "./data_loader.ts";
import { SupervisedDataset } from "./supervised_dataset.ts";

const day = 86_400_000;
const length = 900;
const rng = createRng(1);
const close = new Float64Array(length).fill(100);
for (let t = 1; t < length; t++) close[t] = close[t - 1] * Math.exp(0.01 * rng.normal());
const bars = makeBars({
  time: Float64Array.from({ length }, (_, t) => Date.UTC(2020, 0, 1) + t * day),
  open: close,
  high: close.map((c) => c * 1.01),
  low: close.map((c) => c * 0.99),
  close,
  volume: new Float64Array(length).fill(1000),
});
/** Returns over 1 and 5 bars; the label is the return over the next 3. */
const prepare = (b: { close: Float64Array; time: Float64Array; length: number }) => {
  const over = (k: number) => b.close.map((c, t) => t < k ? NaN : c / b.close[t - k] - 1);
  return {
    frame: { names: ["r1", "r5"], columns: [over(1), over(5)], time: b.time, length: b.length },
    labels: { values: b.close.map((c, t) => t + 3 < b.length ? b.close[t + 3] / c - 1 : NaN) },
  };
};

Deno.test("ChunkedDataset over the catalog has the samples of the dataset in memory", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const key = { source: "test", symbol: "X", timeframe: "1d" };
    const catalog = new Catalog(dir);
    await catalog.write(key, bars);
    let loads = 0;
    const chunked = await ChunkedDataset.fromCatalog(catalog, key, {
      windowBars: 8,
      lookbackBars: 5,
      lookaheadBars: 3,
      prepare: (b) => {
        loads++;
        return prepare(b);
      },
    });
    const whole = new SupervisedDataset({ ...prepare(bars), windowBars: 8 });
    assert.ok(chunked.chunks >= 3);
    assert.equal(chunked.length, whole.length);
    const some = [0, 5, 880, 400, whole.length - 1, 360];
    const [a, b] = [await chunked.batch(some), whole.batch(some)];
    assert.deepEqual(a.x, b.x);
    assert.deepEqual(a.y, b.y);

    // A shuffled epoch visits each sample once and opens each chunk once.
    loads = 0;
    const loader = new DataLoader(chunked, { batchSize: 64, shuffle: true, seed: 3, prefetch: 1 });
    const seen: number[] = [];
    for await (const batch of loader.epoch(0)) seen.push(...batch.indices);
    assert.deepEqual(
      seen.toSorted((x, y) => x - y),
      Array.from({ length: whole.length }, (_, i) => i),
    );
    assert.ok(loads <= chunked.chunks, `${loads} loads`);
    await assert.rejects(
      () =>
        ChunkedDataset.fromCatalog(catalog, { ...key, symbol: "Y" }, {
          windowBars: 8,
          lookbackBars: 5,
          lookaheadBars: 3,
          prepare,
        }),
      /the catalog must hold test\/Y\/1d, got nothing/,
    );
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("ChunkedDataset hands on the weights of its chunks, for all of them or none", async () => {
  const { frame, labels } = prepare(bars);
  const weights = Float64Array.from({ length }, (_, t) => t % 7);
  const whole = new SupervisedDataset({ frame, labels, weights, windowBars: 4 });
  const part = (from: number, to: number, weighted = true) => () =>
    Promise.resolve(
      new SupervisedDataset({
        frame,
        labels,
        weights: weighted ? weights : undefined,
        windowBars: 4,
        from,
        to,
      }),
    );
  const chunked = await ChunkedDataset.open([part(0, 300), part(300, length)]);
  assert.equal(chunked.length, whole.length);
  const indices = [0, 700, 250, 291, 400];
  assert.deepEqual((await chunked.batch(indices)).weights, whole.batch(indices).weights);
  const plain = await ChunkedDataset.open([part(0, 300, false), part(300, length, false)]);
  assert.equal((await plain.batch(indices)).weights, undefined);
  await assert.rejects(
    ChunkedDataset.open([part(0, 300), part(300, length, false)]),
    /weights must be given for all chunks or none, got none in chunk 1/,
  );
});
