import assert from "node:assert/strict";
import { SupervisedDataset } from "../datasets/mod.ts";
import { createRng } from "../math/mod.ts";
import { createModel } from "../models/mod.ts";
import { readWeights } from "./engine.ts";
import { predict } from "./predict.ts";
import { trainSupervised } from "./trainer.ts";
import type { TrainConfigInput } from "./train_config.ts";
import { TrainingError } from "./training_error.ts";

/** An AR(1) series whose next value is to be predicted. */
function series(length = 400, seed = 1) {
  const rng = createRng(seed);
  const x = new Float64Array(length);
  for (let t = 1; t < length; t++) x[t] = 0.8 * x[t - 1] + 0.6 * rng.normal();
  const frame = { names: ["x"], columns: [x], time: x.map((_, t) => t), length };
  const values = x.map((_, t) => x[t + 1] ?? NaN);
  const make = (from: number, to: number, windowBars = 4) =>
    new SupervisedDataset({ frame, labels: { values }, windowBars, from, to });
  return { train: make(0, 300), validation: make(305, 400) };
}
const quiet = { log: () => {} };
const base = { epochs: 4, learningRate: 0.01, backend: "wasm" } satisfies TrainConfigInput;
const config = {
  kind: "mlp",
  windowBars: 4,
  features: 1,
  units: 8,
  dropout: 0.1,
  seed: 2,
} as const;

Deno.test("trainSupervised() lowers the loss and keeps the best epoch's weights", async () => {
  const model = await createModel(config);
  const data = series();
  const result = await trainSupervised(model, data, { ...base, epochs: 15 }, quiet);
  assert.equal(result.history.length, 15);
  assert.ok(result.best.validationLoss! < result.history[0].validationLoss!);
  assert.ok(result.best.metrics.ic > 0.6, `${result.best.metrics.ic}`);
  const predicted = await predict(model, data.validation);
  let error = 0;
  predicted.forEach((p, i) => error += (p - data.validation.y[i]) ** 2 / predicted.length);
  assert.ok(Math.abs(error - result.best.validationLoss!) < 1e-5);
  model.dispose();
});

Deno.test("trainSupervised() repeats to the last bit by seed", async () => {
  const once = async (seed: number) => {
    const model = await createModel(config);
    const { history } = await trainSupervised(model, series(), { ...base, seed }, quiet);
    const weights = readWeights(model);
    model.dispose();
    return { history, weights };
  };
  const [a, b, c] = [await once(1), await once(1), await once(2)];
  assert.deepEqual(a, b);
  assert.notDeepEqual(a.weights, c.weights);
});

Deno.test("trainSupervised() ends when a callback says stop, and when patience runs out", async () => {
  const model = await createModel(config);
  const seen: number[] = [];
  const stopped = await trainSupervised(model, series(), base, {
    ...quiet,
    onEpoch: ({ epoch, metrics }) => {
      seen.push(epoch);
      assert.ok(Number.isFinite(metrics.validation_loss));
      return epoch === 1 ? "stop" : undefined;
    },
  });
  assert.deepEqual([stopped.stopped, seen], ["callback", [0, 1]]);
  const early = await trainSupervised(model, series(), {
    ...base,
    epochs: 100,
    patience: 2,
    minDelta: 10,
  }, quiet);
  assert.deepEqual([early.stopped, early.history.length], ["early", 3]);
  model.dispose();
});

Deno.test("trainSupervised() names epoch, batch and learning rate when the loss is no number", async () => {
  const model = await createModel(config);
  const before = readWeights(model);
  await assert.rejects(
    () =>
      trainSupervised(model, series(), { ...base, optimizer: "sgd", learningRate: 1e18 }, quiet),
    (error: unknown) => {
      assert.ok(error instanceof TrainingError);
      assert.match(
        error.message,
        /loss must be finite, got (NaN|Infinity) in epoch 0, batch \d+ at learning rate 1000000000000000000/,
      );
      assert.equal(error.epoch, 0);
      assert.equal(error.learningRate, 1e18);
      return true;
    },
  );
  assert.deepEqual(readWeights(model), before);
  model.dispose();
});

Deno.test("trainSupervised() stops at an abort with the signal's reason", async () => {
  const model = await createModel(config);
  const controller = new AbortController();
  await assert.rejects(() =>
    trainSupervised(model, series(), base, {
      ...quiet,
      signal: controller.signal,
      onBatch: () => controller.abort(new Error("enough")),
    }), /enough/);
  model.dispose();
});

Deno.test("trainSupervised() refuses data and settings that do not fit", async () => {
  const model = await createModel({ ...config, windowBars: 5 });
  const data = series();
  const fails = (c: Record<string, unknown>, message: RegExp, d = data) =>
    assert.rejects(() => trainSupervised(model, d, c as TrainConfigInput, quiet), {
      name: "RangeError",
      message,
    });
  await fails(base, /windowBars of train must be the model's 5, got 4/);
  await fails({ epochs: 0 }, /epochs must be >=1, got 0/);
  await fails({ learningRate: -1 }, /learningRate must be >0, got -1/);
  await fails(
    { loss: { kind: "crossEntropy" } },
    /loss of regression head output must be one of mse/,
  );
  await fails({ backend: "gpu" }, /backend must be .*"ort"/);
  model.dispose();
});
