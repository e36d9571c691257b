/**
 * Exporting a model's prediction as ONNX.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { generalizeBatch } from "./graph/generalize_batch.ts";
import { Graph, type Value } from "./graph/graph.ts";
import { encodeModel } from "./graph/model_proto.ts";
import { eliminateDead } from "./graph/eliminate_dead.ts";
import { foldSums } from "./graph/fold_sums.ts";
import { engine } from "./_engine.ts";
import { TraceError } from "./errors.ts";
import { graphDtype } from "./trace_backend.ts";
import { type TensorSpec, traceInto, type TraceOutput } from "./trace.ts";

/** How to export. */
export interface ExportOptions {
  /** Names of inputs and outputs, in the model's order. Default: the layers' own. */
  signature?: { inputs?: string[]; outputs?: string[] };
  /** Written into the file's `metadata_props`: version, features, anything. */
  metadata?: Record<string, string>;
  /** Whether axis 0 of inputs and outputs is free. Default true; otherwise `batchSize`. */
  dynamicBatch?: boolean;
  /** Rows of a fixed batch. Default 1. */
  batchSize?: number;
  /** Fused forms of layers, ONNX's LSTM and GRU among them. Default true. */
  lower?: boolean;
}

/**
 * The ONNX bytes of a model's prediction (opset 20, IR version 9), weights included.
 *
 * The batch dimension is found by tracing at two batch sizes: what differs between the two graphs
 * depends on the batch, and is written so that it is computed from the input's shape.
 *
 * @throws {UnsupportedOpError} If a kernel has no translation.
 * @throws {TraceError} If the model depends on the batch size in a way that can't be kept free.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import assert from "node:assert/strict";
 * import { exportOnnx } from "./export.ts";
 * import { loadOnnx } from "./load.ts";
 * await tf.setBackend("cpu");
 * const model = tf.sequential({
 *   layers: [tf.layers.dense({ units: 1, inputShape: [2], kernelInitializer: "ones" })],
 * });
 * const loaded = await loadOnnx(await exportOnnx(model, { signature: { inputs: ["x"], outputs: ["y"] } }));
 * const { y } = await loaded.run({ x: { data: [1, 2, 3, 4, 5, 6], shape: [3, 2] } });
 * assert.deepEqual([...y.data], [3, 7, 11]);
 * loaded.dispose();
 * ```
 */
export async function exportOnnx(
  model: tf.LayersModel,
  options: ExportOptions = {},
): Promise<Uint8Array> {
  await tf.ready();
  const inputNames = options.signature?.inputs ?? layerNames(model.inputs);
  const outputNames = options.signature?.outputs ?? layerNames(model.outputs);
  checkNames("inputs", inputNames, model.inputs.length);
  checkNames("outputs", outputNames, model.outputs.length);
  const shared = outputNames.find((n) => inputNames.includes(n));
  if (shared !== undefined) {
    throw new RangeError(
      `Cannot export: signature.outputs must differ from the inputs' names, got "${shared}" in both`,
    );
  }
  const specs = model.inputs.map((input, i) => ({
    name: inputNames[i],
    dtype: input.dtype as TensorSpec["dtype"],
    shape: input.shape.map((d, axis) => {
      if (axis > 0 && d === null) {
        throw new TraceError(
          `Cannot export: input "${
            inputNames[i]
          }" must have known dimensions after the batch, got [${input.shape}]`,
        );
      }
      return d ?? -1;
    }),
  }));
  const fn = (...inputs: tf.Tensor[]): Record<string, tf.Tensor> => {
    const result = model.apply(inputs.length === 1 ? inputs[0] : inputs, { training: false });
    const list = (Array.isArray(result) ? result : [result]) as tf.Tensor[];
    return Object.fromEntries(list.map((t, i) => [outputNames[i], t]));
  };
  return exportFunction(fn, specs, options);
}

/** Names of the layers that make the tensors; a layer's second output gets a number. */
function layerNames(tensors: tf.SymbolicTensor[]): string[] {
  const names = tensors.map((t) => t.sourceLayer.name);
  return names.map((n, i) => names.indexOf(n) === i ? n : `${n}_${i}`);
}

/** As exportOnnx, for any function; a dimension of -1 on axis 0 is the batch. */
export function exportFunction(
  fn: (...inputs: tf.Tensor[]) => TraceOutput,
  specs: TensorSpec[],
  options: Omit<ExportOptions, "signature"> = {},
): Uint8Array {
  const { dynamicBatch = true, batchSize = 1, metadata } = options;
  const at = (batch: number) => inferenceGraph(fn, specs, batch, options.lower);
  const hasBatch = specs.some((s) => s.shape[0] === -1);
  if (!dynamicBatch || !hasBatch) {
    return encodeModel(at(batchSize), { metadata });
  }
  // Two sizes that no other dimension is likely to have; others when they do.
  const pairs = [[7, 13], [11, 17], [19, 29], [37, 53]];
  let reason = "";
  for (const [a, b] of pairs) {
    const general = generalizeBatch(at(a), at(b), a, b);
    if (general.graph) {
      return encodeModel(general.graph, { metadata, symbolicDims: general.symbolicDims });
    }
    reason = general.reason;
  }
  throw new TraceError(
    `Cannot export with a free batch dimension: ${reason}; set dynamicBatch to false`,
  );
}

function checkNames(what: string, names: string[], count: number): void {
  if (names.length !== count || new Set(names).size !== count) {
    throw new RangeError(
      `Cannot export: signature.${what} must have ${count} different names, got [${names}]`,
    );
  }
}

/** The graph of a function with its variables as constants. */
function inferenceGraph(
  fn: (...inputs: tf.Tensor[]) => TraceOutput,
  specs: TensorSpec[],
  batch: number,
  lower?: boolean,
): Graph {
  const graph = new Graph();
  const inputs = specs.map((s, i) =>
    graph.input(
      s.name ?? `input_${i}`,
      s.dtype ?? "float32",
      s.shape.map((d, axis) => axis === 0 && d === -1 ? batch : d),
    )
  );
  // Weights are read before the trace hides them.
  const weights = new Map(
    Object.values(tf.engine().registeredVariables).map((v) => [v, v.dataId]),
  );
  const bind = (v: tf.Variable): Value => {
    const { backend } = engine().state.tensorInfo.get(weights.get(v) as object)!;
    const data = backend.readSync(weights.get(v) as tf.DataId) as Float32Array;
    return graph.constant(data.slice(), graphDtype(v.dtype), v.shape);
  };
  const traced = traceInto(graph, fn, inputs, { bind, lower });
  if (traced.randomKey) {
    throw new TraceError("Cannot export: the function draws random numbers; export its prediction");
  }
  const assigned = traced.variables.find((v) => v.assigned);
  if (assigned) {
    throw new TraceError(
      `Cannot export: the function assigns variable "${assigned.variable.name}"`,
    );
  }
  for (const o of traced.outputs) graph.output(o.name, o.value);
  eliminateDead(graph);
  foldSums(graph);
  return graph;
}
