import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createRng } from "../math/mod.ts";
import { close } from "./_close.ts";
import { compileStep, trainableVariables } from "./mod.ts";

await tf.setBackend("cpu");

const models: Record<string, { shape: number[]; build: () => tf.LayersModel }> = {
  "dense network": {
    shape: [6],
    build: () =>
      tf.sequential({
        layers: [
          tf.layers.dense({ units: 8, activation: "relu", inputShape: [6] }),
          tf.layers.dense({ units: 8, activation: "tanh" }),
          tf.layers.dense({ units: 2 }),
        ],
      }),
  },
  "conv1d network": {
    shape: [12, 3],
    build: () =>
      tf.sequential({
        layers: [
          tf.layers.conv1d({
            filters: 4,
            kernelSize: 3,
            padding: "same",
            inputShape: [12, 3],
            activation: "relu",
          }),
          tf.layers.maxPooling1d({ poolSize: 2 }),
          tf.layers.conv1d({ filters: 5, kernelSize: 3, strides: 2, useBias: false }),
          tf.layers.batchNormalization(),
          tf.layers.globalAveragePooling1d(),
          tf.layers.dense({ units: 2 }),
        ],
      }),
  },
  "LSTM network": {
    shape: [7, 3],
    build: () =>
      tf.sequential({
        layers: [
          tf.layers.lstm({
            units: 5,
            inputShape: [7, 3],
            returnSequences: true,
            recurrentActivation: "sigmoid",
          }),
          tf.layers.lstm({ units: 4 }),
          tf.layers.dense({ units: 2 }),
        ],
      }),
  },
  "GRU network": {
    shape: [7, 3],
    build: () =>
      tf.sequential({
        layers: [
          tf.layers.gru({ units: 5, inputShape: [7, 3], returnSequences: true }),
          tf.layers.gru({ units: 4, recurrentActivation: "sigmoid", goBackwards: true }),
          tf.layers.dense({ units: 2 }),
        ],
      }),
  },
};

const mse = (y: tf.Tensor, p: tf.Tensor) => tf.losses.meanSquaredError(y, p) as tf.Tensor;

/** A model whose matrices are drawn from a seed, so that a test does the same each time. */
function seeded(model: tf.LayersModel): tf.LayersModel {
  const rng = createRng(5);
  model.setWeights(
    model.getWeights().map((w) =>
      w.rank < 2
        ? w
        : tf.tensor(rng.fillNormal(new Float32Array(w.size)).map((v) => v * 0.4), w.shape)
    ),
  );
  return model;
}

function batchOf(shape: number[], n: number, seed = 1) {
  const rng = createRng(seed);
  const x = rng.fillNormal(new Float32Array(n * shape.reduce((a, b) => a * b, 1)));
  const y = rng.fillNormal(new Float32Array(n * 2));
  return { x, y };
}

for (const [name, { shape, build }] of Object.entries(models)) {
  Deno.test(`compileStep() trains a ${name} as eager tfjs does`, async () => {
    const batch = 8;
    const { x, y } = batchOf(shape, batch);
    const model = seeded(build());
    const variables = trainableVariables(model);
    const before = variables.map((v) => v.dataSync().slice());
    const compiled = await compileStep({
      model,
      loss: mse,
      optimizer: { kind: "adam", learningRate: 0.01 },
      batchSize: batch,
    });
    assert.deepEqual(variables.map((v) => v.dataSync().slice()), before);
    const losses = Array.from({ length: 20 }, () => compiled.step(x, y));

    const optimizer = tf.train.adam(0.01);
    const tx = tf.tensor(x, [batch, ...shape]), ty = tf.tensor(y, [batch, 2]);
    const eager = losses.map(() =>
      optimizer.minimize(
        () => mse(ty, model.apply(tx, { training: true }) as tf.Tensor) as tf.Scalar,
        true,
        variables,
      )!.dataSync()[0]
    );
    close(losses.slice(0, 1), eager.slice(0, 1), 1e-5, "first loss");
    close(losses, eager, 1e-3, "losses");
    const trained = variables.map((v) => v.dataSync().slice());
    compiled.syncVariables();
    variables.forEach((v, i) => close(v.dataSync(), trained[i], 1e-2, v.name));
    compiled.dispose();
    model.dispose();
  });

  Deno.test(`an epoch of a ${name} is bit for bit its single steps`, async () => {
    const batch = 4, rows = 18;
    const { x, y } = batchOf(shape, rows, 2);
    const model = seeded(build());
    const options = {
      model,
      loss: mse,
      optimizer: { kind: "rmsprop" as const, learningRate: 0.01 },
      batchSize: batch,
      clipNorm: 0.5,
    };
    const looped = await compileStep(options);
    const stepped = await compileStep(options);
    const indices = createRng(3).shuffle(Int32Array.from({ length: rows }, (_, i) => i));
    const losses = looped.epoch({ x, y }, indices);
    assert.equal(losses.length, 5);
    const row = x.length / rows;
    const single: number[] = [];
    for (let s = 0; s < 4; s++) {
      const bx = new Float32Array(batch * row), by = new Float32Array(batch * 2);
      for (let i = 0; i < batch; i++) {
        const r = indices[s * batch + i];
        bx.set(x.subarray(r * row, (r + 1) * row), i * row);
        by.set(y.subarray(r * 2, r * 2 + 2), i * 2);
      }
      single.push(stepped.step(bx, by));
    }
    assert.deepEqual([...losses.slice(0, 4)], single);
    const again = await compileStep(options);
    again.epoch({ x, y }, indices.slice(0, 16));
    assert.deepEqual(again.state().parameters, stepped.state().parameters);
    for (const c of [looped, stepped, again]) c.dispose();
    model.dispose();
  });
}

