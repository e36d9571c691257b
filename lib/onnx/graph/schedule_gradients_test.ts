import assert from "node:assert/strict";
import { Graph, type GraphNode, type Value } from "./graph.ts";
import { runOrder } from "./_run_order.ts";
import { scheduleGradients } from "./schedule_gradients.ts";

const unary = (g: Graph, op: string, x: Value) =>
  g.emit(op, [x], [{ dtype: "float32", shape: x.shape }])[0];
const binary = (g: Graph, op: string, a: Value, b: Value) =>
  g.emit(op, [a, b], [{ dtype: "float32", shape: a.shape }])[0];

/** Two layers and their gradients, recorded as a tape is read: the last layer's first. */
function twoLayers(): Graph {
  const g = new Graph();
  const x = g.input("x", "float32", [4]);
  const first = unary(g, "Tanh", x);
  const second = unary(g, "Sin", first);
  g.output("loss", unary(g, "Floor", second));
  const dSecond = unary(g, "Exp", second);
  g.output("second:gradient", unary(g, "Neg", binary(g, "Mul", first, dSecond)));
  const dFirst = binary(g, "Sub", dSecond, unary(g, "Sign", first));
  g.output("first:gradient", unary(g, "Abs", binary(g, "Add", x, dFirst)));
  g.output("first:bias", unary(g, "Round", dFirst));
  return g;
}

const feeds = { x: Float32Array.of(1, 2, 3, 4) };

const ops = (nodes: GraphNode[]) => nodes.map((n) => n.op);

function assertRunnable(g: Graph): void {
  const known = new Set<Value>(g.inputs);
  for (const node of g.nodes) {
    for (const v of node.inputs) assert.ok(!v || v.constant || known.has(v), node.op);
    for (const v of node.outputs) known.add(v);
  }
}

Deno.test("gradients go behind all else, the first to be ready last", () => {
  const g = twoLayers();
  const before = new Set(g.nodes);
  scheduleGradients(g);
  assert.deepEqual(new Set(g.nodes), before);
  assertRunnable(g);
  assert.deepEqual(ops(g.nodes).slice(-4), ["Round", "Abs", "Neg", "Floor"]);
});

Deno.test("ONNX Runtime takes each gradient when it is ready, and masks after that", async () => {
  const g = twoLayers();
  // As it is recorded, the first layer's come before the second's, which keeps the activations.
  const recorded = await runOrder(g, feeds, "disabled");
  assert.ok(recorded.indexOf("Neg") > recorded.indexOf("Abs"), recorded.join());
  scheduleGradients(g);
  const order = await runOrder(g, feeds, "disabled");
  assert.deepEqual(order, [
    ...["Tanh", "Sin", "Floor"],
    ...["Exp", "Mul", "Neg"],
    ...["Sign", "Sub", "Add", "Abs", "Round"],
  ]);
});

Deno.test("gradients that are joined stand before what joins them", async () => {
  const g = twoLayers();
  const pieces = g.outputs.splice(1, 3).map((o) => o.value);
  const [joined] = g.emit("Concat", pieces, [{ dtype: "float32", shape: [12] }], {
    axis: { kind: "int", value: 0 },
  });
  g.output("updated", unary(g, "Cos", joined));
  scheduleGradients(g, joined.node);
  assertRunnable(g);
  assert.deepEqual(ops(g.nodes).slice(-6), ["Round", "Abs", "Neg", "Floor", "Concat", "Cos"]);
  const order = await runOrder(g, feeds, "disabled");
  assert.ok(order.indexOf("Neg") < order.indexOf("Sign"), order.join());
});

Deno.test("a node that was rewritten counts by its outputs", () => {
  const g = twoLayers();
  const at = g.nodes.findIndex((n) => n.op === "Exp");
  // As foldSums does: another node makes the same value.
  g.nodes[at] = { ...g.nodes[at], origin: "rewritten" };
  scheduleGradients(g);
  assertRunnable(g);
  assert.deepEqual(ops(g.nodes).slice(-4), ["Round", "Abs", "Neg", "Floor"]);
});
