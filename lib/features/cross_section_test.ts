import assert from "node:assert/strict";
import { alignBars, barAt, type Bars, makeBars, sampleBars, sliceBars } from "../data/mod.ts";
import {
  computePanel,
  crossSectionalRank,
  crossSectionalZScore,
  definePipeline,
  type FeatureFrame,
} from "./mod.ts";

const frameOf = (values: number[]): FeatureFrame => ({
  names: ["x"],
  columns: [Float64Array.from(values)],
  time: Float64Array.from(values, (_, i) => i),
  length: values.length,
});

Deno.test("crossSectionalRank() places symbols row by row, equal ones in the middle of theirs", () => {
  const panel = {
    a: frameOf([1, 5, NaN]),
    b: frameOf([2, 5, 3]),
    c: frameOf([3, 9, NaN]),
  };
  const rank = crossSectionalRank(panel);
  assert.deepEqual([...rank.a.columns[0]], [0, 0.25, NaN]);
  assert.deepEqual([...rank.b.columns[0]], [0.5, 0.25, 0.5]);
  assert.deepEqual([...rank.c.columns[0]], [1, 1, NaN]);
  const z = crossSectionalZScore(panel);
  assert.ok(Math.abs(z.c.columns[0][0] - Math.sqrt(1.5)) < 1e-12);
  assert.equal(z.b.columns[0][2], 0);
  assert.throws(
    () => crossSectionalRank({ a: frameOf([1]), b: frameOf([1, 2]) }),
    /b must have the names and times of a/,
  );
});

Deno.test("steps read other symbols as they were known: batch, stream and prefix agree", async () => {
  const bars = sliceBars(await sampleBars(), 3000, 3300);
  // Another symbol that trades every other day, under its own times.
  const rows = Array.from({ length: 150 }, (_, k) => 2 * k);
  const pick = (column: Float64Array) => Float64Array.from(rows, (i) => column[i] ** 1.1);
  const other: Bars = makeBars({
    time: Float64Array.from(rows, (i) => bars.time[i]),
    open: pick(bars.open),
    high: pick(bars.high),
    low: pick(bars.low),
    close: pick(bars.close),
    volume: pick(bars.volume),
  });
  const pipeline = definePipeline({
    steps: [
      { kind: "logReturn", as: "own" },
      { kind: "logReturn", source: "OTHER.close", window: 2, as: "theirs" },
      { kind: "correlation", source: "own", other: "theirs", window: 20 },
      { kind: "beta", source: "close", other: "OTHER.close", window: 20 },
      { kind: "combine", left: "close", right: "OTHER.close", operation: "divide", as: "spread" },
    ],
  });
  assert.deepEqual(pipeline.contextSymbols, ["OTHER"]);
  const full = pipeline.compute(bars, { OTHER: other });
  assert.equal(full.columns[4][101], bars.close[101] / other.close[50]);
  const prefix = pipeline.compute(sliceBars(bars, 0, 200), { OTHER: other });
  prefix.columns.forEach((column, k) => assert.deepEqual(column, full.columns[k].slice(0, 200)));
  const stream = pipeline.stream();
  for (let i = 0; i < bars.length; i++) {
    const row = i % 2 === 0
      ? stream.update(barAt(bars, i), { OTHER: barAt(other, i / 2) })
      : stream.update(barAt(bars, i));
    row.forEach((v, k) => assert.ok(Object.is(v, full.columns[k][i]), `${full.names[k]} ${i}`));
  }
  assert.throws(() => pipeline.compute(bars), /context must hold bars of OTHER, got none/);
  const late = { ...barAt(other, 0), time: bars.time[299] + 2 };
  assert.throws(
    () => stream.update({ ...barAt(bars, 299), time: bars.time[299] + 1 }, { OTHER: late }),
    /must not be after/,
  );
});

Deno.test("computePanel() gives every symbol the others as context", async () => {
  const sample = sliceBars(await sampleBars(), 0, 100);
  const series = alignBars({ A: sample, B: sliceBars(sample, 10, 100) });
  const panel = computePanel(
    definePipeline({
      steps: [{ kind: "return" }, { kind: "combine", right: "A.close", as: "gap" }],
    }),
    series,
  );
  assert.equal(panel.A.length, panel.B.length);
  assert.equal(panel.A.columns[1][50], 0);
  assert.ok(Number.isNaN(panel.B.columns[0][5]));
});
