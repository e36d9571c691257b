/**
 * WebAssembly as bytes: as much of it as functions over vectors of 32-bit floats need.
 * @module
 */

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

/** An unsigned number in LEB128. */
function leb(value: number): number[] {
  const bytes: number[] = [];
  do {
    const low = value % 128;
    value = Math.floor(value / 128);
    bytes.push(value > 0 ? low | 128 : low);
  } while (value > 0);
  return bytes;
}

const simd = (code: number, ...rest: number[]) => [0xfd, ...leb(code), ...rest];

/** Bytes of a vector. */
const vectorBytes = 16;

/** Instructions. */
export const wasm = {
  get: (local: number) => [0x20, ...leb(local)],
  set: (local: number) => [0x21, ...leb(local)],
  addInteger: [0x6a],
  addDouble: [0xa0],
  /** Loads a vector from the address on the stack plus `offset`. */
  load: (offset: number) => simd(0x00, 4, ...leb(offset)),
  /** Stores the vector on top at the address below it plus `offset`. */
  store: (offset: number) => simd(0x0b, 4, ...leb(offset)),
  /** A vector of one number. */
  constant: (value: number) => {
    const bytes = new Uint8Array(Float32Array.of(value, value, value, value).buffer);
    return simd(0x0c, ...bytes);
  },
  splat: simd(0x13),
  neg: simd(0xe1),
  sqrt: simd(0xe3),
  add: simd(0xe4),
  sub: simd(0xe5),
  mul: simd(0xe6),
  div: simd(0xe7),
  min: simd(0xe8),
  max: simd(0xe9),
  /** The lower two floats as doubles. */
  promoteLow: simd(0x5f),
  /** The upper two floats of the vector on top (given twice) in the lower places. */
  high: simd(0x0d, ...Array.from({ length: 16 }, (_, i) => (i + 8) % 16)),
  addDoubles: simd(0xf0),
  mulDoubles: simd(0xf2),
  lane: (i: number) => simd(0x21, i),
  /** Runs `body` for each vector from the address in local `at` to that in local `end`. */
  eachVector: (at: number, end: number, body: number[]) => [
    ...[0x02, 0x40, 0x03, 0x40],
    ...wasm.get(at),
    ...wasm.get(end),
    ...[0x4f, 0x0d, 0x01],
    ...body,
    ...wasm.get(at),
    ...[0x41, vectorBytes],
    ...wasm.addInteger,
    ...wasm.set(at),
    ...[0x0c, 0x00, 0x0b, 0x0b],
  ],
};

const sized = (bytes: number[]) => [...leb(bytes.length), ...bytes];
const list = (items: number[][]) => [...leb(items.length), ...items.flat()];
const text = (value: string) => sized([...new TextEncoder().encode(value)]);
const section = (id: number, items: number[][]) => [id, ...sized(list(items))];

/** A module that exports `functions` and imports the shared memory `step.memory` of `pages`. */
export function encodeWasm(pages: number, functions: WasmFunction[]): Uint8Array<ArrayBuffer> {
  const shared = [0x03, ...leb(pages), ...leb(pages)];
  return Uint8Array.from([
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(
      1,
      functions.map((
        f,
      ) => [0x60, ...list(f.params.map((t) => [t])), ...list(f.results.map((t) => [t]))]),
    ),
    ...section(2, [[...text("step"), ...text("memory"), 0x02, ...shared]]),
    ...section(3, functions.map((_, i) => leb(i))),
    ...section(7, functions.map((f, i) => [...text(f.name), 0x00, ...leb(i)])),
    ...section(
      10,
      functions.map((f) => sized([...list(f.locals.map((t) => [1, t])), ...f.body, 0x0b])),
    ),
  ]);
}
