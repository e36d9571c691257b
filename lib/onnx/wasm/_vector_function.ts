import { instantiate, sharedMemory } from "./shared_memory.ts";
import { VectorLocals } from "./vector_code.ts";
import { encodeWasm, wasm } from "./wasm_module.ts";

/** For tests: instructions on vectors of four floats, as a function of their elements. */
export function vectorFunction(
  inputs: number,
  code: (inputs: number[][], locals: VectorLocals) => number[],
): (...values: number[][]) => number[] {
  const locals = new VectorLocals(0);
  const place = wasm.integer(0);
  const loads = Array.from({ length: inputs }, (_, i) => [...place, ...wasm.load(16 * (i + 1))]);
  const computed = code(loads, locals);
  const body = [...locals.before, ...place, ...computed, ...wasm.store(0)];
  const module = encodeWasm(1, [
    { name: "run", params: [], results: [], locals: locals.types, body },
  ]);
  const memory = sharedMemory(1), exports = instantiate(module, memory);
  const floats = (i: number) => new Float32Array(memory.buffer, 16 * i, 4);
  return (...values) => {
    values.forEach((v, i) => floats(i + 1).set(v));
    (exports.run as () => void)();
    return [...floats(0)];
  };
}
