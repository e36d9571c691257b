/**
 * What is fed to a step: whether it fits, and as which tensors it goes in.
 * @module
 */
import type { Tensor as OrtTensor } from "onnxruntime-node";
import { type Dtype, sizeOf, type TypedData } from "./graph/dtype.ts";
import { type InputSpec, isShared } from "./input_spec.ts";
import { ortTensor } from "./runtime.ts";

/** Elements of inputs by name. */
export type StepFeeds = Record<string, TypedData>;

/** Rows of data by index. */
export type Indices = Int32Array | Uint32Array | number[];

/**
 * How many rows the data of an epoch has.
 *
 * @throws {RangeError} If an input is missing or has no whole rows.
 */
export function countRows(specs: Record<string, InputSpec>, data: StepFeeds): number {
  let rows = Infinity;
  for (const [name, s] of Object.entries(specs)) {
    if (!data[name]) throw new RangeError(`Cannot train: input ${name} must be given`);
    if (isShared(s)) continue;
    const row = sizeOf(s.shape.slice(1));
    const { length } = data[name];
    if (length % row !== 0) {
      throw new RangeError(
        `Cannot train: input ${name} must have rows of ${row} elements, got ${length} elements`,
      );
    }
    rows = Math.min(rows, length / row);
  }
  return rows;
}

/**
 * Copies indices, so that those that are checked are those that are trained on: what a caller gives
 * may be shared with other threads. `into` is taken where it has the length, and the copy is checked
 * because it is in the processor's cache then.
 *
 * @throws {RangeError} If one lies outside of [0, rows).
 */
export function copyIndices(indices: Indices, rows: number, into: Int32Array): Int32Array {
  const copy = into.length === indices.length ? into : new Int32Array(indices.length);
  copy.set(indices);
  const wrong = indices instanceof Int32Array
    ? firstOutside(copy, rows)
    : Array.prototype.findIndex.call(indices, (i: number) => !(i >= 0 && i < rows));
  if (wrong >= 0) {
    throw new RangeError(
      `Cannot train: indices[${wrong}] must lie in [0, ${rows}), got ${indices[wrong]}`,
    );
  }
  return copy;
}

/** Place of the first index outside of [0, rows), or -1. */
function firstOutside(indices: Int32Array, rows: number): number {
  // Negative where an index is negative or beyond the last row: one branch for all of them.
  let signs = 0;
  const last = Math.min(rows, 2 ** 31) - 1, { length } = indices, rest = length % 4;
  for (let i = rest; i < length; i += 4) {
    const a = indices[i], b = indices[i + 1], c = indices[i + 2], d = indices[i + 3];
    signs |= a | (last - a) | b | (last - b) | c | (last - c) | d | (last - d);
  }
  for (let i = 0; i < rest; i++) signs |= indices[i] | (last - indices[i]);
  return signs >= 0 ? -1 : indices.findIndex((i) => i < 0 || i > last);
}

/** @throws {RangeError} If an input has not the elements of its shape. */
export function checkFeed(
  name: string,
  data: TypedData | undefined,
  shape: number[],
): asserts data is TypedData {
  const n = sizeOf(shape);
  if (data?.length !== n) {
    throw new RangeError(
      `Cannot train: input ${name} must have ${n} elements (shape [${shape}]), got ${
        data ? data.length : "none"
      }`,
    );
  }
}

/** Elements in the type that a spec asks for: `data` itself where it has it. */
export function typedFeed(data: TypedData, dtype: Dtype): TypedData {
  return dtype === "float32" && !(data instanceof Float32Array)
    ? Float32Array.from(data as Int32Array)
    : dtype === "int32" && !(data instanceof Int32Array)
    ? Int32Array.from(data as Float32Array)
    : data;
}

/** An input as a tensor of the type that its spec asks for. @throws {RangeError} As checkFeed. */
export function feedTensor(
  name: string,
  data: TypedData | undefined,
  dtype: Dtype,
  shape: number[],
): OrtTensor {
  checkFeed(name, data, shape);
  return ortTensor(typedFeed(data, dtype), dtype, shape);
}

/** Rows from `from` on among the indices. */
export function takeRows(
  data: TypedData,
  indices: Int32Array,
  from: number,
  spec: InputSpec,
): TypedData {
  const row = sizeOf(spec.shape.slice(1));
  const rows = new (data.constructor as Float32ArrayConstructor)(spec.shape[0] * row);
  for (let i = 0; i < spec.shape[0]; i++) {
    const at = indices[from + i] * row;
    rows.set((data as Float32Array).subarray(at, at + row), i * row);
  }
  return rows;
}
