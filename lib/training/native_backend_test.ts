import assert from "node:assert/strict";
import { testWith } from "../../tests/support/components.ts";
import { SupervisedDataset } from "../datasets/mod.ts";
import { createRng } from "../math/mod.ts";
import { createModel } from "../models/mod.ts";
import { chooseBackend } from "./backend.ts";
import { predict } from "./predict.ts";
import { trainSupervised } from "./trainer.ts";

const quiet = { log: () => {} };

/** Two AR(1) features; the label is the first one's next value. */
function series(length = 300) {
  const rng = createRng(3);
  const columns = [new Float64Array(length), new Float64Array(length)];
  for (let t = 1; t < length; t++) {
    for (const column of columns) column[t] = 0.8 * column[t - 1] + 0.6 * rng.normal();
  }
  const frame = { names: ["a", "b"], columns, time: columns[0].map((_, t) => t), length };
  const values = columns[0].map((_, t) => columns[0][t + 1] ?? NaN);
  const make = (from: number, to: number) =>
    new SupervisedDataset({ frame, labels: { values }, windowBars: 8, from, to });
  return { train: make(0, 220), validation: make(228, length) };
}

function largestGap(a: Float32Array, b: Float32Array): number {
  assert.equal(a.length, b.length);
  return a.reduce((gap, value, i) => Math.max(gap, Math.abs(value - b[i])), 0);
}

const shape = { windowBars: 8, features: 2, seed: 2 };
const configs = [
  { kind: "mlp", units: 8 },
  { kind: "cnn", filters: 8 },
  { kind: "lstm", units: 8 },
  { kind: "gru", units: 8 },
  { kind: "transformer", width: 8, attentionHeads: 2, layers: 1 },
  { kind: "hybrid", filters: 8, units: 8, attentionHeads: 2 },
] as const;

for (const config of configs) {
  testWith(
    "tensorflow",
    `the native backend trains and predicts as cpu does, to 1e-5: ${config.kind}`,
    async () => {
      const data = series();
      const train = async (backend: "tensorflow" | "cpu") => {
        const model = await createModel({ ...shape, ...config });
        const result = await trainSupervised(model, data, {
          epochs: 2,
          batchSize: 32,
          optimizer: "sgd",
          learningRate: 0.01,
          backend,
        }, quiet);
        // Not a replacement of it.
        assert.equal(result.backend, backend);
        return model;
      };
      const plain = await train("cpu");
      const native = await train("tensorflow");
      const predicted = await predict(native, data.validation);
      assert.equal((await chooseBackend("cpu", quiet)).name, "cpu");
      const moved = largestGap(predicted, await predict(native, data.validation));
      assert.ok(moved < 1e-5, `the same weights on cpu differ by ${moved}`);
      const apart = largestGap(predicted, await predict(plain, data.validation));
      assert.ok(apart < 1e-5, `the same training on cpu differs by ${apart}`);
      native.dispose();
      plain.dispose();
    },
  );
}
