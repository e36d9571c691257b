import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createRng } from "../math/mod.ts";
import { exportOnnx, loadOnnx } from "./mod.ts";
import { readMetadata } from "./graph/model_proto.ts";

await tf.setBackend("cpu");

const models: Record<string, () => tf.LayersModel> = {
  dense: () =>
    tf.sequential({
      layers: [
        tf.layers.dense({ units: 8, activation: "relu", inputShape: [12, 3] }),
        tf.layers.dropout({ rate: 0.5 }),
        tf.layers.flatten(),
        tf.layers.dense({ units: 2, activation: "softmax" }),
      ],
    }),
  conv1d: () =>
    tf.sequential({
      layers: [
        tf.layers.conv1d({ filters: 4, kernelSize: 3, padding: "same", inputShape: [12, 3] }),
        tf.layers.batchNormalization(),
        tf.layers.maxPooling1d({ poolSize: 2 }),
        tf.layers.globalAveragePooling1d(),
        tf.layers.dense({ units: 2 }),
      ],
    }),
  lstm: () =>
    tf.sequential({
      layers: [
        tf.layers.lstm({ units: 5, inputShape: [12, 3], returnSequences: true }),
        tf.layers.lstm({ units: 4, recurrentActivation: "sigmoid" }),
        tf.layers.dense({ units: 2 }),
      ],
    }),
  gru: () =>
    tf.sequential({
      layers: [
        tf.layers.gru({
          units: 5,
          inputShape: [12, 3],
          returnSequences: true,
          recurrentActivation: "sigmoid",
        }),
        tf.layers.gru({ units: 4, goBackwards: true }),
        tf.layers.dense({ units: 2 }),
      ],
    }),
};

for (const [name, build] of Object.entries(models)) {
  Deno.test(`exportOnnx() of a ${name} model predicts as tfjs does at any batch size`, async () => {
    const model = build();
    const bytes = await exportOnnx(model, {
      signature: { inputs: ["window"], outputs: ["forecast"] },
      metadata: { version: "7" },
    });
    const loaded = await loadOnnx(bytes);
    assert.deepEqual(loaded.inputs, [{
      name: "window",
      dtype: "float32",
      shape: ["batch", 12, 3],
    }]);
    assert.deepEqual(loaded.outputs.map((o) => o.shape), [["batch", 2]]);
    assert.equal(readMetadata(bytes).version, "7");
    assert.equal(loaded.metadata.version, "7");
    for (const batch of [1, 3, 64]) {
      const data = createRng(batch).fillNormal(new Float32Array(batch * 36));
      const want = (model.predict(tf.tensor(data, [batch, 12, 3])) as tf.Tensor).dataSync();
      const { forecast } = await loaded.run({ window: { data, shape: [batch, 12, 3] } });
      assert.deepEqual(forecast.shape, [batch, 2]);
      for (let i = 0; i < want.length; i++) {
        assert.ok(Math.abs(forecast.data[i] as number - want[i]) < 2e-6, `batch ${batch}, ${i}`);
      }
    }
    loaded.dispose();
    model.dispose();
  });
}

Deno.test("a loaded model refuses inputs that do not fit", async () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
  const loaded = await loadOnnx(await exportOnnx(model, { signature: { inputs: ["x"] } }));
  assert.throws(() => loaded.runSync({}), /input x must be given/);
  assert.throws(
    () => loaded.runSync({ x: { data: [1, 2, 3], shape: [1, 3] } }),
    /input x must have shape \[batch,2\], got \[1,3\]/,
  );
  assert.throws(
    () => loaded.runSync({ x: { data: [1], shape: [1, 2] } }),
    /must have 2 elements, got 1/,
  );
  assert.throws(
    () => loaded.runSync({ x: { data: [1, 2], shape: [1, 2] }, z: { data: [], shape: [0] } }),
    /input must be one of x, got z/,
  );
  loaded.dispose();
  await assert.rejects(loadOnnx(Uint8Array.of(1, 2, 3)));
  model.dispose();
});

Deno.test("exportOnnx() refuses names and models that can't be written", async () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
  await assert.rejects(
    exportOnnx(model, { signature: { inputs: ["a", "b"] } }),
    /signature.inputs must have 1 different names, got \[a,b\]/,
  );
  await assert.rejects(
    exportOnnx(model, { signature: { inputs: ["x"], outputs: ["x"] } }),
    /signature.outputs must differ from the inputs' names, got "x" in both/,
  );
  const open = tf.sequential({
    layers: [tf.layers.dense({ units: 1, batchInputShape: [null, null, 2] })],
  });
  await assert.rejects(exportOnnx(open), /must have known dimensions after the batch/);
  const random = tf.sequential({
    layers: [tf.layers.gaussianNoise({ stddev: 1, inputShape: [2] })],
  });
  const quiet = await loadOnnx(await exportOnnx(random));
  const [input] = quiet.inputs, [output] = quiet.outputs;
  const feeds = { [input.name]: { data: [1, 2], shape: [1, 2] } };
  assert.deepEqual([...quiet.runSync(feeds)[output.name].data], [1, 2]);
  quiet.dispose();
});

Deno.test("exportOnnx() can fix the batch, and then names no dimension", async () => {
  const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
  const bytes = await exportOnnx(model, { dynamicBatch: false, batchSize: 3 });
  const loaded = await loadOnnx(bytes);
  assert.deepEqual(loaded.inputs.map((i) => i.shape), [[3, 2]]);
  loaded.dispose();
});
