import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createModel, type ModelConfig } from "../../models/mod.ts";
import { compileStep, type GeneralStepOptions, trainableVariables } from "../mod.ts";
import type { OptimizerConfig } from "../optimizers.ts";
import { close, normal } from "../_close.ts";
import { gradientProgram } from "./lane_graphs.ts";

await tf.setBackend("cpu");

const mse = (y: tf.Tensor, p: tf.Tensor) => tf.losses.meanSquaredError(y, p) as tf.Tensor;

function dense(): tf.LayersModel {
  const kernelInitializer = (seed: number) => tf.initializers.glorotUniform({ seed });
  return tf.sequential({
    layers: [
      tf.layers.dense({
        units: 8,
        activation: "relu",
        inputShape: [5],
        kernelInitializer: kernelInitializer(4),
      }),
      tf.layers.dense({ units: 2, kernelInitializer: kernelInitializer(5) }),
    ],
  });
}

function denseStep(model: tf.LayersModel, lanes?: number, microBatch?: number) {
  return compileStep({
    model,
    loss: mse,
    optimizer: { kind: "sgd", learningRate: 0.05, momentum: 0.9 },
    batchSize: 24,
    clipNorm: 0.5,
    lanes,
    microBatch,
  });
}

for (const kind of ["mlp", "cnn", "lstm", "gru", "transformer"] as const) {
  Deno.test(`two lanes take the step of one thread for the ${kind} factory`, async () => {
    const model = await createModel(
      { kind, windowBars: 8, features: 4, outputs: 2, seed: 3 } as ModelConfig,
    );
    const options = {
      model: model.tf,
      loss: mse,
      optimizer: { kind: "sgd" as const, learningRate: 0.01 },
      batchSize: 16,
    };
    const one = await compileStep(options), two = await compileStep({ ...options, lanes: 2 });
    const x = normal(16 * 8 * 4, 1), y = normal(16 * 2, 2);
    for (let i = 0; i < 5; i++) {
      close([two.step(x, y)], [one.step(x, y)], 1e-5, `loss ${i}`);
    }
    close(two.state().parameters, one.state().parameters, 1e-5, "parameters");
    one.dispose();
    two.dispose();
    model.tf.dispose();
  });
}

Deno.test("lanes take the PPO step of one thread, its metrics and a shared coefficient included", async () => {
  const weight = tf.variable(tf.tensor(normal(12, 6), [4, 3]));
  const scale = tf.variable(tf.scalar(0.5), false);
  const options: GeneralStepOptions = {
    variables: [weight],
    inputs: {
      x: { shape: [12, 4] },
      action: { shape: [12], dtype: "int32" },
      oldLogProbability: { shape: [12] },
      advantage: { shape: [12] },
      entropyCoefficient: { shape: [] },
    },
    loss: (t) => {
      const logits = tf.logSoftmax(tf.mul(tf.matMul(t.x as tf.Tensor2D, weight), scale));
      const chosen = tf.sum(tf.mul(logits, tf.oneHot(t.action as tf.Tensor1D, 3)), 1);
      const ratio = tf.exp(tf.sub(chosen, t.oldLogProbability));
      const clipped = tf.clipByValue(ratio, 0.8, 1.2);
      const gain = tf.minimum(tf.mul(ratio, t.advantage), tf.mul(clipped, t.advantage));
      const entropy = tf.neg(tf.mean(tf.sum(tf.mul(tf.exp(logits), logits), 1)));
      const loss = tf.sub(tf.neg(tf.mean(gain)), tf.mul(entropy, t.entropyCoefficient));
      return { loss, entropy };
    },
    optimizer: { kind: "sgd", learningRate: 0.1 },
    clipNorm: 0.5,
  };
  const one = await compileStep(options), three = await compileStep({ ...options, lanes: 3 });
  const feeds = {
    x: normal(48, 1),
    action: Int32Array.from({ length: 12 }, (_, i) => i % 3),
    oldLogProbability: normal(12, 2).map((v) => 0.1 * v - 1.1),
    advantage: normal(12, 3),
    entropyCoefficient: Float32Array.of(0.01),
  };
  const compare = (count: number) => {
    for (let i = 0; i < count; i++) {
      const want = one.stepFeeds(feeds), got = three.stepFeeds(feeds);
      close([got.loss], [want.loss], 1e-5, "loss");
      close([got.entropy], [want.entropy], 1e-5, "entropy");
    }
    close(three.state().parameters, one.state().parameters, 1e-5, "parameters");
  };
  compare(8);
  // What the loss reads beside its inputs reaches the lanes as well.
  scale.assign(tf.scalar(2));
  for (const step of [one, three]) {
    step.syncVariables();
    step.readVariables();
  }
  compare(3);
  one.dispose();
  three.dispose();
  tf.dispose([weight, scale]);
});

