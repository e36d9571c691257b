import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import { makeBars, sampleBars, sliceBars } from "../data/mod.ts";
import {
  computePanel,
  definePipeline,
  type FeatureFrame,
  openFeatureWorkers,
  shareBars,
} from "./mod.ts";

const pipeline = definePipeline({
  steps: [
    { kind: "logReturn", as: "r", hidden: true },
    { kind: "skewness", source: "r", window: 30 },
    { kind: "sma", source: "r", window: 10, as: "drift" },
    { kind: "donchian" },
    { kind: "macd" },
    { kind: "garmanKlass" },
    { kind: "rsi" },
  ],
});

/** Compares memory as it is: an assertion over each of millions of numbers takes half a minute. */
function assertSameBits(
  found: Record<string, FeatureFrame>,
  expected: Record<string, FeatureFrame>,
): void {
  assert.deepEqual(Object.keys(found), Object.keys(expected));
  for (const [symbol, frame] of Object.entries(expected)) {
    const other = found[symbol];
    assert.deepEqual(other.names, frame.names);
    const pairs = [[other.time, frame.time], ...frame.columns.map((c, i) => [other.columns[i], c])];
    pairs.forEach(([a, b], i) => {
      const bytes = [a, b].map((c) => new Uint8Array(c.buffer, c.byteOffset, c.byteLength));
      assert.equal(
        Buffer.compare(bytes[0], bytes[1]),
        0,
        `${symbol}: ${frame.names[i - 1] ?? "time"}`,
      );
    });
  }
}

Deno.test("several threads give the bits of one, for one long symbol and for many", async () => {
  const sample = await sampleBars();
  const workers = openFeatureWorkers({ threads: 3 });
  try {
    const one = { A: shareBars(sample) };
    // Long enough to be handed out: 5,105 rows of 11 columns would be computed alone.
    const rows = 60_000;
    const at = (column: Float64Array) =>
      Float64Array.from({ length: rows }, (_, i) => column[i % column.length]);
    const long = {
      L: makeBars({
        time: Float64Array.from({ length: rows }, (_, i) => i * 60_000),
        open: at(sample.open),
        high: at(sample.high),
        low: at(sample.low),
        close: at(sample.close),
        volume: at(sample.volume),
      }),
    };
    const many = Object.fromEntries(
      Array.from({ length: 24 }, (_, k) => [`S${k}`, sliceBars(sample, 50 * k, 50 * k + 3000)]),
    );
    for (const series of [one, long, many]) {
      const expected = computePanel(pipeline, series);
      const first = await workers.computePanel(pipeline, series);
      const again = await workers.computePanel(pipeline, series, { into: first });
      assert.equal(
        again[Object.keys(series)[0]].columns[0].buffer,
        first[Object.keys(series)[0]].columns[0].buffer,
      );
      assertSameBits(again, expected);
    }
  } finally {
    workers.close();
  }
});

Deno.test("workers read other symbols and say which is missing", async () => {
  const sample = await sampleBars();
  const workers = openFeatureWorkers({ threads: 2 });
  const beta = definePipeline({ steps: [{ kind: "beta", other: "B.close", window: 30 }] });
  try {
    const series = { A: sample, B: sliceBars(sample, 100, 4000) };
    assert.deepEqual(await workers.computePanel(beta, series), computePanel(beta, series));
    await assert.rejects(
      workers.computePanel(beta, { A: sample }),
      /context must hold bars of B, got A/,
    );
    await assert.rejects(
      workers.computePanel(pipeline, series, { into: computePanel(pipeline, series) }),
      /into must be a panel of the same pipeline, symbols and lengths/,
    );
    assert.throws(
      () => openFeatureWorkers({ threads: 0 }),
      /threads must be a whole number from 1 to 64, got 0/,
    );
  } finally {
    workers.close();
  }
});

Deno.test("compute() writes into the memory of a frame that fits and refuses another", async () => {
  const sample = await sampleBars();
  const first = pipeline.compute(sample);
  const again = pipeline.compute(sample, {}, { into: first });
  again.columns.forEach((column, k) => assert.equal(column, first.columns[k]));
  assert.throws(
    () => pipeline.compute(sliceBars(sample, 0, 10), {}, { into: first }),
    /into must be a frame of 10 rows of .*, got 5105 of/,
  );
});
