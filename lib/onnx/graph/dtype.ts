/**
 * Element types of graph values: ONNX's name and number, and the typed array that holds them.
 * @module
 */

/** Element types that the compiler emits. */
export type Dtype = "float32" | "int32" | "int64" | "bool" | "uint8" | "uint32" | "float64";

/** Arrays that hold the elements of a constant or a feed. Bools are bytes of 0 and 1. */
export type TypedData =
  | Float32Array
  | Float64Array
  | Int32Array
  | Uint32Array
  | Uint8Array
  | BigInt64Array;

/** `TensorProto.DataType` of each element type. */
export const onnxElementType: Record<Dtype, number> = {
  float32: 1,
  uint8: 2,
  int32: 6,
  int64: 7,
  bool: 9,
  float64: 11,
  uint32: 12,
};

/** A zero-filled array of `length` elements. */
export function makeData(dtype: Dtype, length: number): TypedData {
  switch (dtype) {
    case "float32":
      return new Float32Array(length);
    case "float64":
      return new Float64Array(length);
    case "int32":
      return new Int32Array(length);
    case "uint32":
      return new Uint32Array(length);
    case "int64":
      return new BigInt64Array(length);
    default:
      return new Uint8Array(length);
  }
}

/** Number of elements of a shape. */
export function sizeOf(shape: readonly number[]): number {
  let n = 1;
  for (const d of shape) n *= d;
  return n;
}

/** Whether two shapes are the same. */
export function sameShape(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((d, i) => d === b[i]);
}
