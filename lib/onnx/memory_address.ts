/**
 * Memory that another thread is told of by its address. ONNX Runtime takes no tensors over shared
 * buffers, and copies between threads would cost a small step a good part of its time: lanes compute
 * on the calling thread's own arrays instead.
 * @module
 */
import { type Dtype, makeData, type TypedData } from "./graph/dtype.ts";

/** Where the elements of an array lie. Plain data. */
export interface MemoryAddress {
  dtype: Dtype;
  address: bigint;
  /** Number of elements. */
  length: number;
}

/** Address of an array's elements. Whoever uses it must keep the array alive. */
export function addressOf(data: TypedData): bigint {
  // Short arrays lie in the collector's heap, where they move, until their buffer is asked for.
  void data.buffer;
  return data.length === 0 ? 0n : Deno.UnsafePointer.value(Deno.UnsafePointer.of(data));
}

/** The elements at an address, without a copy, while the array that owns them is alive. */
export function dataAt({ dtype, address, length }: MemoryAddress): TypedData {
  const type = makeData(dtype, 0).constructor as Float32ArrayConstructor;
  const pointer = Deno.UnsafePointer.create(address);
  if (length === 0 || pointer === null) return new type(0);
  const bytes = length * type.BYTES_PER_ELEMENT;
  return new type(Deno.UnsafePointerView.getArrayBuffer(pointer, bytes), 0, length);
}
