/** A model version in memory: its graph in ONNX Runtime and what stands beside it. @module */
import { badRequest } from "./errors.ts";
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

/** `{name: nested arrays}` from an example in that form, or from bare arrays for a single input. */
function exampleByName(example: unknown, signature: Signature): Record<string, unknown> | null {
  if (example === undefined || example === null) return null;
  const inner = typeof example === "object" && "inputs" in example ? example.inputs : example;
  if (Array.isArray(inner)) {
    return signature.inputs.length === 1 ? { [signature.inputs[0].name]: inner } : null;
  }
  return typeof inner === "object" ? inner as Record<string, unknown> : null;
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
    throw badRequest(`Cannot serve ${ref.name} version ${ref.version}: it has no model.onnx`);
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
      inputExample: exampleByName(example, signature),
    };
  } catch (error) {
    await session.release();
    throw error;
  }
}
