import assert from "node:assert/strict";
import { SupervisedDataset } from "./supervised_dataset.ts";

const length = 20;
const time = Float64Array.from({ length }, (_, t) => t * 1000);
const a = Float64Array.from({ length }, (_, t) => t < 2 ? NaN : t);
const b = Float64Array.from({ length }, (_, t) => 100 + t);
const frame = { names: ["a", "b"], columns: [a, b], time, length };
const labels = { values: Float64Array.from({ length }, (_, t) => t >= 18 ? NaN : t % 3 - 1) };

Deno.test("SupervisedDataset cuts windows that end at their row and leaves out the warm-up", () => {
  const d = new SupervisedDataset({ frame, labels, windowBars: 3 });
  assert.deepEqual([...d.rows], [4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17]);
  const batch = d.batch([0, 2]);
  assert.deepEqual(batch.shape, [2, 3, 2]);
  assert.deepEqual([...batch.x], [2, 102, 3, 103, 4, 104, 4, 104, 5, 105, 6, 106]);
  assert.deepEqual([...batch.y], [0, -1]);
});

Deno.test("SupervisedDataset reads bars before its range for windows but takes no sample there", () => {
  const d = new SupervisedDataset({ frame, labels, windowBars: 3, from: 10, to: 14 });
  assert.deepEqual([...d.rows], [10, 11, 12, 13]);
  assert.deepEqual([...d.batch([0]).x], [8, 108, 9, 109, 10, 110]);
  assert.deepEqual([...d.times()], [10_000, 11_000, 12_000, 13_000]);
});

Deno.test("SupervisedDataset maps label values to class indices and picks features by name", () => {
  const d = new SupervisedDataset({
    frame,
    labels: [labels, { values: b }],
    windowBars: 1,
    features: ["b"],
    classes: [[-1, 0, 1], null],
    stride: 2,
  });
  assert.equal(d.targets, 2);
  assert.deepEqual([...d.batch([0, 1]).y], [0, 100, 2, 102]);
  assert.equal(d.features, 1);
});

Deno.test("SupervisedDataset names what is wrong with its input", () => {
  const make = (extra: Record<string, unknown>) => () =>
    new SupervisedDataset({ frame, labels, windowBars: 3, ...extra });
  assert.throws(make({ windowBars: 0 }), /windowBars must be an integer >= 1, got 0/);
  assert.throws(make({ windowBars: 30 }), /no row in \[0, 20\) has 30 bars/);
  assert.throws(make({ features: ["c"] }), /features must be among a, b, got c/);
  assert.throws(make({ classes: [0, 1] }), /label must be one of 0, 1, got -1 at row 6/);
  assert.throws(make({ from: 12, to: 40 }), /0 <= from < to <= 20, got 12 and 40/);
  const holed = { ...frame, columns: [a, b.map((v, t) => t === 9 ? Infinity : v)] };
  assert.throws(
    () => new SupervisedDataset({ frame: holed, labels, windowBars: 3 }),
    /feature b must be finite after its warm-up, got Infinity at row 9/,
  );
  const skipped = new SupervisedDataset({ frame: holed, labels, windowBars: 3, missing: "skip" });
  assert.deepEqual([...skipped.rows], [4, 5, 6, 7, 8, 12, 13, 14, 15, 16, 17]);
  assert.throws(() => skipped.batch([99]), /indices must be in \[0, 11\), got 99/);
});
