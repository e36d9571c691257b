import assert from "node:assert/strict";
import fc from "fast-check";
import { copyIndices, countRows } from "./feeds.ts";

const none = new Int32Array(0);

Deno.test("an index outside of the data is named by its place, wherever it stands", () => {
  const property = fc.property(
    fc.integer({ min: 1, max: 40 }),
    fc.nat(),
    fc.constantFrom(-1, -(2 ** 31), 30, 31, 2 ** 31 - 1),
    (length, at, wrong) => {
      const indices = Int32Array.from({ length }, (_, i) => i % 30);
      assert.deepEqual(copyIndices(indices, 30, none), indices);
      const place = at % length;
      indices[place] = wrong;
      const error = {
        name: "RangeError",
        message: `Cannot train: indices[${place}] must lie in [0, 30), got ${wrong}`,
      };
      assert.throws(() => copyIndices(indices, 30, none), error);
      assert.throws(() => copyIndices([...indices], 30, none), error);
    },
  );
  fc.assert(property, { seed: 5 });
});

Deno.test("indices are refused for what they were, not for what a copy makes of them", () => {
  assert.throws(() => copyIndices([2 ** 32], 30, none), /indices\[0\] .* got 4294967296/);
  assert.throws(
    () => copyIndices(Uint32Array.of(1, 2 ** 31), 30, none),
    /indices\[1\] .*2147483648/,
  );
  assert.throws(() => copyIndices(Int32Array.of(0), 0, none), /must lie in \[0, 0\), got 0/);
  assert.deepEqual(
    copyIndices(Int32Array.of(2 ** 31 - 1), Infinity, none),
    Int32Array.of(2 ** 31 - 1),
  );
});

Deno.test("indices are copied into memory of their number, else into new memory", () => {
  const into = new Int32Array(3), indices = Int32Array.of(2, 0, 1);
  assert.equal(copyIndices(indices, 3, into), into);
  assert.deepEqual(into, indices);
  assert.notEqual(copyIndices(indices.subarray(1), 3, into), into);
});

Deno.test("the rows of an epoch are those of its shortest input", () => {
  const specs = { x: { shape: [8, 3] }, y: { shape: [8] }, scale: { shape: [2], shared: true } };
  const scale = new Float32Array(2);
  const rows = (x: number, y: number) =>
    countRows(specs, { x: new Float32Array(x), y: new Float32Array(y), scale });
  assert.equal(rows(30, 12), 10);
  assert.throws(() => rows(31, 12), /input x must have rows of 3 elements, got 31 elements/);
  assert.throws(() => countRows(specs, { x: new Float32Array(3), scale }), /input y must be given/);
});
