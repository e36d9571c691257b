/**
 * Whole numbers as bytes of seven bits each, as WebAssembly has them (LEB128).
 *
 * @see https://webassembly.github.io/spec/core/binary/values.html#integers
 * @module
 */

/** Bytes of a whole number from 0 to 2^53 - 1. */
export function unsignedLeb128(value: number): number[] {
  const bytes: number[] = [];
  do {
    const low = value % 128;
    value = Math.floor(value / 128);
    bytes.push(value > 0 ? low | 128 : low);
  } while (value > 0);
  return bytes;
}

/** Bytes of a whole number of 32 bits, negative ones included. */
export function signedLeb128(value: number): number[] {
  const bytes: number[] = [];
  for (;;) {
    const low = value & 127;
    value >>= 7;
    const isLast = value === (low & 64 ? -1 : 0);
    bytes.push(isLast ? low : low | 128);
    if (isLast) return bytes;
  }
}
