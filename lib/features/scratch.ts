const buffers: Float64Array[] = [];

/**
 * Working memory of at least `length` numbers, number `slot` of several, shared by all kernels: valid
 * until the running kernel returns.
 */
export function scratch(slot: number, length: number): Float64Array {
  const buffer = buffers[slot];
  if (buffer && buffer.length >= length) return buffer;
  return buffers[slot] = new Float64Array(Math.max(length, 4096));
}
