import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { compileStep, exportOnnx, loadOnnx, loadOnnxInWorker } from "./mod.ts";

await tf.setBackend("cpu");

const model = tf.sequential({
  layers: [
    tf.layers.dense({ units: 16, activation: "tanh", inputShape: [8] }),
    tf.layers.dropout({ rate: 0.25 }),
    tf.layers.dense({ units: 2 }),
  ],
});
const rows = 50;
const x = Float32Array.from({ length: rows * 8 }, (_, i) => Math.sin(i));
const y = Float32Array.from({ length: rows * 2 }, (_, i) => Math.cos(i));
const indices = Int32Array.from({ length: rows }, (_, i) => i * 7 % rows);
const compile = () =>
  compileStep({
    model,
    loss: (t, p) => tf.losses.meanSquaredError(t, p),
    optimizer: { kind: "adamw", learningRate: 0.01 },
    batchSize: 16,
    seed: 9,
  });

Deno.test("a worker trains to the same bits, while this thread answers", async () => {
  const here = await compile();
  const step = await compile();
  const there = await step.toWorker();
  let ticks = 0;
  const timer = setInterval(() => ticks++, 1);
  const many = new Int32Array(indices.length * 60);
  for (let i = 0; i < 60; i++) many.set(indices, i * indices.length);
  const { loss } = await there.epoch({ x, y }, many);
  clearInterval(timer);
  assert.ok(ticks > 1, `${ticks} ticks`);
  assert.deepEqual(loss, here.epoch({ x, y }, many));
  assert.deepEqual(await there.epoch({ x, y }, indices), here.epochMetrics({ x, y }, indices));
  step.restore(await there.state());
  assert.deepEqual(step.state(), here.state());
  there.dispose();
  await assert.rejects(there.state(), /worker is disposed/);
  step.dispose();
  here.dispose();
});

Deno.test("a worker's refusals come back as errors, and it goes on", async () => {
  const step = await compile();
  const there = await step.toWorker();
  await assert.rejects(
    there.epoch({ x, y }, [rows]),
    (e: unknown) =>
      e instanceof RangeError && /indices\[0\] must lie in \[0, 50\), got 50/.test(e.message),
  );
  const { loss } = await there.step({ x: x.slice(0, 128), y: y.slice(0, 32) });
  assert.ok(loss > 0);
  there.dispose();
  step.dispose();
});

Deno.test("a model in a worker predicts as it does here", async () => {
  const bytes = await exportOnnx(model, { signature: { inputs: ["x"], outputs: ["y"] } });
  const there = await loadOnnxInWorker(bytes);
  const here = await loadOnnx(bytes);
  const feeds = { x: { data: x, shape: [rows, 8] } };
  assert.deepEqual((await there.run(feeds)).y.data, here.runSync(feeds).y.data);
  assert.deepEqual(there.inputs, here.inputs);
  there.dispose();
  here.dispose();
  await assert.rejects(loadOnnxInWorker(Uint8Array.of(1, 2)));
});

Deno.test("a run resumed from its state takes the same steps, dropout included", async () => {
  const whole = await compile();
  whole.epoch({ x, y }, indices);
  const saved = structuredClone(whole.state());
  const rest = whole.epoch({ x, y }, indices);
  const resumed = await compile();
  resumed.restore(saved);
  assert.equal(resumed.steps, 4);
  assert.deepEqual(resumed.epoch({ x, y }, indices), rest);
  assert.deepEqual(resumed.state(), whole.state());
  assert.throws(
    () => resumed.restore({ ...saved, parameters: new Float32Array(3) }),
    /parameters must have 178 elements, got 3/,
  );
  whole.dispose();
  resumed.dispose();
});

Deno.test("buffers that a step reads are never those that it writes", async () => {
  const step = await compile();
  const batch = { x: x.slice(0, 128), y: y.slice(0, 32) };
  const input = batch.x.slice();
  for (let i = 0; i < 25; i++) step.stepFeeds(batch);
  assert.deepEqual(batch.x, input);
  // The same steps from fresh memory at each one.
  const fresh = await compile();
  for (let i = 0; i < 25; i++) {
    fresh.restore(structuredClone(fresh.state()));
    fresh.stepFeeds({ x: batch.x.slice(), y: batch.y.slice() });
  }
  assert.deepEqual(fresh.state(), step.state());
  step.dispose();
  fresh.dispose();
});
