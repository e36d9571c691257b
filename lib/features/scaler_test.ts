import assert from "node:assert/strict";
import { type FeatureFrame, fitScaler, scalerFromJson, type ScalerKind } from "./mod.ts";

function frameOf(columns: Record<string, number[]>): FeatureFrame {
  const names = Object.keys(columns);
  const length = columns[names[0]].length;
  return {
    names,
    columns: names.map((name) => Float64Array.from(columns[name])),
    time: Float64Array.from({ length }, (_, i) => i),
    length,
  };
}

const frame = frameOf({
  a: [1, 2, 4, 8, 16.5, 1000],
  b: [3, 3, 3, 3, 3, 4],
  c: [NaN, 1, 2, 3, 4, 5],
});

// By hand from the formulas, fitted on the first five rows.
const expected: Record<Exclude<ScalerKind, "quantile">, number[]> = {
  standard: [],
  robust: [-0.5, -1 / 3, 0, 2 / 3, 12.5 / 6, 166],
  minMax: [0, 1 / 15.5, 3 / 15.5, 7 / 15.5, 1, 999 / 15.5],
};

for (const [kind, column] of Object.entries(expected)) {
  Deno.test(`fitScaler("${kind}") equals the formula on the fitted rows and goes on beyond them`, () => {
    const scaler = fitScaler(kind as ScalerKind, frame, { from: 0, to: 5 });
    const scaled = scaler.transform(frame);
    if (kind !== "standard") {
      column.forEach((v, i) => assert.ok(Math.abs(scaled.columns[0][i] - v) < 1e-12));
    } else {
      const x = [1, 2, 4, 8, 16.5];
      const mean = 6.3;
      const sd = Math.sqrt(x.reduce((s, v) => s + (v - mean) ** 2, 0) / 5);
      frame.columns[0].forEach((v, i) =>
        assert.ok(Math.abs(scaled.columns[0][i] - (v - mean) / sd) < 1e-12)
      );
    }
    assert.deepEqual([...scaled.columns[1]], [0, 0, 0, 0, 0, 1], "no spread: scale 1");
    assert.ok(Number.isNaN(scaled.columns[2][0]));
    assert.deepEqual(frame.columns[0][0], 1, "the frame itself is unchanged");
  });
}

Deno.test('fitScaler("quantile") gives shares of the fitted values, cut to 0 and 1', () => {
  const scaler = fitScaler("quantile", frame, { from: 0, to: 5 });
  const scaled = scaler.transform(frame);
  [0, 0.25, 0.5, 0.75, 1, 1].forEach((v, i) => assert.equal(scaled.columns[0][i], v));
  assert.equal(scaled.columns[1][0], 0.5, "a value equal to all takes the middle");
  assert.equal(scaler.transformRow(Float64Array.of(3, 3, 0))[0], 0.375);
  assert.equal(scaler.transformRow(Float64Array.of(-3, 3, 0))[0], 0);
});

Deno.test("scalers are fitted on their rows alone and come back from JSON", () => {
  for (const kind of ["standard", "robust", "minMax", "quantile"] as const) {
    const scaler = fitScaler(kind, frame, { from: 0, to: 5 });
    const other = frameOf({
      a: [1, 2, 4, 8, 16.5, -7],
      b: [3, 3, 3, 3, 3, 9],
      c: [NaN, 1, 2, 3, 4, -5],
    });
    assert.deepEqual(fitScaler(kind, other, { from: 0, to: 5 }).config, scaler.config);
    const again = scalerFromJson(JSON.parse(JSON.stringify(scaler)));
    assert.deepEqual(again.transform(frame).columns, scaler.transform(frame).columns);
    const row = Float64Array.from(frame.columns, (column) => column[3]);
    assert.deepEqual(
      [...scaler.transformRow(row)],
      scaler.transform(frame).columns.map((column) => column[3]),
    );
  }
});

Deno.test("fitScaler() and transform() say what is wrong", () => {
  assert.throws(
    () => fitScaler("zscore" as never, frame, { from: 0, to: 5 }),
    /kind must be standard/,
  );
  assert.throws(
    () => fitScaler("standard", frame, { from: 0, to: 7 }),
    /within \[0, 6\], got \[0, 7\)/,
  );
  assert.throws(() => fitScaler("standard", frame, { from: 3, to: 3 }), /got \[3, 3\)/);
  assert.throws(
    () => fitScaler("standard", frame, { from: 0, to: 1 }),
    /column c must have a value/,
  );
  const scaler = fitScaler("standard", frame, { from: 0, to: 5 });
  assert.throws(() => scaler.transform(frameOf({ a: [1] })), /columns must be a, b, c, got a/);
  assert.throws(() => scaler.transformRow(Float64Array.of(1)), /must have 3 values, got 1/);
});
