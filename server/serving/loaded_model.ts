/** A model version in memory: its graph in ONNX Runtime and what stands beside it. @module */
import { ServingError } from "./errors.ts";
import type { ModelSource, ModelVersionRef } from "./model_source.ts";
import { type OnnxSession, openOnnx } from "./onnx_session.ts";
import { type ModelFile, readModelFile, type Signature } from "./signature.ts";

export interface LoadedModel {
  readonly ref: ModelVersionRef;
  readonly session: OnnxSession;
  readonly signature: Signature;
  readonly metadata: Record<string, unknown>;
  /** Inputs by name to try the model with; null when none was recorded. */
  readonly inputExample: Record<string, unknown> | null;
  /** Features along the last axis of the input; empty when the description does not say. */
  readonly featureNames: readonly string[];
}

/** The graph decides what the model takes; the stated signature must say the same. */
function reconcile(stated: Signature | undefined, graph: Signature): Signature {
  if (!stated) return graph;
  for (const kind of ["inputs", "outputs"] as const) {
    for (const spec of stated[kind]) {
      const actual = graph[kind].find((other) => other.name === spec.name);
      if (!actual || actual.datatype !== spec.datatype) {
        const names = graph[kind].map((g) => `${g.name} ${g.datatype}`).join(", ");
        throw new Error(
          `Cannot serve the model: tapebook.json states the ${kind.slice(0, -1)} ` +
            `"${spec.name}" ${spec.datatype}, the graph has ${names}`,
        );
      }
    }
  }
  return stated;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

/** Flat row-major data as nested arrays of a shape. */
function nest(data: readonly unknown[], shape: readonly number[]): unknown {
  if (shape.length <= 1) return data;
  const inner = data.length / shape[0];
  return Array.from(
    { length: shape[0] },
    (_, i) => nest(data.slice(i * inner, (i + 1) * inner), shape.slice(1)),
  );
}

/**
 * `{name: nested arrays}` from any form an example has: tensors `{name, shape, data}` (one, or an
 * array of them), an object by name, that object under `inputs`, or bare arrays for a single input.
 */
function exampleByName(example: unknown, signature: Signature): Record<string, unknown> | null {
  if (example === undefined || example === null) return null;
  const inner = isObject(example) && "inputs" in example ? example.inputs : example;
  const tensors = Array.isArray(inner) ? inner : [inner];
  const isTensor = (t: unknown) =>
    isObject(t) && typeof t.name === "string" && Array.isArray(t.shape) && Array.isArray(t.data);
  if (tensors.length > 0 && tensors.every(isTensor)) {
    return Object.fromEntries(tensors.map((t) => [
      t.name,
      Array.isArray(t.data[0]) ? t.data : nest(t.data, t.shape),
    ]));
  }
  if (Array.isArray(inner)) {
    return signature.inputs.length === 1 ? { [signature.inputs[0].name]: inner } : null;
  }
  return isObject(inner) ? inner : null;
}

/** Names of the features along the last axis, where the description states them. */
function featureNamesOf(metadata: Record<string, unknown>): string[] {
  const { featureNames, pipeline } = metadata;
  const names = featureNames ?? (isObject(pipeline) ? pipeline.names : undefined);
  return Array.isArray(names) ? names.map(String) : [];
}

async function readJson(source: ModelSource, ref: ModelVersionRef, path: string): Promise<unknown> {
  const bytes = await source.readFile(ref, path);
  if (!bytes) return undefined;
  try {
    return JSON.parse(new TextDecoder().decode(bytes));
  } catch {
    return undefined;
  }
}

/**
 * Loads `model.onnx` of a version, and `tapebook.json` and `input_example.json` where present.
 *
 * @throws {Error} If the graph is missing, broken, or says other than its `tapebook.json`.
 */
export async function loadModel(source: ModelSource, ref: ModelVersionRef): Promise<LoadedModel> {
  const graph = await source.readFile(ref, "model.onnx");
  if (!graph) {
    throw new ServingError(
      503,
      `Cannot serve ${ref.name} version ${ref.version}: it has no model.onnx`,
    );
  }
  const text = await source.readFile(ref, "tapebook.json");
  const file: ModelFile = text ? readModelFile(new TextDecoder().decode(text)) : {};
  const session = await openOnnx(graph);
  try {
    const signature = reconcile(file.signature, session.signature);
    const example = file.inputExample ?? file.metadata?.inputExample ??
      await readJson(source, ref, "input_example.json");
    return {
      ref,
      session,
      signature,
      metadata: file.metadata ?? {},
      featureNames: featureNamesOf(file.metadata ?? {}),
      inputExample: exampleByName(example, signature),
    };
  } catch (error) {
    await session.release();
    throw error;
  }
}
