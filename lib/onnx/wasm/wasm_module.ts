/**
 * WebAssembly as bytes: as much of it as functions over vectors of 32-bit floats need.
 * @module
 */
import { signedLeb128, unsignedLeb128 } from "../../math/mod.ts";

/** Types of parameters, results and locals. */
export const type = { i32: 0x7f, f64: 0x7c, f32: 0x7d, v128: 0x7b } as const;

/** A function to encode. */
export interface WasmFunction {
  name: string;
  params: number[];
  results: number[];
  /** Types of the locals beside the parameters, after which they are counted. */
  locals: number[];
  /** Its instructions, without the closing `end`. */
  body: number[];
}

const simd = (code: number, ...rest: number[]) => [0xfd, ...unsignedLeb128(code), ...rest];

/** Bytes of a vector of four floats. */
export const vectorBytes = 16;

/** Instructions. */
export const wasm = {
  get: (local: number) => [0x20, ...unsignedLeb128(local)],
  set: (local: number) => [0x21, ...unsignedLeb128(local)],
  tee: (local: number) => [0x22, ...unsignedLeb128(local)],
  integer: (value: number) => [0x41, ...signedLeb128(value)],
  addInteger: [0x6a],
  /** Leaves the integer in a local plus `by`. */
  plus: (local: number, by: number) => [
    ...[...wasm.get(local), ...wasm.integer(by), ...wasm.addInteger],
  ],
  /** Moves the integer in a local on. */
  advance: (local: number, by: number) => [...wasm.plus(local, by), ...wasm.set(local)],
  mulInteger: [0x6c],
  addDouble: [0xa0],
  /** Loads a vector from the address on the stack plus `offset`. */
  load: (offset: number) => simd(0x00, 4, ...unsignedLeb128(offset)),
  /** Stores the vector on top at the address below it plus `offset`. */
  store: (offset: number) => simd(0x0b, 4, ...unsignedLeb128(offset)),
  /** A vector of the number at the address on the stack plus `offset`. */
  loadSplat: (offset: number) => simd(0x09, 2, ...unsignedLeb128(offset)),
  /** Stores the first number of the vector on top at the address below it plus `offset`. */
  storeFirst: (offset: number) => simd(0x5a, 2, ...unsignedLeb128(offset), 0),
  /** A vector of one number. */
  constant: (value: number) => {
    const bytes = new Uint8Array(Float32Array.of(value, value, value, value).buffer);
    return simd(0x0c, ...bytes);
  },
  /** A vector of one integer. */
  constantInteger: (value: number) => {
    const bytes = new Uint8Array(Int32Array.of(value, value, value, value).buffer);
    return simd(0x0c, ...bytes);
  },
  splat: simd(0x13),
  /** Four numbers out of two vectors: places 0 to 3 of the first, 4 to 7 of the second. */
  shuffle: (...places: [number, number, number, number]) =>
    simd(0x0d, ...places.flatMap((p) => [0, 1, 2, 3].map((byte) => 4 * p + byte))),
  // Comparisons give all ones or zeros for each number.
  equal: simd(0x41),
  less: simd(0x43),
  greater: simd(0x44),
  lessOrEqual: simd(0x45),
  greaterOrEqual: simd(0x46),
  not: simd(0x4d),
  and: simd(0x4e),
  or: simd(0x50),
  xor: simd(0x51),
  /** The first vector where the third has ones, the second elsewhere. */
  select: simd(0x52),
  nearest: simd(0x6a),
  shiftLeft: simd(0xab),
  shiftRight: simd(0xac),
  addIntegers: simd(0xae),
  subIntegers: simd(0xb1),
  abs: simd(0xe0),
  neg: simd(0xe1),
  sqrt: simd(0xe3),
  add: simd(0xe4),
  sub: simd(0xe5),
  mul: simd(0xe6),
  div: simd(0xe7),
  min: simd(0xe8),
  max: simd(0xe9),
  /** `b < a ? b : a`: one instruction, and the first operand where one is not a number. */
  minFast: simd(0xea),
  /** `a < b ? b : a`, likewise. */
  maxFast: simd(0xeb),
  toIntegers: simd(0xf8),
  fromIntegers: simd(0xfa),
  /** `a b + c`, rounded once or twice as the processor has it. */
  multiplyAdd: simd(0x105),
  /** The lower two floats as doubles. */
  promoteLow: simd(0x5f),
  /** The upper two floats of the vector on top (given twice) in the lower places. */
  high: simd(0x0d, ...Array.from({ length: 16 }, (_, i) => (i + 8) % 16)),
  addDoubles: simd(0xf0),
  mulDoubles: simd(0xf2),
  lane: (i: number) => simd(0x21, i),
  /** `sum += a b`. */
  addProduct: (a: number, b: number, sum: number) => [
    ...[...wasm.get(a), ...wasm.get(b), ...wasm.get(sum)],
    ...[...wasm.multiplyAdd, ...wasm.set(sum)],
  ],
  /** Runs `body` at least once: until local `at`, moved on by `step` each time, has reached `end`. */
  repeat: (at: number, step: number, end: number[], body: number[]) => [
    ...[0x03, 0x40],
    ...body,
    ...wasm.plus(at, step),
    ...wasm.tee(at),
    ...end,
    ...[0x49, 0x0d, 0x00, 0x0b],
  ],
  /** Runs `body` for each vector from the address in local `at` to that in local `end`. */
  eachVector: (at: number, end: number, body: number[]) => [
    ...[0x02, 0x40, 0x03, 0x40],
    ...wasm.get(at),
    ...wasm.get(end),
    ...[0x4f, 0x0d, 0x01],
    ...body,
    ...wasm.advance(at, vectorBytes),
    ...[0x0c, 0x00, 0x0b, 0x0b],
  ],
};

const sized = (bytes: number[]) => [...unsignedLeb128(bytes.length), ...bytes];
const list = (items: number[][]) => [...unsignedLeb128(items.length), ...items.flat()];
const text = (value: string) => sized([...new TextEncoder().encode(value)]);
const section = (id: number, items: number[][]) => [id, ...sized(list(items))];

/** A module that exports `functions` and imports the shared memory `step.memory` of `pages`. */
export function encodeWasm(pages: number, functions: WasmFunction[]): Uint8Array<ArrayBuffer> {
  const shared = [0x03, ...unsignedLeb128(pages), ...unsignedLeb128(pages)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(
      1,
      functions.map((
        f,
      ) => [0x60, ...list(f.params.map((t) => [t])), ...list(f.results.map((t) => [t]))]),
    ),
    ...section(2, [[...text("step"), ...text("memory"), 0x02, ...shared]]),
    ...section(3, functions.map((_, i) => unsignedLeb128(i))),
    ...section(7, functions.map((f, i) => [...text(f.name), 0x00, ...unsignedLeb128(i)])),
    ...section(
      10,
      functions.map((f) => sized([...list(f.locals.map((t) => [1, t])), ...f.body, 0x0b])),
    ),
  ]);
}
