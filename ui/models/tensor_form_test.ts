import assert from "node:assert/strict";
import { makeFields, nest, readFields, shapeOf, writeNested, writeShape } from "./tensor_form.ts";

const spec = (shape: number[], datatype = "FP32") => ({ name: "x", datatype, shape });

Deno.test("few numbers get a field each, named after the features", () => {
  const [field] = makeFields([spec([-1, 2])], { x: [[0.5, -1]] }, ["rsi", "volatility"]);
  assert.deepEqual([field.kind, field.labels, field.values], [
    "numbers",
    ["rsi", "volatility"],
    ["0.5", "-1"],
  ]);
  assert.deepEqual(readFields([field]), [
    { name: "x", datatype: "FP32", shape: [1, 2], data: [0.5, -1] },
  ]);
});

Deno.test("a window of features is JSON, one line a bar", () => {
  const [field] = makeFields([spec([-1, 30, 2])], null);
  assert.equal(field.kind, "json");
  assert.deepEqual(readFields([field])[0].shape, [1, 30, 2]);
  assert.equal(writeNested([[1, 2], [3, 4]]), "[\n  [1,2],\n  [3,4]\n]");
});

Deno.test("an example of several rows is JSON, whatever its size", () => {
  const [field] = makeFields([spec([-1, 2])], { x: [[1, 2], [3, 4]] });
  assert.equal(field.kind, "json");
  assert.deepEqual(readFields([field])[0].shape, [2, 2]);
});

Deno.test("an empty or wrong field is named", () => {
  const [field] = makeFields([spec([-1, 2])], null, ["rsi", "atr"]);
  assert.throws(() => readFields([field]), /rsi must be a number, got ""/);
  assert.throws(() => readFields([{ ...field, kind: "json", json: "[1" }]), /x must be JSON/);
  assert.throws(() => readFields([{ ...field, kind: "json", json: "[1]" }]), /nested 2 deep/);
});

Deno.test("text and truth values are written as JSON", () => {
  assert.equal(makeFields([spec([-1], "BYTES")], null)[0].kind, "json");
  assert.equal(makeFields([spec([-1], "BOOL")], null)[0].kind, "json");
});

Deno.test("shapes are read from nested arrays and written for people", () => {
  assert.deepEqual(shapeOf([[[1], [2]]]), [1, 2, 1]);
  assert.equal(writeShape([-1, 30, -1]), "[batch, 30, any]");
  assert.deepEqual(nest([1, 2, 3, 4, 5, 6], [2, 3]), [[1, 2, 3], [4, 5, 6]]);
});
