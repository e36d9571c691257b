import assert from "node:assert/strict";
import { SupervisedDataset } from "../datasets/mod.ts";
import { createRng } from "../math/mod.ts";
import { fitRidge, momentumPositions } from "./baselines.ts";
import { namedWeights } from "./save_model.ts";

Deno.test("fitRidge() solves the normal equations of centred windows", async () => {
  const rng = createRng(2);
  const length = 80;
  const columns = [0, 1].map(() => rng.fillNormal(new Float64Array(length)));
  const frame = { names: ["a", "b"], columns, time: columns[0], length };
  const labels = {
    values: columns[0].map((v, t) => 2 * v - columns[1][t] + 3 + 0.1 * rng.normal()),
  };
  const data = new SupervisedDataset({ frame, labels, windowBars: 3 });
  const alpha = 2.5;
  const model = await fitRidge(data, { alpha });
  const [kernel, bias] = namedWeights(model).map((w) => w.variable.dataSync());
  const { x, y } = data.batch();
  const n = data.length, d = 6;
  const mean = (f: (i: number) => number) => {
    let s = 0;
    for (let i = 0; i < n; i++) s += f(i) / n;
    return s;
  };
  const residual = (i: number) => {
    let p = bias[0];
    for (let j = 0; j < d; j++) p += kernel[j] * x[i * d + j];
    return p - y[i];
  };
  // The optimum: residuals sum to 0, and X'(Xw - y) + alpha w = 0 for centred X.
  assert.ok(Math.abs(mean(residual)) < 1e-5);
  for (let j = 0; j < d; j++) {
    const centre = mean((i) => x[i * d + j]);
    const gradient = n * mean((i) => (x[i * d + j] - centre) * residual(i)) + alpha * kernel[j];
    assert.ok(Math.abs(gradient) < 1e-3, `${gradient}`);
  }
  assert.ok(Math.abs(kernel[4] - 2) < 0.15 && Math.abs(kernel[5] + 1) < 0.15);
  model.dispose();
  await assert.rejects(() => fitRidge(data, { alpha: -1 }), /alpha must be .*, got -1/);
  const twice = { ...frame, columns: [columns[0], columns[0]] };
  await assert.rejects(
    () => fitRidge(new SupervisedDataset({ frame: twice, labels, windowBars: 1 }), { alpha: 0 }),
    /column 1 of the windows depends on others/,
  );
});

Deno.test("momentumPositions() are the sign of the trailing return", () => {
  const p = momentumPositions(Float64Array.of(1, 2, 3, 1, 2), 2);
  assert.deepEqual([...p], [NaN, NaN, 1, -1, -1]);
});
