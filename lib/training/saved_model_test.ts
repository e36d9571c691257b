/** SavedModels of every architecture: their bytes, and their predictions where TensorFlow is present. */
import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { peerPython, testWith } from "../../tests/support/components.ts";
import { createRng } from "../math/mod.ts";
import { createModel, type Model, savedModelBytes } from "../models/mod.ts";
import { chooseBackend } from "./backend.ts";
import { savedModelManifest } from "./export_formats.ts";
import { ModelStore } from "./model_store.ts";
import { predict } from "./predict.ts";
import { loadSavedModel } from "./saved_model.ts";
import { configs, contractModel, features, windowBars } from "./testdata/contract_models.ts";

const names = ["open", "high", "volume"];
const windows = createRng(3).fillNormal(new Float32Array(5 * windowBars * features));
const heads = [
  { kind: "classification", name: "direction", classes: 3 },
  { kind: "regression", name: "return" },
  { kind: "position", name: "position" },
] as const;

const models: Record<string, () => Promise<Model>> = Object.fromEntries(
  Object.entries(configs).flatMap(([kind, variants]) =>
    variants.map((extra, i) => [`${kind}_${i}`, () => contractModel(kind, extra)])
  ),
);
models.heads = () => createModel({ kind: "gru", windowBars, features, heads: [...heads], seed: 2 });

