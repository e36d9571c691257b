import assert from "node:assert/strict";
import { createModel } from "./create_model.ts";
import { loadModel, modelFromBytes, modelToBytes, namedWeights, saveModel } from "./save_model.ts";

const config = { kind: "lstm", windowBars: 6, features: 2, units: 4, seed: 5 } as const;

Deno.test("saveModel() and loadModel() keep weights, configuration, pipeline hash and metadata", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const model = await createModel(config);
    const path = `${dir}/model.safetensors`;
    await saveModel(model, path, { pipelineHash: "abc", metadata: { note: "kept" } });
    const loaded = await loadModel(path, { pipelineHash: "abc" });
    assert.deepEqual(loaded.model.config, model.config);
    assert.deepEqual(loaded.metadata, { note: "kept" });
    const values = (m: typeof model) =>
      namedWeights(m).map(({ name, variable }) => [name, variable.dataSync()]);
    assert.deepEqual(values(loaded.model), values(model));
    assert.deepEqual([...Deno.readDirSync(dir)].map((e) => e.name), ["model.safetensors"]);
    await assert.rejects(() => loadModel(path, { pipelineHash: "def" }), {
      message: /pipelineHash must be def, got abc/,
    });
    model.dispose();
    loaded.model.dispose();
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("loading a truncated or damaged model says where it breaks off", async () => {
  const model = await createModel(config);
  const bytes = modelToBytes(model);
  model.dispose();
  for (const length of [0, 5, 100, bytes.length - 1, bytes.length - 300]) {
    await assert.rejects(() => modelFromBytes(bytes.subarray(0, length)), {
      name: "SyntaxError",
      message: /^Cannot load model: .*, got/,
    });
  }
  const flipped = bytes.slice();
  flipped[flipped.length - 10] ^= 1;
  await assert.rejects(() => modelFromBytes(flipped), { message: /values must have checksum/ });
});
