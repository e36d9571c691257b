/**
 * MLflow's scoring format: tables and tensors as JSON or CSV, turned into the model's inputs.
 * @see https://mlflow.org/docs/latest/deployment/deploy-model-locally
 * @module
 */
import { parse as parseCsv } from "csv-parse/sync";
import { badRequest, ServingError } from "./errors.ts";
import type { Signature, TensorSpec } from "./signature.ts";
import { makeData, nestedJson, nestedShape, type Tensor, tensorFromJson } from "./tensor.ts";

const formats = ["dataframe_split", "dataframe_records", "instances", "inputs"] as const;

/** A table: named columns of equally many values, row by row. */
interface Table {
  columns: string[];
  rows: unknown[][];
}

function tableFromSplit(value: unknown): Table {
  const { columns, data } = (value ?? {}) as { columns?: unknown; data?: unknown };
  if (!Array.isArray(data) || !data.every(Array.isArray)) {
    throw badRequest("dataframe_split: data must be an array of rows");
  }
  const width = data[0]?.length ?? 0;
  const names = columns === undefined
    ? Array.from({ length: width }, (_, i) => String(i))
    : columns;
  if (!Array.isArray(names)) throw badRequest("dataframe_split: columns must be an array of names");
  data.forEach((row: unknown[], i) => {
    if (row.length !== names.length) {
      throw badRequest(
        `dataframe_split: row ${i} must have ${names.length} values, got ${row.length}`,
      );
    }
  });
  return { columns: names.map(String), rows: data };
}

function tableFromRecords(value: unknown): Table {
  const isRecord = (row: unknown) => typeof row === "object" && row !== null && !Array.isArray(row);
  if (!Array.isArray(value) || !value.every(isRecord)) {
    throw badRequest("dataframe_records must be an array of objects");
  }
  const columns = Object.keys(value[0] ?? {});
  const rows = value.map((record: Record<string, unknown>, i) =>
    columns.map((name) => {
      if (!(name in record)) throw badRequest(`dataframe_records: row ${i} lacks "${name}"`);
      return record[name];
    })
  );
  return { columns, rows };
}

function tableFromCsv(text: string): Table {
  let lines: string[][];
  try {
    lines = parseCsv(text, { skip_empty_lines: true, trim: true }) as string[][];
  } catch (error) {
    throw badRequest(`Cannot read the CSV: ${(error as Error).message}`);
  }
  if (lines.length === 0) throw badRequest("Cannot read the CSV: it must start with column names");
  const [columns, ...data] = lines;
  const rows = data.map((line) =>
    line.map((cell) => cell === "" ? "NaN" : Number.isNaN(Number(cell)) ? cell : Number(cell))
  );
  return { columns, rows };
}

/** Whether an input takes one value a row: [-1] or [-1, 1]. */
const isColumn = (spec: TensorSpec) =>
  spec.shape.length === 1 || (spec.shape.length === 2 && spec.shape[1] === 1);

function columnOf(table: Table, name: string): number {
  const at = table.columns.indexOf(name);
  if (at < 0) {
    throw badRequest(`Column "${name}" is missing; the table has ${table.columns.join(", ")}`);
  }
  return at;
}

/**
 * A table as the model's inputs. Each input that takes one value a row is the column of its name.
 * A single wide input takes all columns, in the order of `featureNames` when the model states them.
 */
function tensorsFromTable(
  table: Table,
  signature: Signature,
  featureNames: readonly string[],
): Tensor[] {
  const { rows, columns } = table;
  const [first] = signature.inputs;
  if (signature.inputs.every(isColumn) && columns.some((c) => c === first.name)) {
    return signature.inputs.map((spec) => {
      const at = columnOf(table, spec.name);
      const shape = spec.shape.length === 1 ? [rows.length] : [rows.length, 1];
      return tensorFromJson(spec.name, spec.datatype, shape, rows.map((row) => row[at]));
    });
  }
  if (signature.inputs.length !== 1) {
    const names = signature.inputs.map((spec) => spec.name).join(", ");
    throw badRequest(`The model takes the tensors ${names}: send "inputs", not a table`);
  }
  const isNamed = featureNames.length > 0 && featureNames.every((name) => columns.includes(name));
  const order = isNamed
    ? featureNames.map((name) => columnOf(table, name))
    : columns.map((_, i) => i);
  const flat = rows.flatMap((row) => order.map((at) => row[at]));
  return [
    tensorFromJson(first.name, first.datatype, reshape(first, rows.length, order.length), flat),
  ];
}

