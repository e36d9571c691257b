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

Deno.test("stacking does not trust a member for what it knows by heart", async () => {
  // Labels of noise: a large network learns them, and predicts nothing that it has not seen.
  const noise = { values: rng.fillNormal(new Float64Array(length)) };
  const part = (from: number, to: number) =>
    new SupervisedDataset({ frame, labels: noise, windowBars: 4, from, to });
  const [learned, unseen] = [part(0, 250), part(260, 700)];
  const r2 = async (method: "average" | "stacking") => {
    const model = await createModel({
      ...config,
      members: [{ kind: "mlp", units: 64 }, { kind: "mlp", units: 32 }],
      combine: method === "average" ? "average" : "weighted",
    });
    await trainEnsemble(model, { train: learned }, {
      ...options,
      method,
      train: { epochs: 80, learningRate: 0.02, backend: "ort" },
    });
    const { metrics } = await evaluate(model, unseen);
    model.dispose();
    return metrics.r2;
  };
  const [average, stacking] = [await r2("average"), await r2("stacking")];
  assert.ok(average < -0.2, `members learn noise: R2 ${average}`);
  assert.ok(stacking > -0.1, `stacking was fitted on what members had seen: R2 ${stacking}`);
});

Deno.test("trainEnsemble() names the fold that leaves a class without a sample", async () => {
  const late = { values: x.map((_, t) => t >= 400 ? 1 : 0) };
  const classes = new SupervisedDataset({
    frame,
    labels: late,
    windowBars: 4,
    to: 500,
    classes: [0, 1],
  });
  const model = await createModel({
    ...config,
    task: "classification",
    outputs: 2,
    combine: "weighted",
  });
  const fails = (method: "stacking" | "blending", message: RegExp) =>
    assert.rejects(() => trainEnsemble(model, { train: classes }, { ...options, method }), {
      name: "RangeError",
      message,
    });
  await fails(
    "stacking",
    /class 1 of head output must have .* in what fold 3 of 3 leaves to train/,
  );
  await fails(
    "blending",
    /class 1 of head output must have .* in what the holdout leaves to train/,
  );
  model.dispose();
});
