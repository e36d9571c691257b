import assert from "node:assert/strict";
import { SupervisedDataset } from "../datasets/mod.ts";
import { createRng } from "../math/mod.ts";
import { createModel, loadTf } from "../models/mod.ts";
import { loadOnnx } from "../onnx/mod.ts";
import type { ExportFormat } from "./export_formats.ts";
import { ModelStore } from "./model_store.ts";
import { predict } from "./predict.ts";
import type * as tfTypes from "@tensorflow/tfjs";

const config = {
  kind: "cnn",
  windowBars: 6,
  features: 2,
  filters: 4,
  causal: false,
  seed: 3,
} as const;
const features = ["return", "volume"];
const example = createRng(5).fillNormal(new Float32Array(12));

async function withStore(body: (store: ModelStore, dir: string) => Promise<void>) {
  const dir = await Deno.makeTempDir();
  try {
    await body(new ModelStore(dir, { clock: () => 1_700_000_000_000 }), dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

Deno.test("ModelStore numbers versions, keeps what was said of them and loads the newest", async () => {
  await withStore(async (store) => {
    const first = await createModel(config);
    const second = await createModel({ ...config, seed: 4 });
    const said = {
      features,
      inputExample: example,
      metrics: { ic: 0.03 },
      hyperparameters: { learningRate: 0.01 },
      pipelineHash: "p1",
      dataFingerprint: "d1",
      gitCommit: "c1",
      backend: "ort",
    };
    const a = await store.save("trend", first, said);
    assert.deepEqual([a.version, a.createdAt], [1, "2023-11-14T22:13:20.000Z"]);
    assert.equal((await store.save("trend", second, said)).version, 2);
    assert.deepEqual(await store.versions("trend"), [1, 2]);
    const loaded = await store.load("trend", { features, windowBars: 6, pipelineHash: "p1" });
    assert.equal(loaded.manifest.version, 2);
    assert.deepEqual(loaded.manifest.metrics, said.metrics);
    assert.deepEqual(await predict(loaded.model, example), await predict(second, example));
    const old = await store.load("trend", { version: 1 });
    assert.deepEqual(await predict(old.model, example), await predict(first, example));
    for (const m of [first, second, loaded.model, old.model]) m.dispose();
  });
});

Deno.test("ModelStore gives writers at the same time different versions", async () => {
  await withStore(async (store, dir) => {
    const model = await createModel(config);
    const saved = await Promise.all(
      [1, 2, 3].map(() => store.save("trend", model, { features, gitCommit: "c" })),
    );
    assert.deepEqual(saved.map((m) => m.version).sort(), [1, 2, 3]);
    assert.deepEqual([...Deno.readDirSync(`${dir}/trend`)].map((e) => e.name).sort(), [
      "v1",
      "v2",
      "v3",
    ]);
    for (const m of saved) {
      assert.equal((await store.manifest("trend", m.version)).version, m.version);
    }
    model.dispose();
  });
});

Deno.test("ModelStore refuses by name what does not match", async () => {
  await withStore(async (store, dir) => {
    const model = await createModel(config);
    await store.save("trend", model, { features, pipelineHash: "p1", gitCommit: "c" });
    const fails = (options: Parameters<ModelStore["load"]>[1], message: RegExp) =>
      assert.rejects(() => store.load("trend", options), { message });
    await fails({ version: 7 }, /version must be one of 1, got 7/);
    await fails({ features: ["return", "spread"] }, /feature 1 must be volume, got spread/);
    await fails({ features: ["return"] }, /feature 1 must be volume, got undefined/);
    await fails({ windowBars: 8 }, /windowBars must be 6, got 8/);
    await fails({ pipelineHash: "p2" }, /pipelineHash must be p1, got p2/);
    await assert.rejects(() => store.load("none"), /version must be stored first, got none/);
    await assert.rejects(() => store.save("../x", model, { features }), /name must be letters/);
    await assert.rejects(
      () => store.save("trend", model, { features: ["a"] }),
      /must have the model's 2 names, got 1/,
    );
    const path = `${dir}/trend/v1/model.safetensors`;
    Deno.truncateSync(path, 700);
    await fails({}, /Cannot load model trend v1: /);
    const manifest = JSON.parse(Deno.readTextFileSync(`${dir}/trend/v1/manifest.json`));
    assert.equal(manifest.signature.inputs[0].name, "window");
    model.dispose();
  });
});

Deno.test("ModelStore refuses a model that no longer predicts its example", async () => {
  await withStore(async (store, dir) => {
    const model = await createModel(config);
    await store.save("trend", model, { features, inputExample: example, gitCommit: "c" });
    const path = `${dir}/trend/v1/manifest.json`;
    const manifest = JSON.parse(Deno.readTextFileSync(path));
    manifest.example.output[0] += 0.5;
    Deno.writeTextFileSync(path, JSON.stringify(manifest));
    await assert.rejects(() => store.load("trend"), /output 0 of its example must be/);
    model.dispose();
  });
});

Deno.test("ModelStore exports ONNX and tfjs files that predict the same", async () => {
  await withStore(async (store, dir) => {
    const model = await createModel(config);
    await store.save("trend", model, { features, gitCommit: "c" });
    await assert.rejects(
      () => store.export("trend", "h5" as ExportFormat, `${dir}/out`),
      /format must be one of onnx, tfjs, savedmodel, got h5/,
    );
    const expected = await predict(model, example);
    await store.export("trend", "onnx", `${dir}/out.onnx`);
    const onnx = await loadOnnx(await Deno.readFile(`${dir}/out.onnx`));
    const { [onnx.outputs[0].name]: y } = onnx.runSync({
      [onnx.inputs[0].name]: { data: example, shape: [1, 6, 2] },
    });
    assert.ok(Math.abs(Number(y.data[0]) - expected[0]) < 1e-5);
    onnx.dispose();

    await store.export("trend", "tfjs", `${dir}/tfjs`);
    const tf = await loadTf();
    const topology = JSON.parse(await Deno.readTextFile(`${dir}/tfjs/model.json`));
    const weightData = (await Deno.readFile(`${dir}/tfjs/weights.bin`)).buffer as ArrayBuffer;
    // Plain TensorFlow.js, as any reader of the format would.
    const plain = await tf.loadLayersModel(tf.io.fromMemory({
      modelTopology: topology.modelTopology,
      weightSpecs: topology.weightsManifest[0].weights,
      weightData,
    }));
    await tf.setBackend("cpu");
    const p = tf.tidy(() =>
      (plain.predict(tf.tensor(example, [1, 6, 2])) as tfTypes.Tensor).dataSync()
    );
    assert.ok(Math.abs(p[0] - expected[0]) < 1e-5);
    plain.dispose();
    model.dispose();
  });
});

Deno.test("fitIncrement() goes on from a stored version and records its parent", async () => {
  await withStore(async (store) => {
    const length = 150;
    const x = createRng(1).fillNormal(new Float64Array(length));
    const frame = { names: features, columns: [x, x.map((v) => v * v)], time: x, length };
    const train = new SupervisedDataset({ frame, labels: { values: x }, windowBars: 6 });
    const model = await createModel(config);
    await store.save("trend", model, { features, gitCommit: "c" });
    const { manifest, result } = await store.fitIncrement(
      "trend",
      { train },
      { epochs: 5, learningRate: 0.01, backend: "wasm" },
      { features, callbacks: { log: () => {} }, dataFingerprint: "d2" },
    );
    assert.deepEqual([manifest.version, manifest.parentVersion], [2, 1]);
    assert.equal(manifest.dataFingerprint, "d2");
    assert.ok(result.best.loss < result.history[0].loss);
    model.dispose();
  });
});