async function withDirectory(body: (dir: string) => Promise<void>): Promise<void> {
  const dir = await Deno.makeTempDir();
  try {
    await body(dir);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
}

/** Messages as tfjs-node's own decoder gives them. */
interface Decoded {
  getMetaGraphsList(): {
    getMetaInfoDef(): { getTagsList(): string[] };
    getGraphDef(): { getNodeList(): Node[] };
    getSignatureDefMap(): Map<string, Signature>;
  }[];
}
interface Node {
  getName(): string;
  getOp(): string;
  getInputList(): string[];
}
interface Signature {
  getMethodName(): string;
  getInputsMap(): Map<string, Tensor>;
  getOutputsMap(): Map<string, Tensor>;
}
interface Tensor {
  getName(): string;
  getDtype(): number;
  getTensorShape(): { getDimList(): { getSize(): number }[] };
}

for (const [name, make] of Object.entries(models)) {
  Deno.test(`the SavedModel of ${name} is a frozen graph with its signature`, async () => {
    const model = await make();
    const require = createRequire(import.meta.url);
    const { SavedModel } = require("@tensorflow/tfjs-node-gpu/dist/proto/api_pb.js");
    const saved = SavedModel.deserializeBinary(await savedModelBytes(model)) as Decoded;
    const [graph, ...others] = saved.getMetaGraphsList();
    assert.equal(others.length, 0);
    assert.deepEqual(graph.getMetaInfoDef().getTagsList(), ["serve"]);
    const made = new Set<string>();
    for (const node of graph.getGraphDef().getNodeList()) {
      for (const input of node.getInputList()) {
        assert.ok(made.has(input.replace(/:\d+$/, "")), `${node.getName()} reads ${input}`);
      }
      assert.ok(!made.has(node.getName()), `${node.getName()} is there twice`);
      assert.ok(!/Variable|ReadVariableOp|Restore/.test(node.getOp()), node.getOp());
      made.add(node.getName());
    }
    const signature = graph.getSignatureDefMap().get("serving_default")!;
    assert.equal(signature.getMethodName(), "tensorflow/serving/predict");
    const read = (tensors: Map<string, Tensor>, key: string) => {
      const t = tensors.get(key)!;
      assert.ok(made.has(t.getName().replace(/:0$/, "")), t.getName());
      const shape = t.getTensorShape().getDimList().map((d) => d.getSize());
      return [t.getDtype(), ...shape];
    };
    assert.deepEqual(read(signature.getInputsMap(), "window"), [1, -1, windowBars, features]);
    for (const [i, head] of model.heads.entries()) {
      const [, units] = model.tf.outputs[i].shape;
      assert.deepEqual(read(signature.getOutputsMap(), head.name), [1, -1, units]);
    }
    model.dispose();
  });
}

const python = peerPython("tensorflow");
Deno.test({
  name: "TensorFlow's SavedModels predict what the models do, to 1e-5, for every architecture",
  ignore: python === null,
  fn: () =>
    withDirectory(async (dir) => {
      const wanted: Record<string, Float32Array> = {};
      const outputs: Record<string, string[]> = {};
      for (const [name, make] of Object.entries(models)) {
        const model = await make();
        await Deno.mkdir(`${dir}/${name}`);
        await Deno.writeFile(`${dir}/${name}/saved_model.pb`, await savedModelBytes(model));
        wanted[name] = await predict(model, windows);
        outputs[name] = model.heads.map((h) => h.name);
        model.dispose();
      }
      const script = `
import json, sys, numpy as np, tensorflow as tf
given = json.loads(sys.argv[1])
x = tf.constant(np.array(given["windows"], np.float32).reshape(given["shape"]))
def run(name, outputs):
    signature = tf.saved_model.load(sys.argv[2] + "/" + name).signatures["serving_default"]
    y = signature(window=x)
    one = signature(window=x[:1])
    whole = np.concatenate([y[o].numpy() for o in outputs], 1)
    assert np.allclose(whole[:1], np.concatenate([one[o].numpy() for o in outputs], 1), atol=1e-6)
    return whole.ravel().tolist()
print(json.dumps({name: run(name, outputs) for name, outputs in given["outputs"].items()}))
`;
      const given = { windows: [...windows], shape: [5, windowBars, features], outputs };
      const { success, stdout, stderr } = await new Deno.Command(python!, {
        args: ["-c", script, JSON.stringify(given), dir],
        env: { TF_CPP_MIN_LOG_LEVEL: "2" },
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      const got = JSON.parse(new TextDecoder().decode(stdout)) as Record<string, number[]>;
      for (const [name, values] of Object.entries(wanted)) {
        assert.equal(got[name].length, values.length, name);
        values.forEach((v, i) => assert.ok(Math.abs(v - got[name][i]) < 1e-5, `${name}[${i}]`));
      }
    }),
});

for (const [name, make] of Object.entries(models)) {
  testWith(
    "tensorflow",
    `tfjs-node runs the SavedModel of ${name}, to 1e-5`,
    () =>
      withDirectory(async (dir) => {
        const model = await make();
        const store = new ModelStore(`${dir}/store`);
        const inputExample = windows.slice(0, windowBars * features);
        await store.save("m", model, { features: names, inputExample, gitCommit: "c" });
        await store.export("m", "savedmodel", `${dir}/out`);
        const loaded = await loadSavedModel(`${dir}/out`, { features: names, windowBars });
        const got = loaded.predict(windows);
        loaded.dispose();
        await chooseBackend("cpu", { log: () => {} });
        const wanted = await predict(model, windows);
        assert.equal(got.length, wanted.length);
        wanted.forEach((v, i) => assert.ok(Math.abs(v - got[i]) < 1e-5, `${got[i]} is not ${v}`));
        model.dispose();
      }),
  );
}

Deno.test("loadSavedModel() refuses by name what does not match, before TensorFlow is asked", () =>
  withDirectory(async (dir) => {
    const model = await createModel({ kind: "mlp", windowBars, features, units: 4 });
    const store = new ModelStore(`${dir}/store`);
    await store.save("m", model, { features: names, pipelineHash: "p1", gitCommit: "c" });
    const path = `${dir}/out`;
    await store.export("m", "savedmodel", path);
    const fails = (expected: Parameters<typeof loadSavedModel>[1], message: RegExp) =>
      assert.rejects(() => loadSavedModel(path, expected), { message });
    await fails({ features: ["open", "low", "volume"] }, /feature 1 must be high, got low/);
    await fails({ windowBars: 9 }, /windowBars must be 8, got 9/);
    await fails({ pipelineHash: "p2" }, /pipelineHash must be p1, got p2/);
    const file = `${path}/${savedModelManifest}`;
    const manifest = await Deno.readTextFile(file);
    const altered = (from: string, to: string) =>
      Deno.writeTextFile(file, manifest.replace(from, to));
    await altered('"name": "output"', '"name": "signal"');
    await fails({}, /outputs must be signal, got output/);
    await altered(
      '"dtype": "float32",\n        "features"',
      '"dtype": "float16",\n        "features"',
    );
    await fails({}, /inputs window must be float16\[8,3\], got float32\[8,3\]/);
    await altered('"signature"', "");
    await fails({}, /assets.extra\/manifest.json must be whole JSON/);
    await Deno.writeTextFile(file, manifest);
    await Deno.truncate(`${path}/saved_model.pb`, 900);
    await fails({}, /^Cannot load .*out: /);
    model.dispose();
  }));
