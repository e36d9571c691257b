import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { createRng } from "../../math/mod.ts";
import { compileStep } from "../mod.ts";
import { flatOptimizer } from "../optimizers.ts";
import { buildStepGraph } from "../step_graph.ts";

await tf.setBackend("cpu");

const rows = 96, width = 40, classes = 3;
const rng = createRng(4);
const draw = (...shape: number[]) =>
  tf.tensor(rng.fillNormal(new Float32Array(shape.reduce((a, b) => a * b, 1))), shape);

const inputs = { x: { shape: [rows, width] }, y: { shape: [rows, classes] } };

/** Cross entropy less entropy, with each row weighed: columns that broadcast over three classes. */
function lossOf(kernel: tf.Variable, bias: tf.Variable) {
  return ({ x, y }: Record<string, tf.Tensor>): tf.Tensor => {
    const logits = tf.logSoftmax(tf.add(tf.matMul(x as tf.Tensor2D, kernel as tf.Tensor2D), bias));
    const weight = tf.exp(tf.slice(x, [0, 0], [rows, 1]));
    const entropy = tf.neg(tf.mean(tf.sum(tf.mul(tf.exp(logits), logits), 1)));
    const cross = tf.neg(tf.mean(tf.sum(tf.mul(tf.mul(logits, weight), y), 1)));
    return tf.sub(cross, tf.mul(tf.neg(tf.mul(entropy, 3)), 0.5));
  };
}

Deno.test("a loss over few classes has eager's gradients, by products instead of short rows", async () => {
  const kernel = tf.variable(draw(width, classes)), bias = tf.variable(draw(classes));
  const loss = lossOf(kernel, bias), variables = [kernel, bias];
  const x = draw(rows, width), y = draw(rows, classes);
  const { value, grads } = tf.variableGrads(() => loss({ x, y }) as tf.Scalar, variables);
  const optimizer = { kind: "sgd" as const, learningRate: 1 };
  const { graph } = buildStepGraph(variables, loss, inputs, {
    optimizer: flatOptimizer(optimizer),
  });
  for (const { op, inputs, outputs } of graph.nodes) {
    const [a, b] = inputs;
    const isShort = outputs[0].shape.length === 2 && outputs[0].shape[1] === classes;
    const isColumn = [a, b].some((v) => v?.shape.length === 2 && v.shape[1] === 1);
    assert.ok(!(isShort && isColumn && ["Add", "Sub", "Mul", "Div"].includes(op)), op);
    // The kernel's gradient has three columns: its transpose is computed.
    const [m, n] = outputs[0].shape;
    assert.ok(op !== "Gemm" || a?.shape[0] !== rows || m !== width || n !== classes, op);
  }
  const step = await compileStep({ variables, inputs, loss, optimizer });
  const before = step.state().parameters;
  const feeds = { x: x.dataSync(), y: y.dataSync() } as Record<string, Float32Array>;
  const got = step.stepFeeds(feeds);
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

Deno.test("factors in a row are one factor, also through a change of sign", () => {
  const v = tf.variable(draw(5));
  const { graph } = buildStepGraph([v], () => tf.sum(tf.mul(tf.neg(tf.mul(tf.mul(v, 3), 2)), v)), {
    x: { shape: [1] },
  }, { optimizer: flatOptimizer({ kind: "sgd", learningRate: 1 }) });
  assert.ok(graph.nodes.every((n) => n.op !== "Neg"), graph.nodes.map((n) => n.op).join());
  v.dispose();
});
