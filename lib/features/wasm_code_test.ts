import assert from "node:assert/strict";
import { addPairs, assemble, constant, get, loadPair, repeat, storePair } from "./wasm_code.ts";

Deno.test("assemble() gives a module that runs, whatever the size of its numbers", () => {
  for (const offset of [0, 64, 8192, 60_000, 65_536]) {
    // memory[offset + at] += memory[at], pair by pair, from 0 to `end`.
    const bytes = assemble(3, [{
      name: "add",
      params: 1,
      numbers: 1,
      body: repeat(
        1,
        16,
        get(0),
        storePair(get(1), addPairs(loadPair(get(1)), loadPair(get(1), offset)), offset),
      ),
    }]);
    assert.ok(WebAssembly.validate(bytes));
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes));
    const memory = new Float64Array((exports.memory as WebAssembly.Memory).buffer);
    for (let k = 0; k < 8; k++) memory[k] = k + 1;
    (exports.add as (end: number) => void)(64);
    const sums = [...memory.subarray(offset / 8, offset / 8 + 8)];
    assert.deepEqual(sums, [1, 2, 3, 4, 5, 6, 7, 8].map((v) => offset === 0 ? 2 * v : v));
  }
});

Deno.test("constant() writes numbers of either sign as the format wants them", () => {
  assert.deepEqual(constant(63).flat(), [0x41, 63]);
  assert.deepEqual(constant(64).flat(), [0x41, 0xc0, 0x00]);
  assert.deepEqual(constant(-1).flat(), [0x41, 0x7f]);
  assert.deepEqual(constant(-123_456).flat(), [0x41, 0xc0, 0xbb, 0x78]);
});
