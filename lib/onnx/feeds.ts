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

/** @throws {RangeError} If the data of an epoch has no whole rows, or indices name rows it has not. */
export function checkData(
  specs: Record<string, InputSpec>,
  data: StepFeeds,
  indices: Indices,
): void {
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
  const wrong = indices instanceof Int32Array
    ? firstOutside(indices, rows)
    : Array.prototype.findIndex.call(indices, (i: number) => !(i >= 0 && i < rows));
  if (wrong >= 0) {
    throw new RangeError(
      `Cannot train: indices[${wrong}] must lie in [0, ${rows}), got ${indices[wrong]}`,
    );
  }
}

/** Place of the first index outside of [0, rows), or -1: of one type, as it is done in each epoch. */
function firstOutside(indices: Int32Array, rows: number): number {
  for (let i = 0; i < indices.length; i++) {
    const index = indices[i];
    if (index < 0 || index >= rows) return i;
  }
  return -1;
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
  indices: Indices,
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