Deno.test("an epoch in lanes has the bits of its single steps, the last batch smaller", async () => {
  const model = dense();
  const x = normal(60 * 5, 7), y = normal(60 * 2, 8);
  const epoch = await denseStep(model, 2, 4), single = await denseStep(model, 2, 4);
  const indices = Int32Array.from({ length: 48 }, (_, i) => (i * 7) % 60);
  const rows = (data: Float32Array, n: number, from: number) =>
    Float32Array.from(
      [...indices.subarray(from, from + 24)].flatMap((i) => [...data.subarray(i * n, i * n + n)]),
    );
  const losses = epoch.epoch({ x, y }, indices, { learningRate: [0.1, 0.02] });
  const want = [0, 24].map((from, i) =>
    single.step(rows(x, 5, from), rows(y, 2, from), { learningRate: [0.1, 0.02][i] })
  );
  assert.deepEqual([...losses], want);
  assert.deepEqual(epoch.state(), single.state());
  assert.equal(epoch.steps, 2);
  assert.equal(epoch.epoch({ x, y }, indices.subarray(0, 30)).length, 2);
  assert.equal(epoch.steps, 4);
  epoch.dispose();
  single.dispose();
  model.dispose();
});

const optimizers: OptimizerConfig[] = [
  { kind: "sgd", learningRate: 0.05 },
  { kind: "sgd", learningRate: 0.05, momentum: 0.9, nesterov: true },
  { kind: "adam", learningRate: 0.01, epsilon: 1e-3 },
  { kind: "adamw", learningRate: 0.01, epsilon: 1e-3, weightDecay: 0.1 },
  { kind: "rmsprop", learningRate: 0.01, epsilon: 1e-3 },
  { kind: "rmsprop", learningRate: 0.01, epsilon: 1e-3, momentum: 0.5 },
];
for (const [i, optimizer] of optimizers.entries()) {
  Deno.test(`lanes update as one thread does, by optimizer ${JSON.stringify(optimizer)}`, async () => {
    const model = dense();
    // An odd share of lines for one of three lanes, and a norm that is met from some step on.
    const limits = { clipNorm: 0.3, clipValue: i % 2 ? 0.1 : undefined };
    const options = { model, loss: mse, optimizer, batchSize: 24, ...limits };
    const one = await compileStep(options), three = await compileStep({ ...options, lanes: 3 });
    const x = normal(24 * 5, 7), y = normal(24 * 2, 8);
    for (let k = 0; k < 12; k++) {
      const told = { learningRate: 0.02 / (1 + k) };
      close([three.step(x, y, told)], [one.step(x, y, told)], 1e-5, `loss ${k}`);
    }
    const got = three.state(), want = one.state();
    close(got.parameters, want.parameters, 1e-5, "parameters");
    assert.deepEqual(Object.keys(got.slots), Object.keys(want.slots));
    for (const slot in want.slots) close(got.slots[slot], want.slots[slot], 1e-4, slot);
    one.dispose();
    three.dispose();
    // What was learned is there after the lanes are gone.
    assert.deepEqual(three.state(), got);
    model.dispose();
  });
}

