/**
 * Memory that WebAssembly, ONNX Runtime and other threads share.
 * @module
 */
import { addressOf, dataAt } from "../memory_address.ts";

const pageBytes = 1 << 16;

/** What shares no line of the cache is written by several threads at once without waiting. */
export const lineBytes = 64;

/** Bytes of `elements` floats, whole lines: at least one. */
export const wholeLines = (elements: number): number =>
  Math.max(1, Math.ceil(4 * elements / lineBytes)) * lineBytes;

/** Pages of so many bytes. */
export const pagesOf = (bytes: number): number => Math.ceil(bytes / pageBytes);

/** @throws {RangeError} If there is not as much memory. */
export function sharedMemory(pages: number): WebAssembly.Memory {
  return new WebAssembly.Memory({ initial: pages, maximum: pages, shared: true });
}

/** Floats at a place in bytes, of which ONNX Runtime may take tensors, while `memory` is alive. */
export function floatsIn(memory: WebAssembly.Memory, at: number, length: number): Float32Array {
  const data = new Float32Array(memory.buffer, at, length);
  // The same memory again: ONNX Runtime takes no tensors over shared buffers.
  return dataAt({ dtype: "float32", address: addressOf(data), length }) as Float32Array;
}

/** What a module that `encodeWasm` made exports, on a memory. */
export function instantiate(
  module: Uint8Array<ArrayBuffer>,
  memory: WebAssembly.Memory,
): WebAssembly.Exports {
  return new WebAssembly.Instance(new WebAssembly.Module(module), { step: { memory } }).exports;
}
