import assert from "node:assert/strict";
import { signedLeb128, unsignedLeb128 } from "./mod.ts";

const read = (bytes: number[], signed: boolean): number => {
  let value = 0;
  bytes.forEach((b, i) => value += (b & 127) * 128 ** i);
  const isNegative = signed && (bytes.at(-1)! & 64) !== 0;
  return isNegative ? value - 128 ** bytes.length : value;
};

Deno.test("LEB128 has the bytes of the standards' examples", () => {
  // DWARF debugging information format, version 4, figures 22 and 23.
  assert.deepEqual(unsignedLeb128(2), [2]);
  assert.deepEqual(unsignedLeb128(127), [127]);
  assert.deepEqual(unsignedLeb128(128), [0x80, 1]);
  assert.deepEqual(unsignedLeb128(12857), [57 + 0x80, 100]);
  assert.deepEqual(signedLeb128(2), [2]);
  assert.deepEqual(signedLeb128(-2), [0x7e]);
  assert.deepEqual(signedLeb128(127), [127 + 0x80, 0]);
  assert.deepEqual(signedLeb128(-127), [1 + 0x80, 0x7f]);
  assert.deepEqual(signedLeb128(128), [0x80, 1]);
  assert.deepEqual(signedLeb128(-129), [0x7f + 0x80, 0x7e]);
});

Deno.test("LEB128 keeps every whole number", () => {
  for (let bits = 0; bits <= 53; bits++) {
    for (const value of [2 ** bits - 1, Math.min(2 ** bits + 1, Number.MAX_SAFE_INTEGER)]) {
      const bytes = unsignedLeb128(value);
      assert.equal(read(bytes, false), value);
      assert.ok(bytes.slice(0, -1).every((b) => b >= 128) && bytes.at(-1)! < 128, `${value}`);
    }
  }
  for (let bits = 0; bits < 32; bits++) {
    for (const value of [-(2 ** bits), -(2 ** bits) + 1, 2 ** bits - 1]) {
      assert.equal(read(signedLeb128(value), true), value);
    }
  }
});
