/**
 * A lane's head, ready to run.
 * @module
 */
import { sizeOf, type TypedData } from "../graph/dtype.ts";
import type { Port } from "../step_runner.ts";
import { floatsIn, instantiate, sharedMemory } from "../wasm/shared_memory.ts";

/** A head, as plain data. Places are bytes of its memory. */
export interface HeadProgram {
  module: Uint8Array<ArrayBuffer>;
  pages: number;
  rows: number;
  /** Inputs of rows, which lie by columns, and those that are one number. */
  inputs: { name: string; at: number; width: number }[];
  numbers: { name: string; at: number }[];
  /** Parameters: a matrix [inner, outer] lies transposed. */
  parameters: { name: string; at: number; inner: number; outer: number }[];
  /** Values that it shares with the graphs before and after it. */
  passed: (Port & { at: number })[];
  /** Its results, a matrix transposed again. */
  outputs: { name: string; at: number; inner: number; outer: number }[];
  /** What begins as zeros. */
  sums: { at: number; length: number };
}

/** A lane's head, and the memory that it shares with the graphs before and after it. */
export class HeadKernel {
  readonly #program: HeadProgram;
  /** Kept alive: the arrays know it by address. */
  readonly #memory: WebAssembly.Memory;
  readonly #run: () => void;
  readonly #sums: Float32Array;
  readonly #parameters: Float32Array[];
  readonly #outputs: Float32Array[];
  /** By columns, in the order of the program's inputs. */
  readonly inputs: Float32Array[];
  /** In the order of the program's numbers. */
  readonly numbers: Float32Array[];
  /** In the order of what is passed, of which ONNX Runtime may take tensors. */
  readonly passed: Float32Array[];

  constructor(program: HeadProgram) {
    const { pages, rows, sums } = program;
    this.#program = program;
    const memory = this.#memory = sharedMemory(pages);
    this.#run = instantiate(program.module, memory).head as () => void;
    const floats = (at: number, length: number) => floatsIn(memory, at, length);
    this.#sums = floats(sums.at, sums.length);
    this.#parameters = program.parameters.map((p) => floats(p.at, p.inner * p.outer));
    this.#outputs = program.outputs.map((o) => floats(o.at, o.inner * o.outer));
    this.inputs = program.inputs.map((i) => floats(i.at, rows * i.width));
    this.numbers = program.numbers.map((n) => floats(n.at, 1));
    this.passed = program.passed.map((p) => floats(p.at, sizeOf(p.shape)));
  }

  /** `parameters` and `outputs` in the order of the program's. */
  run(parameters: TypedData[], outputs: TypedData[]): void {
    this.#program.parameters.forEach(({ inner, outer }, i) =>
      transpose(this.#parameters[i], parameters[i] as Float32Array, inner, outer)
    );
    this.#sums.fill(0);
    this.#run();
    this.#program.outputs.forEach(({ inner, outer }, i) =>
      transpose(outputs[i] as Float32Array, this.#outputs[i], outer, inner)
    );
  }
}

/** Writes a matrix [rows, columns] by columns. */
function transpose(to: Float32Array, from: Float32Array, rows: number, columns: number): void {
  for (let j = 0, at = 0; j < columns; j++) {
    for (let i = j; at < (j + 1) * rows; i += columns, at++) to[at] = from[i];
  }
}