for (const clipNorm of [undefined, 0.5]) {
  Deno.test(
    `lanes train parameters that are inputs one by one, ${clipNorm ? "clipped" : "as they are"}`,
    async () => {
      const model = tf.sequential({
        layers: [
          tf.layers.dense({ units: 300, activation: "tanh", inputShape: [5] }),
          tf.layers.dense({ units: 300 }),
          tf.layers.dense({ units: 2 }),
        ],
      });
      const options = {
        model,
        loss: mse,
        optimizer: { kind: "sgd" as const, learningRate: 0.05, momentum: 0.9 },
        batchSize: 24,
        clipNorm,
      };
      const one = await compileStep(options);
      const two = await compileStep({ ...options, lanes: 2, microBatch: 6 });
      const x = normal(24 * 5, 7), y = normal(24 * 2, 8);
      for (let i = 0; i < 3; i++) close([two.step(x, y)], [one.step(x, y)], 1e-5, `loss ${i}`);
      const got = two.state(), want = one.state();
      assert.ok(got.parameters.length > 1 << 16);
      close(got.parameters, want.parameters, 1e-5, "parameters");
      close(got.slots.momentum, want.slots.momentum, 1e-4, "momentum");
      one.dispose();
      two.dispose();
      model.dispose();
    },
  );
}

for (const [microBatch, parts] of [[17, 2], [1, 1]]) {
  const how = parts === 1 ? "in a Loop, as their gradients would take 72 MB" : "in two calls";
  Deno.test(`a lane takes 34 rows in parts of ${microBatch}, ${how}`, async () => {
    const model = tf.sequential({
      layers: [
        tf.layers.dense({ units: 512, activation: "relu", inputShape: [512] }),
        tf.layers.dense({ units: 1 }),
      ],
    });
    const options = {
      model,
      loss: mse,
      optimizer: { kind: "sgd" as const, learningRate: 0.01 },
      batchSize: 68,
    };
    const { program } = gradientProgram(
      trainableVariables(model),
      ({ x, y }) => mse(y, model.apply(x) as tf.Tensor),
      { x: { shape: [34, 512] }, y: { shape: [34, 1] } },
      { lanes: 2, microBatch },
    );
    assert.deepEqual([program.parts, program.rows], [parts, 34 / parts]);
    const one = await compileStep(options);
    const two = await compileStep({ ...options, lanes: 2, microBatch });
    const x = normal(68 * 512, 7), y = normal(68, 8);
    for (let i = 0; i < 2; i++) close([two.step(x, y)], [one.step(x, y)], 1e-5, `loss ${i}`);
    close(two.state().parameters, one.state().parameters, 1e-5, "parameters");
    one.dispose();
    two.dispose();
    model.dispose();
  });
}

Deno.test("lanes leave what the loss does not read, take classes as integers and new data each step", async () => {
  const weight = tf.variable(tf.tensor(normal(12, 6), [4, 3]));
  const unread = tf.variable(tf.tensor1d([1, 2, 3]));
  const options: GeneralStepOptions = {
    variables: [unread, weight],
    // Narrow rows and wide ones, of both types.
    inputs: {
      x: { shape: [12, 4] },
      wide: { shape: [12, 6], dtype: "int32" },
      action: { shape: [12], dtype: "int32" },
    },
    loss: (t) => {
      const logits = tf.logSoftmax(tf.matMul(t.x as tf.Tensor2D, weight));
      const chosen = tf.sum(tf.mul(logits, tf.oneHot(t.action as tf.Tensor1D, 3)), 1);
      return tf.neg(tf.mean(tf.mul(chosen, tf.sum(tf.cast(t.wide, "float32"), 1))));
    },
    optimizer: { kind: "adam", learningRate: 0.01 },
  };
  const one = await compileStep(options), two = await compileStep({ ...options, lanes: 2 });
  for (let i = 0; i < 4; i++) {
    const feeds = {
      x: normal(48, i),
      wide: Int32Array.from({ length: 72 }, (_, k) => (k * k + i) % 5),
      action: Int32Array.from({ length: 12 }, (_, k) => (k + i) % 3),
    };
    close([two.stepFeeds(feeds).loss], [one.stepFeeds(feeds).loss], 1e-5, `loss ${i}`);
  }
  const got = two.state().parameters;
  close(got, one.state().parameters, 1e-5, "parameters");
  assert.deepEqual([...got.subarray(0, 3)], [1, 2, 3]);
  one.dispose();
  two.dispose();
  tf.dispose([weight, unread]);
});

