/** A form for a model's inputs, made from its signature, and the request it stands for. @module */
import { shortestFloat32 } from "./format.ts";

export interface TensorSpec {
  name: string;
  datatype: string;
  /** -1 stands for any size. */
  shape: number[];
}

/** One input of the form: a field a number while there are few, JSON text otherwise. */
export interface TensorField {
  spec: TensorSpec;
  kind: "numbers" | "json";
  /** A label for each number, for instance the feature's name. */
  labels: string[];
  /** One text a number. */
  values: string[];
  /** The JSON text. */
  json: string;
}

export interface InferTensor {
  name: string;
  datatype: string;
  shape: number[];
  data: unknown;
}

/** Most numbers that get a field each. */
const mostFields = 24;

const isNumeric = (datatype: string) => datatype !== "BYTES" && datatype !== "BOOL";

/** Shape of nested arrays, read along the first elements. */
export function shapeOf(value: unknown): number[] {
  const shape: number[] = [];
  for (let at = value; Array.isArray(at); at = at[0]) shape.push(at.length);
  return shape;
}

/** Nested arrays as one line a row, so that a window of features can be read. */
export function writeNested(value: unknown): string {
  const depth = shapeOf(value).length;
  if (depth <= 1) return JSON.stringify(value);
  const rows = (value as unknown[]).map((row) => writeNested(row).replaceAll("\n", "\n  "));
  return `[\n  ${rows.join(",\n  ")}\n]`;
}

/** Nested zeros of a shape; open sizes count as 1. */
function zeros(shape: readonly number[]): unknown {
  if (shape.length === 0) return 0;
  return Array.from({ length: shape[0] < 0 ? 1 : shape[0] }, () => zeros(shape.slice(1)));
}

function shorten(value: unknown, datatype: string): unknown {
  if (Array.isArray(value)) return value.map((inner) => shorten(inner, datatype));
  return datatype === "FP32" && typeof value === "number" ? shortestFloat32(value) : value;
}

/**
 * The form of a signature, filled from the example where there is one. Without an example number
 * fields are empty and JSON shows the shape in zeros.
 */
export function makeFields(
  inputs: readonly TensorSpec[],
  example: Record<string, unknown> | null,
  featureNames: readonly string[] = [],
): TensorField[] {
  return inputs.map((spec) => {
    const one = spec.shape.map((size) => size < 0 ? 1 : size);
    const count = one.reduce((product, size) => product * size, 1);
    // A 32-bit float written with 17 digits says nothing that 9 do not.
    const given = shorten(example?.[spec.name], spec.datatype);
    const flat = given === undefined ? [] : [given].flat(Infinity);
    const isRow = given === undefined || flat.length === count;
    const kind = isNumeric(spec.datatype) && count <= mostFields && isRow ? "numbers" : "json";
    const labels = Array.from(
      { length: count },
      (_, i) =>
        featureNames.length === count
          ? featureNames[i]
          : count === 1
          ? spec.name
          : `${spec.name}[${i}]`,
    );
    return {
      spec,
      kind,
      labels,
      values: labels.map((_, i) => flat[i] === undefined ? "" : String(flat[i])),
      json: writeNested(given ?? zeros(spec.shape)),
    };
  });
}

/**
 * The tensors that a filled form stands for.
 *
 * @throws {Error} Naming the field at fault.
 */
export function readFields(fields: readonly TensorField[]): InferTensor[] {
  return fields.map(({ spec, kind, labels, values, json }) => {
    const { name, datatype } = spec;
    if (kind === "numbers") {
      const data = values.map((text, i) => {
        const value = Number(text);
        if (text.trim() === "" || Number.isNaN(value)) {
          throw new Error(`${labels[i]} must be a number, got ${JSON.stringify(text)}`);
        }
        return value;
      });
      return { name, datatype, shape: spec.shape.map((size) => size < 0 ? 1 : size), data };
    }
    let data: unknown;
    try {
      data = JSON.parse(json);
    } catch (error) {
      throw new Error(`${name} must be JSON: ${(error as Error).message}`);
    }
    const shape = shapeOf(data);
    if (shape.length !== spec.shape.length) {
      throw new Error(
        `${name} must be nested ${spec.shape.length} deep (shape ${writeShape(spec.shape)}), got ${
          writeShape(shape)
        }`,
      );
    }
    return { name, datatype, shape, data };
  });
}

/** `[batch, 30, 12]`: open sizes are called by what they are, the first one by `batch`. */
export function writeShape(shape: readonly number[]): string {
  return `[${shape.map((size, i) => size >= 0 ? size : i === 0 ? "batch" : "any").join(", ")}]`;
}

/** Flat row-major data as nested arrays of a shape. */
export function nest(data: readonly unknown[], shape: readonly number[]): unknown {
  if (shape.length === 0) return data[0];
  const inner = shape.slice(1).reduce((product, size) => product * size, 1);
  return Array.from(
    { length: shape[0] },
    (_, i) => nest(data.slice(i * inner, (i + 1) * inner), shape.slice(1)),
  );
}
