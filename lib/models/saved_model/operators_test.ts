/** Every operator's TensorFlow form: that it is written at all, and, where TensorFlow is, its values. */
import assert from "node:assert/strict";
import { peerPython } from "../../../tests/support/components.ts";
import { createRng } from "../../math/mod.ts";
import { UnsupportedOpError } from "../../onnx/errors.ts";
import { Graph } from "../../onnx/graph/graph.ts";
import { loadTf, type Tf, type tf as tfTypes } from "../tensorflow.ts";
import { functionToSavedModel, graphToSavedModel, translations } from "./export_saved_model.ts";
import { readSavedModelSignature } from "./signature.ts";

type T = tfTypes.Tensor;

/** Functions of x [batch, 4, 6], normal, and i [batch, 4], integers from 0 to 5. */
const cases: Record<string, (tf: Tf, x: T, i: T) => T> = {
  smooth: (tf, x) =>
    [tf.atan, tf.cos, tf.erf, tf.exp, tf.neg, tf.sigmoid, tf.sin, tf.softplus, tf.tanh, tf.asinh]
      .map((f) => f(x)).reduce((a, b) => tf.add(a, b)),
  within: (tf, x) =>
    [tf.acos, tf.asin, tf.atanh, tf.tan, tf.cosh, tf.sinh]
      .map((f) => f(tf.mul(tf.tanh(x), 0.9))).reduce((a, b) => tf.add(a, b)),
  above: (tf, x) =>
    [tf.acosh, tf.log, tf.sqrt, tf.reciprocal]
      .map((f) => f(tf.add(tf.abs(x), 1.5))).reduce((a, b) => tf.add(a, b)),
  bent: (tf, x) =>
    [tf.relu, tf.selu, tf.elu, tf.sign, tf.ceil, tf.floor, tf.round]
      .map((f) => f(x)).reduce((a, b) => tf.add(a, b)),
  leaky: (tf, x) => tf.add(tf.leakyRelu(x, 0.3), tf.clipByValue(x, -0.5, 0.7)),
  stepped: (tf, x) => tf.step(tf.relu(x)),
  arithmetic: (tf, x) => {
    const row = tf.slice(x, [0, 0, 0], [-1, 1, -1]);
    const quotient = tf.div(tf.sub(x, row), tf.add(tf.abs(row), 1));
    return tf.add(tf.maximum(quotient, row), tf.minimum(x, tf.pow(tf.abs(x), 1.5)));
  },
  compared: (tf, x) => {
    const y = tf.reverse(x, 1);
    const either = tf.logicalOr(tf.less(x, y), tf.greaterEqual(x, 1));
    const both = tf.logicalAnd(tf.greater(x, -1), tf.lessEqual(y, 0.5));
    const odd = tf.logicalXor(tf.isNaN(x), tf.logicalNot(tf.isInf(y)));
    return tf.where(tf.logicalAnd(either, odd), x, tf.cast(both, "float32"));
  },
  whole: (tf, _, i) => {
    const n = tf.cast(i, "int32");
    const parts = [
      tf.floorDiv(n, tf.scalar(2, "int32")),
      tf.mod(n, tf.scalar(3, "int32")),
      tf.bitwiseAnd(n, tf.reverse(n, 1)),
      tf.cast(tf.equal(n, 4), "int32"),
    ];
    return tf.cast(parts.reduce((a, b) => tf.add(a, b)), "float32");
  },
  moved: (tf, x) => {
    const [a, b] = tf.split(tf.transpose(x, [0, 2, 1]), [2, 4], 1);
    const padded = tf.pad(a, [[0, 0], [1, 1], [0, 0]], 0.5);
    return tf.concat([b, tf.tile(padded, [1, 2, 1])], 1);
  },
  mirrored: (tf, x) => tf.mirrorPad(x, [[0, 0], [1, 2], [2, 0]], "reflect"),
  strided: (tf, x) => tf.stridedSlice(x, [0, 3, 1], [0, 0, 6], [1, -2, 2], 1, 1),
  batchwise: (tf, x) => {
    // Zeros and repeats as long as the batch: lengths that the graph reads from its input.
    const n = x.shape[0];
    const zeros = tf.zeros([n, 4, 1]);
    return tf.concat([zeros, tf.broadcastTo(tf.mean(x, 0, true), [n, 4, 6])], 2);
  },
  picked: (tf, x) => {
    const columns = tf.gather(x, tf.tensor1d([5, 0, 2], "int32"), 2);
    const places = tf.tensor2d([[0, 1], [2, 3]], [2, 2], "int32");
    const corner = tf.gatherND(tf.transpose(x, [1, 2, 0]), places);
    const spread = tf.scatterND(tf.tensor2d([[1], [3]], [2, 1], "int32"), corner, [4, x.shape[0]]);
    return tf.add(columns, tf.reshape(tf.transpose(spread as tfTypes.Tensor2D), [-1, 4, 1]));
  },
  largest: (tf, x) => {
    const { values, indices } = tf.topk(x, 3);
    const at = tf.add(tf.argMax(x, 2), tf.argMin(x, 2));
    return tf.add(tf.add(values, indices), tf.reshape(at, [-1, 4, 1]));
  },
  reduced: (tf, x) => {
    const each = [tf.sum, tf.mean, tf.max, tf.min, tf.prod] as ((x: T, a: number) => T)[];
    return tf.add(
      each.map((f) => f(x, 2)).reduce((a, b) => tf.add(a, b)),
      tf.sum(tf.cumsum(x, 1), 2),
    );
  },
  products: (tf, x) => {
    const weights = tf.tensor2d(Array.from({ length: 36 }, (_, k) => Math.sin(k)), [6, 6]);
    const shared = tf.add(tf.matMul(tf.reshape(x, [-1, 6]), weights, false, true), tf.range(0, 6));
    return tf.matMul(tf.reshape(shared, [-1, 4, 6]), x, true, false);
  },
  normalised: (tf, x) => tf.add(tf.softmax(x), tf.logSoftmax(x)),
};

