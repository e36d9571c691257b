import assert from "node:assert/strict";
import { SupervisedDataset } from "../datasets/mod.ts";
import { createRng } from "../math/mod.ts";
import { createModel, fitRidge, modelFromBytes, modelToBytes } from "../models/mod.ts";
import { trainEnsemble } from "./ensemble.ts";
import { predict } from "./predict.ts";
import { evaluate } from "./trainer.ts";

const length = 700;
const rng = createRng(8);
const x = new Float64Array(length);
for (let t = 2; t < length; t++) x[t] = 0.5 * x[t - 1] - 0.6 * x[t - 2] + rng.normal();
const frame = { names: ["x"], columns: [x], time: x, length };
const labels = { values: x.map((_, t) => x[t + 1] ?? NaN) };
const make = (from: number, to: number) =>
  new SupervisedDataset({ frame, labels, windowBars: 4, from, to });
const [train, test] = [make(0, 500), make(505, 700)];
const members = [{ kind: "logistic" }, { kind: "mlp", units: 8 }];
const config = { kind: "ensemble", windowBars: 4, features: 1, members, seed: 1 } as const;
const options = {
  train: { epochs: 30, learningRate: 0.01, backend: "ort" as const },
  folds: 3,
  embargoBars: 1,
  callbacks: { log: () => {} },
};

for (const method of ["average", "stacking", "blending"] as const) {
  Deno.test(`trainEnsemble() by ${method} predicts an AR(2) series and can be stored`, async () => {
    const model = await createModel({
      ...config,
      combine: method === "average" ? "average" : "weighted",
    });
    await trainEnsemble(model, { train }, { ...options, method });
    const { metrics } = await evaluate(model, test);
    // The series is linear: nothing beats ridge regression by more than chance.
    const ridge = await fitRidge(train);
    const limit = (await evaluate(ridge, test)).metrics.r2;
    ridge.dispose();
    assert.ok(metrics.r2 > limit - 0.05, `R2 ${metrics.r2}, ridge ${limit}`);
    const { model: loaded } = await modelFromBytes(modelToBytes(model));
    assert.deepEqual(await predict(loaded, test), await predict(model, test));
    model.dispose();
    loaded.dispose();
  });
}

Deno.test("trainEnsemble() refuses a combination that the method can't fit", async () => {
  const model = await createModel(config);
  await assert.rejects(
    () => trainEnsemble(model, { train }, { ...options, method: "stacking" }),
    /combine must be weighted for stacking, got average/,
  );
  model.dispose();
});
