import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createRng } from "../../math/mod.ts";
import { compileStep } from "../mod.ts";
import { buildStepGraph } from "../step_graph.ts";
import { flatOptimizer } from "../optimizers.ts";

await tf.setBackend("cpu");

const batch = 3, time = 6, heads = 2, depth = 2, width = heads * depth;
const rng = createRng(12);
const draw = (...shape: number[]) =>
  tf.tensor(rng.fillNormal(new Float32Array(shape.reduce((a, b) => a * b, 1))), shape);

/** -1e9 above the diagonal: what comes later. */
const later = tf.tensor(
  Float32Array.from({ length: time * time }, (_, i) => i % time > Math.floor(i / time) ? -1e9 : 0),
  [time, time],
);

/** Squared error of self-attention over x, by the usual formula. */
function attentionLoss(kernels: tf.Variable[], mask: tf.Tensor | null) {
  const apart = (x: tf.Tensor) =>
    tf.transpose(tf.reshape(x, [batch, time, heads, depth]), [0, 2, 1, 3]);
  return ({ x, y }: Record<string, tf.Tensor>): tf.Tensor => {
    const rows = tf.reshape(x, [batch * time, width]);
    const [q, k, v] = kernels.map((kernel) => apart(tf.matMul(rows, kernel as tf.Tensor2D)));
    const scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(depth));
    const weights = tf.softmax(mask ? tf.add(scores, mask) : scores);
    const mixed = tf.transpose(tf.matMul(weights, v), [0, 2, 1, 3]);
    return tf.mean(tf.square(tf.sub(tf.reshape(mixed, [batch, time, width]), y)));
  };
}

const shape = [batch, time, width];
const inputs = { x: { shape }, y: { shape } };

for (const mask of [null, later]) {
  Deno.test(`compiled attention ${mask ? "with" : "without"} a causal mask has eager's loss and gradients`, async () => {
    const variables = [1, 2, 3].map(() => tf.variable(draw(width, width)));
    const loss = attentionLoss(variables, mask);
    const x = draw(...shape), y = draw(...shape);
    const { value, grads } = tf.variableGrads(() => loss({ x, y }) as tf.Scalar, variables);
    const step = await compileStep({
      variables,
      inputs,
      loss,
      optimizer: { kind: "sgd", learningRate: 1 },
    });
    const before = step.state().parameters;
    const got = step.stepFeeds(
      { x: x.dataSync(), y: y.dataSync() } as Record<string, Float32Array>,
    );
    assert.ok(Math.abs(got.loss - value.dataSync()[0]) <= 1e-5 * Math.abs(got.loss));
    const after = step.state().parameters;
    const want = variables.flatMap((v) => [...grads[v.name].dataSync()]);
    want.forEach((g, i) => {
      const moved = before[i] - after[i];
      assert.ok(Math.abs(moved - g) <= 1e-4 * Math.max(0.01, Math.abs(g)), `${i}: ${moved}, ${g}`);
    });
    step.dispose();
    tf.dispose([x, y, ...variables]);
  });
}

Deno.test("attention turns matrices, and never interleaves short rows", () => {
  const variables = [1, 2, 3].map(() => tf.variable(draw(width, width)));
  const { graph } = buildStepGraph(variables, attentionLoss(variables, null), inputs, {
    optimizer: flatOptimizer({ kind: "sgd", learningRate: 1 }),
  });
  const perms = graph.nodes.filter((n) => n.op === "Transpose").map((n) => n.attributes.perm);
  // Of [batch, time, heads, depth] and [batch, heads, depth, time].
  const turns = ["0,2,3,1", "0,3,1,2"];
  assert.ok(perms.length > 0);
  for (const perm of perms) assert.ok(perm.kind === "ints" && turns.includes(String(perm.value)));
  assert.equal(graph.nodes.filter((n) => n.op === "FusedMatMul").length, 6);
  tf.dispose(variables);
});
