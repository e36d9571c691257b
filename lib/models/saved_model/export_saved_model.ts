/**
 * Models as TensorFlow's SavedModel, written without TensorFlow.
 *
 * The prediction is recorded as for ONNX (at two batch sizes, so that the batch stays free), and each
 * operator becomes TensorFlow's of the same meaning. The graph is frozen: weights are constants.
 * @module
 */
import { UnsupportedOpError } from "../../onnx/errors.ts";
import type { Dtype } from "../../onnx/graph/dtype.ts";
import { generalizeBatch } from "../../onnx/graph/generalize_batch.ts";
import { Graph, type Value } from "../../onnx/graph/graph.ts";
import type { Model } from "../model.ts";
import type { tf } from "../tensorflow.ts";
import { elementwise } from "./elementwise.ts";
import { attribute, GraphDefWriter } from "./graph_def.ts";
import { layout } from "./layout.ts";
import { NodeCall, type Translation } from "./node_call.ts";
import { products } from "./products.ts";
import { type BoundTensor, encodeSavedModel } from "./signature.ts";

/** TensorFlow's form of each recorded operator. */
export const translations: Record<string, Translation> = { ...elementwise, ...layout, ...products };

/**
 * The bytes of a model's `saved_model.pb`: signature `serving_default`, input `window`
 * [batch, windowBars, features], one output per head under the head's name.
 *
 * A SavedModel is a folder with this file in it. TensorFlow 2 (`tf.saved_model.load`), TensorFlow
 * Serving and tfjs-node (`tf.node.loadSavedModel`) read it.
 *
 * @throws {UnsupportedOpError} Naming an operator that has no translation.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createModel } from "../create_model.ts";
 * import { savedModelBytes } from "./export_saved_model.ts";
 * import { readSavedModelSignature } from "./signature.ts";
 * const model = await createModel({ kind: "mlp", windowBars: 4, features: 2, units: 8 });
 * const { inputs, outputs } = readSavedModelSignature(await savedModelBytes(model));
 * assert.deepEqual(inputs, [{ name: "window", shape: [-1, 4, 2], dtype: "float32" }]);
 * assert.deepEqual(outputs, [{ name: "output", shape: [-1, 1], dtype: "float32" }]);
 * model.dispose();
 * ```
 */
export async function savedModelBytes(model: Model): Promise<Uint8Array<ArrayBuffer>> {
  const { windowBars, features } = model.config;
  return await functionToSavedModel(
    (x) => {
      const outputs = [model.tf.apply(x, { training: false })].flat() as tf.Tensor[];
      return Object.fromEntries(outputs.map((t, i) => [model.heads[i].name, t]));
    },
    [{ name: model.tf.inputNames[0], shape: [-1, windowBars, features] }],
    model.tf.weights.map((w) => (w as unknown as { val: tf.Variable }).val),
  );
}

/**
 * As {@linkcode savedModelBytes}, for any function of tensors; -1 on axis 0 of an input is the batch.
 *
 * @param variables What the function reads besides its inputs.
 * @throws {UnsupportedOpError} Naming an operator that has no translation.
 */
export async function functionToSavedModel(
  fn: (...inputs: tf.Tensor[]) => Record<string, tf.Tensor>,
  specs: readonly { name: string; shape: number[]; dtype?: "float32" | "int32" | "bool" }[],
  variables: readonly tf.Variable[] = [],
): Promise<Uint8Array<ArrayBuffer>> {
  const { trace } = await import("../../onnx/mod.ts");
  // Read before the trace, which hides them.
  const values = new Map(variables.map((v) => [v, v.dataSync().slice() as Float32Array]));
  const at = (batch: number): Graph => {
    const graph = new Graph();
    const bind = (v: tf.Variable): Value | undefined =>
      values.has(v) ? graph.constant(values.get(v)!, v.dtype as Dtype, v.shape) : undefined;
    const fixed = specs.map((s) => ({ ...s, shape: s.shape.map((d) => d === -1 ? batch : d) }));
    // TensorFlow has no ONNX LSTM or GRU: recurrent layers are written out bar by bar.
    trace(fn, fixed, { graph, bind, lower: false });
    return graph;
  };
  const general = generalizeBatch(at(7), at(13), 7, 13);
  if (!general.graph) {
    throw new RangeError(`Cannot export model: its batch must be free, got: ${general.reason}`);
  }
  return graphToSavedModel(general.graph, general.symbolicDims);
}

/**
 * A recorded graph as the bytes of `saved_model.pb`.
 *
 * @param freeDims `freeDims[inputOrOutput][axis]` is there where an axis has no fixed length.
 * @throws {UnsupportedOpError} Naming an operator that has no translation.
 */
export function graphToSavedModel(
  graph: Graph,
  freeDims: Record<string, Record<number, string>> = {},
): Uint8Array<ArrayBuffer> {
  const out = new GraphDefWriter();
  const references = new Map<Value, string>();
  const open = (name: string, v: Value) =>
    v.shape.map((d, axis) => freeDims[name]?.[axis] ? -1 : d);
  const inputs = graph.inputs.map((v): BoundTensor => {
    const shape = open(v.name!, v);
    const reference = out.add("Placeholder", v.name!, [], {
      dtype: attribute.type(v.dtype),
      shape: attribute.shape(shape),
    });
    references.set(v, reference);
    return { name: v.name!, shape, dtype: v.dtype, reference: `${reference}:0` };
  });
  for (const node of graph.nodes) {
    const translate = node.domain === "" ? translations[node.op] : undefined;
    if (!translate) {
      throw new UnsupportedOpError(
        node.op,
        "",
        node.origin,
        "it has no TensorFlow translation",
      );
    }
    const results = [translate(new NodeCall(out, node, references))].flat();
    node.outputs.forEach((v, k) => references.set(v, results[k]));
  }
  const outputs = graph.outputs.map(({ name, value }): BoundTensor => {
    const source = value.constant ? out.constant(value) : references.get(value)!;
    const reference = out.add("Identity", name, [source], { T: attribute.type(value.dtype) });
    return { name, shape: open(name, value), dtype: value.dtype, reference: `${reference}:0` };
  });
  return encodeSavedModel(out.finish(), out.ops, { inputs, outputs });
}
