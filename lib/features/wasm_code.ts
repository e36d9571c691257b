/**
 * A small assembler of WebAssembly: instructions as nested lists of bytes, functions of addresses and
 * counts (i32), one memory. It knows what loops over pairs of doubles need and no more.
 *
 * @see https://webassembly.github.io/spec/core/binary/
 * @module
 */
import { signedLeb128, unsignedLeb128 } from "../math/mod.ts";

/** Bytes of instructions, in order; lists may be nested. */
export type Code = readonly (number | Code)[];

/** A function of `params` numbers (i32) without a result, and `locals` more numbers and vectors. */
export interface WasmFunction {
  name: string;
  params: number;
  /** Numbers (i32) after the parameters. */
  numbers?: number;
  /** Pairs of doubles (v128) after the numbers. */
  pairs?: number;
  body: Code;
}

const i32 = 0x7f;
const v128 = 0x7b;
const nothing = 0x40;

const vector = (opcode: number): number[] => [0xfd, ...unsignedLeb128(opcode)];
const binary = (opcode: Code) => (a: Code, b: Code): Code => [a, b, opcode];
/** Alignment 8 (as power of two) and offset of an access to memory. */
const doubleAt = (offset: number): number[] => [3, ...unsignedLeb128(offset)];

export const get = (local: number): Code => [0x20, unsignedLeb128(local)];
export const set = (local: number, value: Code): Code => [value, 0x21, unsignedLeb128(local)];
export const constant = (value: number): Code => [0x41, signedLeb128(value)];
export const plus = binary([0x6a]);

/** Two doubles from memory at an address plus a constant offset in bytes. */
export const loadPair = (address: Code, offset = 0): Code => [
  address,
  vector(0x00),
  doubleAt(offset),
];
export const storePair = (address: Code, value: Code, offset = 0): Code => [
  address,
  value,
  vector(0x0b),
  doubleAt(offset),
];
export const subtractPairs = binary(vector(0xf1));
export const addPairs = binary(vector(0xf0));
export const absolutePair = (a: Code): Code => [a, vector(0xec)];
/** `b` where it is below (above) `a`, else `a`. */
export const lowerPair = binary(vector(0xf6));
export const higherPair = binary(vector(0xf7));
/** All bits set where a <= b (a >= b). */
export const notAbove = binary(vector(0x4b));
export const notBelow = binary(vector(0x4c));
/** Bits of `a` where the mask's are set, else those of `b`. */
export const select = (a: Code, b: Code, mask: Code): Code => [a, b, mask, vector(0x52)];
export const zeroPair: Code = [vector(0x0c), new Array(16).fill(0)];

/** Repeats the body, at least once, while local `at`, moved on by `step` each time, is below `end`. */
export const repeat = (at: number, step: number, end: Code, body: Code): Code => [
  [0x03, nothing],
  body,
  set(at, plus(get(at), constant(step))),
  [get(at), end, 0x49], // i32.lt_u
  [0x0d, 0x00], // br_if: the loop again
  0x0b,
];

/** The bytes of a module that exports its `memory` of `pages` x 64 KiB and the functions by name. */
export function assemble(
  pages: number,
  functions: readonly WasmFunction[],
): Uint8Array<ArrayBuffer> {
  const text = (name: string) => sized([...new TextEncoder().encode(name)]);
  const types = functions.map(({ params }) => [0x60, sized(new Array(params).fill(i32)), 0]);
  const bodies = functions.map(({ numbers = 0, pairs = 0, body }) => {
    const locals = [[numbers, i32], [pairs, v128]].filter(([count]) => count);
    return bytesOf([
      items(locals.map(([count, type]) => [unsignedLeb128(count), type])),
      body,
      0x0b,
    ]);
  });
  const exported = functions.map(({ name }, k) => [text(name), 0x00, unsignedLeb128(k)]);
  return Uint8Array.from(bytesOf([
    [0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    section(1, types),
    section(3, functions.map((_, k) => unsignedLeb128(k))),
    section(5, [[0x00, unsignedLeb128(pages)]]),
    section(7, [[text("memory"), 0x02, 0x00], ...exported]),
    section(10, bodies.map((body) => [unsignedLeb128(body.length), body])),
  ]));
}

function section(id: number, entries: readonly Code[]): Code {
  return [id, sized(bytesOf(items(entries)))];
}

function items(entries: readonly Code[]): Code {
  return [unsignedLeb128(entries.length), entries];
}

function sized(bytes: readonly number[]): Code {
  return [unsignedLeb128(bytes.length), bytes];
}

/** The lists laid flat. */
function bytesOf(code: Code): number[] {
  return code.flatMap((part) => typeof part === "number" ? part : bytesOf(part));
}
