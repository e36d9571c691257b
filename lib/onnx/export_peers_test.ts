import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createRng } from "../math/mod.ts";
import { peerPython } from "../../tests/support/components.ts";
import { compileStep, exportOnnx, irVersion, loadOnnx, opsetVersion } from "./mod.ts";

await tf.setBackend("cpu");

/** A model that uses most of what exports contain: windows, both recurrent operators, normalisation. */
function sampleModel(): tf.LayersModel {
  const input = tf.input({ shape: [12, 3] });
  const apply = (layer: tf.layers.Layer, x: tf.SymbolicTensor) =>
    layer.apply(x) as tf.SymbolicTensor;
  let x = apply(
    tf.layers.conv1d({ filters: 6, kernelSize: 3, padding: "same", activation: "relu" }),
    input,
  );
  x = apply(tf.layers.batchNormalization(), x);
  x = apply(tf.layers.maxPooling1d({ poolSize: 2 }), x);
  x = apply(tf.layers.layerNormalization(), x);
  x = apply(tf.layers.lstm({ units: 5, returnSequences: true }), x);
  x = apply(tf.layers.gru({ units: 4, goBackwards: true }), x);
  x = apply(tf.layers.dense({ units: 3, activation: "softmax" }), x);
  return tf.model({ inputs: input, outputs: x });
}

const batch = 5;
const data = createRng(4).fillNormal(new Float32Array(batch * 36));

async function exported() {
  const model = sampleModel();
  const bytes = await exportOnnx(model, { signature: { inputs: ["x"], outputs: ["y"] } });
  const want = (model.predict(tf.tensor(data, [batch, 12, 3])) as tf.Tensor).dataSync();
  return { model, bytes, want };
}

function assertNear(got: ArrayLike<number>, want: ArrayLike<number>): void {
  assert.equal(got.length, want.length);
  for (let i = 0; i < want.length; i++) assert.ok(Math.abs(got[i] - want[i]) < 2e-6, `${i}`);
}

Deno.test("an exported stack of layers predicts as tfjs does", async () => {
  const { model, bytes, want } = await exported();
  const loaded = await loadOnnx(bytes);
  assertNear(loaded.runSync({ x: { data, shape: [batch, 12, 3] } }).y.data as Float32Array, want);
  loaded.dispose();
  model.dispose();
});

const python = peerPython("onnx") && peerPython("onnxruntime");

async function checkInPython(bytes: Uint8Array, feeds: Record<string, unknown>) {
  const dir = await Deno.makeTempDir();
  try {
    await Deno.writeFile(`${dir}/model.onnx`, bytes);
    await Deno.writeTextFile(`${dir}/inputs.json`, JSON.stringify(feeds));
    const script = new URL("./testdata/check_onnx.py", import.meta.url).pathname;
    const { success, stdout, stderr } = await new Deno.Command(python!, {
      args: [script, `${dir}/model.onnx`, `${dir}/inputs.json`],
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    return JSON.parse(new TextDecoder().decode(stdout).trim().split("\n").pop()!);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test({
  name:
    "an exported model passes onnx.checker's full check and runs in Python's onnxruntime [onnx]",
  ignore: !python,
  async fn() {
    const { model, bytes, want } = await exported();
    const result = await checkInPython(bytes, { x: { data: [...data], shape: [batch, 12, 3] } });
    assert.equal(result.opset, opsetVersion);
    assert.equal(result.ir, irVersion);
    assertNear(result.outputs.y, want);
    model.dispose();
  },
});

Deno.test({
  name: "a compiled training step is a valid ONNX model that trains in Python as here [onnx]",
  ignore: !python,
  async fn() {
    const model = sampleModel();
    const step = await compileStep({
      model,
      loss: (y, p) => tf.metrics.categoricalCrossentropy(y, p).mean(),
      optimizer: { kind: "adam", learningRate: 0.01 },
      batchSize: batch,
    });
    const targets = Float32Array.from({ length: batch * 3 }, (_, i) => Number(i % 3 === i % 2));
    const before = step.state();
    const feeds: Record<string, { data: number[]; shape: number[] }> = {
      x: { data: [...data], shape: [batch, 12, 3] },
      y: { data: [...targets], shape: [batch, 3] },
      "state/parameters": { data: [...before.parameters], shape: [before.parameters.length] },
      // The first step: bias corrections cancel.
      scalars: { data: [0.01, 1e-7], shape: [2] },
    };
    for (const s of ["firstMoment", "secondMoment"]) {
      feeds[`state/${s}`] = { data: [...before.slots[s]], shape: [before.slots[s].length] };
    }
    for (const [name, values] of Object.entries(before.extra)) {
      feeds[`var/${name}`] = { data: [...values], shape: [values.length] };
    }
    const result = await checkInPython(step.toOnnx(), feeds);
    const loss = step.step(data, targets);
    assert.ok(Math.abs(result.outputs.loss[0] - loss) < 1e-5 * Math.abs(loss));
    const after = step.state().parameters;
    const moved = result.outputs["parameters:new"] as number[];
    moved.forEach((v, i) => assert.ok(Math.abs(v - after[i]) < 1e-4, `parameter ${i}`));
    step.dispose();
    model.dispose();
  },
});

Deno.test({
  name: "an exported model runs in onnxruntime-web",
  // The WebAssembly runtime keeps its module and timers for the process.
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const { model, bytes, want } = await exported();
    const ort = await import("onnxruntime-web");
    ort.env.wasm.numThreads = 1;
    const session = await ort.InferenceSession.create(bytes, { executionProviders: ["wasm"] });
    const { y } = await session.run({ x: new ort.Tensor("float32", data, [batch, 12, 3]) });
    assertNear(y.data as Float32Array, want);
    await session.release();
    model.dispose();
  },
});