/** The shape of `rows` rows of `width` values for an input that may have more than two axes. */
function reshape(spec: TensorSpec, rows: number, width: number): number[] {
  const inner = spec.shape.slice(1);
  const known = inner.reduce((product, size) => product * Math.abs(size), 1);
  if (spec.shape.length > 2 && inner.every((size) => size > 0) && known === width) {
    return [rows, ...inner];
  }
  if (spec.shape.length === 1 && width === 1) return [rows];
  return [rows, width];
}

/** JSON nested arrays as the tensor an input expects; scalars count as [1]. */
function tensorFromNested(spec: TensorSpec, json: unknown): Tensor {
  const value = Array.isArray(json) ? json : [json];
  const shape = nestedShape(value);
  if (shape.includes(0)) {
    return { name: spec.name, datatype: spec.datatype, shape, data: makeData(spec.datatype, 0) };
  }
  return tensorFromJson(spec.name, spec.datatype, shape, value);
}

function specOf(signature: Signature, name: string): TensorSpec {
  const spec = signature.inputs.find((s) => s.name === name);
  if (spec) return spec;
  const names = signature.inputs.map((s) => s.name).join(", ");
  throw badRequest(`Input "${name}" is unknown; the model takes ${names}`);
}

function onlyInput(signature: Signature): TensorSpec {
  if (signature.inputs.length === 1) return signature.inputs[0];
  const names = signature.inputs.map((spec) => spec.name).join(", ");
  throw badRequest(`The model takes the inputs ${names}: send an object with each of them`);
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** `inputs`: by column, an object of tensors or one tensor. */
function tensorsFromInputs(value: unknown, signature: Signature): Tensor[] {
  if (!isObject(value)) return [tensorFromNested(onlyInput(signature), value)];
  return Object.entries(value).map(([name, json]) =>
    tensorFromNested(specOf(signature, name), json)
  );
}

/** `instances`: by row, an array of objects or of tensors. */
function tensorsFromInstances(value: unknown, signature: Signature): Tensor[] {
  if (!Array.isArray(value)) throw badRequest("instances must be an array");
  if (!value.some(isObject)) return [tensorFromNested(onlyInput(signature), value)];
  const { columns, rows } = tableFromRecords(value);
  return columns.map((name, at) =>
    tensorFromNested(specOf(signature, name), rows.map((row) => row[at]))
  );
}

/**
 * The model's inputs from the body of an invocation.
 *
 * @throws {ServingError} 415 for another content type, 400 naming what is wrong with the body.
 */
export function readInvocation(
  contentType: string | undefined,
  body: Uint8Array,
  model: { signature: Signature; featureNames: readonly string[] },
): Tensor[] {
  const mime = (contentType ?? "").split(";")[0].trim().toLowerCase();
  const { featureNames } = model;
  const text = new TextDecoder().decode(body);
  if (mime === "text/csv") {
    return tensorsFromTable(tableFromCsv(text), model.signature, featureNames);
  }
  if (mime !== "application/json") {
    throw new ServingError(
      415,
      `Content-Type must be application/json or text/csv, got ${mime || "none"}`,
    );
  }
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw badRequest(`Cannot read the request: its body must be JSON: ${(error as Error).message}`);
  }
  const given = isObject(json) ? formats.filter((format) => format in json) : [];
  if (!isObject(json) || given.length !== 1) {
    throw badRequest(
      `The body must be an object with exactly one of ${formats.join(", ")}, got ${
        given.length > 1 ? given.join(" and ") : "none of them"
      }`,
    );
  }
  const [format] = given;
  const value = json[format];
  switch (format) {
    case "dataframe_split":
      return tensorsFromTable(tableFromSplit(value), model.signature, featureNames);
    case "dataframe_records":
      return tensorsFromTable(tableFromRecords(value), model.signature, featureNames);
    case "instances":
      return tensorsFromInstances(value, model.signature);
    case "inputs":
      return tensorsFromInputs(value, model.signature);
  }
}

/** `predictions`: the tensor of a model with one output, an object of tensors otherwise. */
export function writePredictions(outputs: readonly Tensor[]): unknown {
  if (outputs.length === 1) return nestedJson(outputs[0]);
  return Object.fromEntries(outputs.map((tensor) => [tensor.name, nestedJson(tensor)]));
}
