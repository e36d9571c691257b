import assert from "node:assert/strict";
import { SupervisedDataset } from "../datasets/mod.ts";
import { createRng } from "../math/mod.ts";
import { createModel } from "../models/mod.ts";
import { exportOnnx, loadOnnx } from "../onnx/mod.ts";
import { predict } from "./predict.ts";
import { evaluate, trainSupervised } from "./trainer.ts";

const length = 600;
const rng = createRng(9);
const x = rng.fillNormal(new Float64Array(length));
const frame = { names: ["x"], columns: [x], time: x, length };
const noise = rng.fillNormal(new Float64Array(length));
const direction = { values: x.map((v) => v > 0.4 ? 1 : v < -0.4 ? -1 : 0) };
const value = { values: x.map((v, t) => 2 * v + 0.1 * noise[t]) };
const quiet = { log: () => {} };
const config = { kind: "mlp", windowBars: 2, features: 1, units: 16, seed: 1 } as const;
const settings = { epochs: 25, learningRate: 0.01 };

for (const backend of ["ort", "wasm"] as const) {
  Deno.test(`a model learns classes and values jointly on ${backend}`, async () => {
    const make = (from: number, to: number) =>
      new SupervisedDataset({
        frame,
        labels: [direction, value],
        classes: [[-1, 0, 1], null],
        windowBars: 2,
        from,
        to,
      });
    const [train, test] = [make(0, 450), make(450, length)];
    const model = await createModel({
      ...config,
      heads: [
        { kind: "classification", name: "direction", classes: 3 },
        { kind: "regression", name: "return", weight: 0.5 },
      ],
    });
    await trainSupervised(model, { train }, {
      ...settings,
      backend,
      classWeights: "balanced",
      loss: { direction: { kind: "focal" }, return: { kind: "huber" } },
    }, quiet);
    const { metrics } = await evaluate(model, test);
    assert.ok(metrics.direction_accuracy > 0.9, JSON.stringify(metrics));
    assert.ok(metrics.return_r2 > 0.9, JSON.stringify(metrics));
    const p = await predict(model, test);
    assert.equal(p.length, test.length * 4);
    const onnx = await loadOnnx(await exportOnnx(model.tf));
    const { x: windows, shape } = test.batch();
    const out = onnx.runSync({ [onnx.inputs[0].name]: { data: windows, shape } });
    const [classes, values] = onnx.outputs.map((o) => out[o.name].data);
    for (let i = 0; i < test.length; i++) {
      for (let c = 0; c < 3; c++) {
        assert.ok(Math.abs(p[i * 4 + c] - Number(classes[i * 3 + c])) < 1e-5);
      }
      assert.ok(Math.abs(p[i * 4 + 3] - Number(values[i])) < 1e-5);
    }
    onnx.dispose();
    model.dispose();
  });
}

Deno.test("quantile outputs cover as many samples as they say", async () => {
  const wide = { values: x.map((v, t) => v + noise[t]) };
  const data = new SupervisedDataset({ frame, labels: wide, windowBars: 2 });
  const model = await createModel({ ...config, outputs: 3 });
  const quantiles = [0.1, 0.5, 0.9];
  await trainSupervised(model, { train: data }, {
    ...settings,
    epochs: 60,
    loss: { kind: "quantile", quantiles },
    backend: "ort",
  }, quiet);
  const p = await predict(model, data);
  quantiles.forEach((q, k) => {
    let below = 0;
    for (let i = 0; i < data.length; i++) if (data.y[i] < p[i * 3 + k]) below++;
    assert.ok(Math.abs(below / data.length - q) < 0.06, `${q}: ${below / data.length}`);
  });
  model.dispose();
});

Deno.test("the Sharpe loss finds the side of a predictable return, with costs in time order", async () => {
  const returns = { values: x.map((v, t) => 0.01 * (Math.sign(v) * 0.5 + noise[t])) };
  const data = new SupervisedDataset({ frame, labels: returns, windowBars: 2 });
  const model = await createModel({ ...config, task: "position" });
  await trainSupervised(model, { train: data }, {
    ...settings,
    batchSize: 200,
    epochs: 60,
    shuffle: false,
    loss: { kind: "sharpe", costBps: 1 },
    backend: "ort",
  }, quiet);
  const p = await predict(model, Float32Array.of(0, 1.5, 0, -1.5));
  assert.ok(p[0] > 0.1 && p[1] < -0.1, `${p}`);
  model.dispose();
});

Deno.test("sample weights of 0 leave samples out of the loss", async () => {
  const wrong = { values: x.map((v, t) => t % 2 === 0 ? v : -v) };
  const weights = Float64Array.from({ length }, (_, t) => t % 2 === 0 ? 1 : 0);
  const data = new SupervisedDataset({ frame, labels: wrong, windowBars: 2, weights });
  const model = await createModel({ kind: "logistic", windowBars: 2, features: 1 });
  await trainSupervised(model, { train: data }, { ...settings, epochs: 60, backend: "ort" }, quiet);
  const p = await predict(model, Float32Array.of(0, 1));
  assert.ok(Math.abs(p[0] - 1) < 0.1, `${p}`);
  model.dispose();
});

Deno.test("mixup and noise train classes on soft labels", async () => {
  const data = new SupervisedDataset({
    frame,
    labels: direction,
    classes: [-1, 0, 1],
    windowBars: 2,
  });
  const model = await createModel({ ...config, task: "classification", outputs: 3 });
  await trainSupervised(model, { train: data }, {
    ...settings,
    augmentations: [{ kind: "mixup", alpha: 0.2 }, { kind: "gaussianNoise", scale: 0.05 }],
    backend: "ort",
  }, quiet);
  const { metrics } = await evaluate(model, data);
  assert.ok(metrics.accuracy > 0.9, `${metrics.accuracy}`);
  model.dispose();
});