const specs = [{ name: "x", shape: [-1, 4, 6] }, { name: "i", shape: [-1, 4] }];
const write = async (name: string) => {
  const tf = await loadTf();
  return await functionToSavedModel((x, i) => ({ y: cases[name](tf, x, i) }), specs);
};

Deno.test("the cases below use every operator that has a TensorFlow form", async () => {
  const { trace } = await import("../../onnx/mod.ts");
  const { generalizeBatch } = await import("../../onnx/graph/generalize_batch.ts");
  const tf = await loadTf();
  const used = new Set<string>();
  for (const f of Object.values(cases)) {
    const at = (n: number) =>
      trace((x, i) => ({ y: f(tf, x, i) }), [{ shape: [n, 4, 6] }, { shape: [n, 4] }], {
        lower: false,
      }).graph;
    for (const node of generalizeBatch(at(7), at(13), 7, 13).graph!.nodes) used.add(node.op);
  }
  assert.deepEqual([...used].sort(), Object.keys(translations).sort());
});

for (const name of Object.keys(cases)) {
  Deno.test(`a SavedModel of "${name}" leaves its batch free`, async () => {
    const { inputs, outputs } = readSavedModelSignature(await write(name));
    assert.deepEqual(inputs.map((t) => t.shape), specs.map((s) => s.shape));
    assert.equal(outputs[0].shape[0], -1);
  });
}

Deno.test("an operator without a TensorFlow form is refused by name and layer", () => {
  const graph = new Graph();
  const x = graph.input("x", "float32", [2]);
  graph.origin = "dense_1";
  const [y] = graph.emit("Hardmax", [x], [x]);
  graph.output("y", y);
  assert.throws(() => graphToSavedModel(graph), (error: unknown) => {
    assert.ok(error instanceof UnsupportedOpError);
    assert.equal(
      error.message,
      'Cannot trace kernel "Hardmax" in layer "dense_1": it has no TensorFlow translation',
    );
    return true;
  });
});

const python = peerPython("tensorflow");
Deno.test({
  name: "TensorFlow computes every operator as TensorFlow.js does, to 1e-5",
  ignore: python === null,
  fn: async () => {
    const tf = await loadTf();
    await tf.setBackend("cpu");
    const dir = await Deno.makeTempDir();
    try {
      const rng = createRng(4);
      const x = rng.fillNormal(new Float32Array(5 * 24));
      const i = Float32Array.from({ length: 20 }, () => rng.integer(6));
      const wanted: Record<string, number[]> = {};
      for (const name of Object.keys(cases)) {
        await Deno.mkdir(`${dir}/${name}`);
        await Deno.writeFile(`${dir}/${name}/saved_model.pb`, await write(name));
        wanted[name] = tf.tidy(
          () => [...cases[name](tf, tf.tensor(x, [5, 4, 6]), tf.tensor(i, [5, 4])).dataSync()],
        );
      }
      const script = `
import json, sys, numpy as np, tensorflow as tf
given = json.loads(sys.argv[1])
x = tf.constant(np.array(given["x"], np.float32).reshape(5, 4, 6))
i = tf.constant(np.array(given["i"], np.float32).reshape(5, 4))
def run(name):
    signature = tf.saved_model.load(sys.argv[2] + "/" + name).signatures["serving_default"]
    wanted = {"x": x, "i": i}
    inputs = signature.structured_input_signature[1]
    return signature(**{k: wanted[k] for k in inputs})["y"].numpy().ravel().tolist()
print(json.dumps({name: run(name) for name in given["names"]}))
`;
      const { success, stdout, stderr } = await new Deno.Command(python!, {
        args: [
          "-c",
          script,
          JSON.stringify({ x: [...x], i: [...i], names: Object.keys(cases) }),
          dir,
        ],
        env: { TF_CPP_MIN_LOG_LEVEL: "2" },
      }).output();
      assert.ok(success, new TextDecoder().decode(stderr));
      const got = JSON.parse(new TextDecoder().decode(stdout)) as Record<string, number[]>;
      for (const [name, values] of Object.entries(wanted)) {
        assert.equal(got[name].length, values.length, name);
        values.forEach((v, k) =>
          assert.ok(
            Math.abs(v - got[name][k]) <= 1e-5 * Math.max(1, Math.abs(v)),
            `${name}[${k}]: TensorFlow ${got[name][k]}, TensorFlow.js ${v}`,
          )
        );
      }
    } finally {
      await Deno.remove(dir, { recursive: true });
    }
  },
});