Deno.test("a state goes from lanes to one thread and back", async () => {
  const model = dense();
  const x = normal(24 * 5, 7), y = normal(24 * 2, 8);
  const lanes = await denseStep(model, 2), one = await denseStep(model);
  lanes.step(x, y);
  one.restore(lanes.state());
  close([one.step(x, y)], [lanes.step(x, y)], 1e-5, "loss");
  lanes.restore(one.state());
  assert.deepEqual(lanes.state(), one.state());
  lanes.dispose();
  one.dispose();
  model.dispose();
});

Deno.test("lanes are refused where they would not make the whole", async () => {
  const model = dense();
  await assert.rejects(denseStep(model, 5), {
    name: "RangeError",
    message: "Cannot compile step: lanes must divide the batch (24), got 5",
  });
  await assert.rejects(denseStep(model, 0), {
    message: "Cannot compile step: lanes must be an integer >= 1, got 0",
  });
  await assert.rejects(denseStep(model, 2, 8), {
    message: "Cannot compile step: microBatch must divide the batch (12), got 8",
  });
  model.dispose();
  const dropping = tf.sequential({
    layers: [tf.layers.dropout({ rate: 0.5, inputShape: [3] }), tf.layers.dense({ units: 1 })],
  });
  await assert.rejects(
    compileStep({
      model: dropping,
      loss: mse,
      optimizer: { kind: "sgd", learningRate: 0.1 },
      batchSize: 4,
      lanes: 2,
    }),
    /lanes must be 1 where the loss draws random numbers or assigns variables/,
  );
  dropping.dispose();
});

Deno.test("a step in lanes that is not fed well names the input and can go on", async () => {
  const model = dense();
  const step = await denseStep(model, 2);
  const x = normal(24 * 5, 7), y = normal(24 * 2, 8);
  assert.throws(() => step.step(x.subarray(1), y), {
    name: "RangeError",
    message: "Cannot train: input x must have 120 elements (shape [24,5]), got 119",
  });
  assert.ok(step.step(x, y) > 0);
  assert.equal(step.steps, 1);
  step.dispose();
  step.dispose();
  model.dispose();
});

Deno.test("lanes that were not disposed let the process end, and end when they are collected", async () => {
  const script = `
    import * as tf from "@tensorflow/tfjs";
    import { compileStep } from "${new URL("../mod.ts", import.meta.url)}";
    await tf.setBackend("cpu");
    async function forgotten() {
      const w = tf.variable(tf.tensor1d([1, 2]));
      const step = await compileStep({
        variables: [w],
        inputs: { x: { shape: [4, 2] } },
        loss: (t) => tf.mean(tf.square(tf.mul(t.x, w))),
        optimizer: { kind: "sgd", learningRate: 0.1 },
        batchSize: 4,
        lanes: 2,
      });
      step.stepFeeds({ x: new Float32Array(8).fill(1) });
    }
    const threads = () => [...Deno.readDirSync("/proc/self/task")].length;
    await forgotten();
    const before = Deno.build.os === "linux" ? threads() : 0;
    if (Deno.args[0] === "collect") {
      for (let i = 0; i < 40 && threads() >= before; i++) {
        gc();
        await new Promise((resolve) => setTimeout(resolve, 25));
      }
      console.log(threads() < before ? "ended" : "still there");
    } else console.log("ended");
  `;
  const runs = Deno.build.os === "linux" ? ["leave", "collect"] : ["leave"];
  await Promise.all(runs.map(async (how) => {
    const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["eval", "--v8-flags=--expose-gc", "--ext=ts", script, how],
      signal: AbortSignal.timeout(60_000),
    }).output();
    const decode = (bytes: Uint8Array) => new TextDecoder().decode(bytes);
    assert.match(decode(stdout), /ended$/m, how + decode(stderr));
  }));
});
