/** Tensors as requests carry them: row-major typed arrays made from, and turned into, JSON and bytes. @module */
import { type Datatype, numericDatatype, type TensorData } from "./datatypes.ts";
import { badRequest } from "./errors.ts";

/** A named tensor; `data` is row-major and has as many elements as `shape` multiplies to. */
export interface Tensor {
  name: string;
  datatype: Datatype;
  shape: number[];
  data: TensorData;
}

/** Largest number of elements of one tensor; a shape alone must not be able to exhaust memory. */
export const maxElements = 1 << 26;

/**
 * Number of elements of `shape`.
 *
 * @throws {ServingError} If a dimension is no whole number >= 0 or the product is too large.
 */
export function elementCount(name: string, shape: readonly number[]): number {
  let count = 1;
  for (const size of shape) {
    if (!Number.isInteger(size) || size < 0) {
      throw badRequest(
        `Cannot read input "${name}": shape must hold whole numbers of at least 0, got ${
          JSON.stringify(shape)
        }`,
      );
    }
    count *= size;
  }
  if (count > maxElements) {
    throw badRequest(
      `Cannot read input "${name}": shape must hold at most ${maxElements} elements, got ${count}`,
    );
  }
  return count;
}

/** One JSON value as an element of `datatype`, written at `index`. */
function put(name: string, datatype: Datatype, data: TensorData, index: number, value: unknown) {
  const fail = (wanted: string): never => {
    throw badRequest(
      `Cannot read input "${name}": data[${index}] must be ${wanted}, got ${JSON.stringify(value)}`,
    );
  };
  if (Array.isArray(data)) {
    if (typeof value !== "string") return fail("a string");
    data[index] = value;
    return;
  }
  if (datatype === "BOOL") {
    if (value !== true && value !== false && value !== 0 && value !== 1) fail("true or false");
    data[index] = value ? 1 : 0;
    return;
  }
  const range = numericDatatype(datatype)!.range;
  if (range === null) {
    if (typeof value === "number") data[index] = value;
    else if (value === "NaN") data[index] = NaN;
    else if (value === "Infinity") data[index] = Infinity;
    else if (value === "-Infinity") data[index] = -Infinity;
    else fail(`a number (${datatype})`);
    return;
  }
  const whole = typeof value === "number" && Number.isInteger(value)
    ? BigInt(value)
    : typeof value === "string" && /^-?\d{1,20}$/.test(value)
    ? BigInt(value)
    : null;
  if (whole === null || whole < range[0] || whole > range[1]) {
    return fail(`a whole number from ${range[0]} to ${range[1]} (${datatype})`);
  }
  if (data instanceof BigInt64Array || data instanceof BigUint64Array) data[index] = whole;
  else data[index] = Number(whole);
}

/** Shape of nested JSON arrays, read along the first elements. */
export function nestedShape(value: unknown): number[] {
  const shape: number[] = [];
  let at = value;
  while (Array.isArray(at)) {
    shape.push(at.length);
    at = at[0];
  }
  return shape;
}

/** Empty data of `length` elements. */
export function makeData(datatype: Datatype, length: number): TensorData {
  return numericDatatype(datatype)?.make(length) ?? new Array<string>(length);
}

/**
 * A tensor from JSON `data`, flat or nested. A nested array must be rectangular.
 *
 * @throws {ServingError} If elements are missing, too many, ragged or of the wrong kind.
 */
export function tensorFromJson(
  name: string,
  datatype: Datatype,
  shape: readonly number[],
  json: unknown,
): Tensor {
  const count = elementCount(name, shape);
  if (!Array.isArray(json)) {
    throw badRequest(`Cannot read input "${name}": data must be an array, got ${typeof json}`);
  }
  const data = makeData(datatype, count);
  let index = 0;
  const walk = (value: unknown, depth: number): void => {
    if (!Array.isArray(value)) {
      if (index < count) put(name, datatype, data, index, value);
      index++;
      return;
    }
    if (depth > shape.length) {
      throw badRequest(`Cannot read input "${name}": data is nested deeper than its shape`);
    }
    const flat = depth === 0 && !Array.isArray(value[0]);
    if (!flat && value.length !== shape[depth]) {
      throw badRequest(
        `Cannot read input "${name}": data has ${value.length} elements along axis ${depth}, ` +
          `but shape is ${JSON.stringify(shape)}`,
      );
    }
    for (const item of value) {
      if (flat && Array.isArray(item)) {
        throw badRequest(`Cannot read input "${name}": data mixes arrays and values`);
      }
      walk(item, depth + 1);
    }
  };
  walk(json, 0);
  if (index !== count) {
    throw badRequest(
      `Cannot read input "${name}": shape ${
        JSON.stringify(shape)
      } needs ${count} elements, got ${index}`,
    );
  }
  return { name, datatype, shape: [...shape], data };
}

/** An element as JSON: NaN and infinities as strings, 64-bit integers as numbers while exact. */
function jsonElement(datatype: Datatype, value: number | bigint | string): unknown {
  if (typeof value === "bigint") {
    return Number.isSafeInteger(Number(value)) ? Number(value) : String(value);
  }
  if (datatype === "BOOL") return value !== 0;
  if (typeof value === "number" && !Number.isFinite(value)) return String(value);
  return value;
}

/** The tensor's elements as a flat JSON array. */
export function flatJson(tensor: Tensor): unknown[] {
  return Array.from(
    tensor.data as ArrayLike<number | bigint | string>,
    (v) => jsonElement(tensor.datatype, v),
  );
}

/** The tensor's elements as nested JSON arrays of its shape. */
export function nestedJson(tensor: Tensor): unknown {
  const flat = flatJson(tensor);
  const nest = (from: number, depth: number): unknown => {
    if (depth === tensor.shape.length) return flat[from];
    const inner = tensor.shape.slice(depth + 1).reduce((a, b) => a * b, 1);
    return Array.from({ length: tensor.shape[depth] }, (_, i) => nest(from + i * inner, depth + 1));
  };
  return nest(0, 0);
}
