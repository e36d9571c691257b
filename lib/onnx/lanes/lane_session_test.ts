import assert from "node:assert/strict";
import { Graph } from "../graph/graph.ts";
import { encodeModel } from "../graph/model_proto.ts";
import { loadRuntime } from "../runtime.ts";
import { type LaneSession, ModuleSession } from "./lane_session.ts";
import { NativeSession } from "./native_session.ts";

await loadRuntime();

/** The sum of `a` and `b`, of any length. */
function sumModel(): Uint8Array {
  const g = new Graph({ forRuntime: true });
  const [a, b] = ["a", "b"].map((name) => g.input(name, "float32", [1]));
  g.output("sum", g.emit("Add", [a, b], [{ dtype: "float32", shape: [1] }])[0]);
  const symbolicDims = { a: { 0: "n" }, b: { 0: "n" }, sum: { 0: "n" } };
  return encodeModel(g, { name: "sum", symbolicDims });
}

const tensor = (name: string, data: Float32Array) => ({
  name,
  data,
  dtype: "float32" as const,
  shape: [data.length],
});

/** All sessions; the native one's library lies where it is looked for on the systems tested. */
const sessions: Record<string, (model: Uint8Array) => LaneSession> = {
  native: (model) => NativeSession.create(model, {})!,
  module: (model) => new ModuleSession(model, {}),
};

for (const [name, open] of Object.entries(sessions)) {
  Deno.test(`a ${name} session computes on memory that stays, and on what replaces it`, () => {
    const session = open(sumModel());
    const a = [Float32Array.of(1, 2), Float32Array.of(10, 20)];
    const sum = new Float32Array(2), other = new Float32Array(2);
    const inputs = a.map((data) => [tensor("a", data)]);
    const outputs = [sum, other].map((data) => [tensor("sum", data)]);
    const [[first, elsewhere], [second]] = session.prepare(inputs, ["b"], outputs);
    session.replace(tensor("b", Float32Array.of(5, 5)));
    first();
    assert.deepEqual([...sum], [6, 7]);
    second();
    assert.deepEqual([...sum], [15, 25]);
    elsewhere();
    assert.deepEqual([[...sum], [...other]], [[15, 25], [6, 7]]);
    a[0][0] = 100;
    session.replace(tensor("b", Float32Array.of(0.5, -2)));
    first();
    assert.deepEqual([...sum], [100.5, 0]);
    session.dispose();
  });

  Deno.test(`a ${name} session gives ONNX Runtime's own words for what goes wrong, and goes on`, () => {
    assert.throws(() => open(Uint8Array.of(1, 2, 3)), /protobuf parsing failed/);
    const session = open(sumModel());
    const sum = new Float32Array(2);
    const inputs = [[tensor("a", Float32Array.of(1, 2))]];
    const [[call]] = session.prepare(inputs, ["b"], [[tensor("sum", sum)]]);
    session.replace(tensor("b", Float32Array.of(1, 2, 3)));
    assert.throws(call, /Attempting to broadcast an axis by a dimension other than 1/);
    session.replace(tensor("b", Float32Array.of(1, 1)));
    call();
    assert.deepEqual([...sum], [2, 3]);
    session.dispose();
  });
}