/** A dense network whose loss is a mean over rows, and data for two batches of 24. */
function rowwise() {
  const model = tf.sequential({
    layers: [
      tf.layers.dense({
        units: 8,
        activation: "relu",
        inputShape: [5],
        kernelInitializer: tf.initializers.glorotUniform({ seed: 4 }),
      }),
      tf.layers.dense({ units: 2, kernelInitializer: tf.initializers.glorotUniform({ seed: 5 }) }),
    ],
  });
  const rng = createRng(9);
  const x = rng.fillNormal(new Float32Array(48 * 5)), y = rng.fillNormal(new Float32Array(48 * 2));
  const compiled = (microBatch?: number) =>
    compileStep({
      model,
      loss: (t, p) => tf.losses.meanSquaredError(t, p),
      optimizer: { kind: "adam", learningRate: 0.01 },
      batchSize: 24,
      clipNorm: 0.5,
      microBatch,
    });
  return { model, x, y, compiled };
}

Deno.test("a batch in parts takes the step of the whole batch", async () => {
  const { model, x, y, compiled } = rowwise();
  const whole = await compiled(), parts = await compiled(8);
  for (let i = 0; i < 20; i++) {
    const a = whole.step(x.subarray(0, 120), y.subarray(0, 48));
    const b = parts.step(x.subarray(0, 120), y.subarray(0, 48));
    assert.ok(Math.abs(a - b) <= 1e-5 * Math.abs(a), `step ${i}: ${a} whole, ${b} in parts`);
  }
  whole.dispose();
  parts.dispose();
  model.dispose();
});

Deno.test("an epoch of batches in parts has the bits of its single steps, the last one smaller", async () => {
  const { model, x, y, compiled } = rowwise();
  const loop = await compiled(6), single = await compiled(6);
  const indices = Int32Array.from({ length: 48 }, (_, i) => (i * 7) % 48);
  const row = (data: Float32Array, n: number, i: number) => data.subarray(i * n, (i + 1) * n);
  const rows = (data: Float32Array, n: number, from: number) =>
    Float32Array.from([...indices.subarray(from, from + 24)].flatMap((i) => [...row(data, n, i)]));
  const losses = loop.epoch({ x, y }, indices);
  const want = [0, 24].map((from) => single.step(rows(x, 5, from), rows(y, 2, from)));
  assert.deepEqual([...losses], want.map(Math.fround));
  assert.deepEqual(loop.state().parameters, single.state().parameters);
  assert.equal(loop.epoch({ x, y }, indices.subarray(0, 30)).length, 2);
  loop.dispose();
  single.dispose();
  model.dispose();
});

Deno.test("a batch is not cut where parts would not make the whole", async () => {
  const { model, compiled } = rowwise();
  await assert.rejects(compiled(7), {
    name: "RangeError",
    message: "Cannot compile step: microBatch must divide the batch (24), got 7",
  });
  model.dispose();
  const dropping = tf.sequential({
    layers: [
      tf.layers.dropout({ rate: 0.5, inputShape: [3] }),
      tf.layers.dense({ units: 1 }),
    ],
  });
  await assert.rejects(
    compileStep({
      model: dropping,
      loss: (t, p) => tf.losses.meanSquaredError(t, p),
      optimizer: { kind: "sgd", learningRate: 0.1 },
      batchSize: 4,
      microBatch: 2,
    }),
    /microBatch must be left out where the loss draws random numbers/,
  );
  dropping.dispose();
});
