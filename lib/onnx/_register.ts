/**
 * Registers the recording backend and its kernels with tfjs, once.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { engine } from "./_engine.ts";
import { UnsupportedOpError } from "./errors.ts";
import { sizeOf, type TypedData } from "./graph/dtype.ts";
import { constantData, type Value } from "./graph/graph.ts";
import type { Kernel, KernelCall } from "./kernels/kernel.ts";
import { kernels } from "./kernels/mod.ts";
import { currentOp, TraceBackend, traceBackendName } from "./trace_backend.ts";

/** Kernels whose inputs are all known are run at once when they are at most this large. */
const foldLimit = 1 << 14;
const neverFold = new Set(["Multinomial"]);

let backend: TraceBackend | null = null;

/** Names of all kernels that tfjs can dispatch. */
export function tfjsKernelNames(): string[] {
  const names = new Set<string>();
  // Kernel names are exported as constants, `export const Abs = 'Abs'`.
  for (const [key, value] of Object.entries(tf)) {
    if (typeof value === "string" && /^_?[A-Z]/.test(key) && value.replace("_", "") !== "") {
      if (value === key || value === `_${key}`) names.add(value);
    }
  }
  for (const k of tf.getKernelsForBackend("cpu")) names.add(k.kernelName);
  for (const name of Object.keys(kernels)) names.add(name);
  return [...names].sort();
}

/** The recording backend, registered with tfjs at the first call. */
export function traceBackend(): TraceBackend {
  if (backend) return backend;
  const b = backend = new TraceBackend();
  // Lowest priority: tfjs must never choose it by itself.
  tf.registerBackend(traceBackendName, () => b, -1);
  for (const kernelName of tfjsKernelNames()) {
    tf.registerKernel({
      kernelName,
      backendName: traceBackendName,
      kernelFunc: ({ inputs, attrs }) =>
        record(b, kernelName, inputs as tf.NamedTensorInfoMap, attrs ?? {}),
    });
  }
  return b;
}

function record(
  b: TraceBackend,
  name: string,
  inputs: tf.NamedTensorInfoMap,
  attrs: tf.NamedAttrMap,
): tf.TensorInfo | tf.TensorInfo[] {
  const r = b.active();
  const layer = r.layers.join("/");
  const refuse = (reason?: string): never => {
    throw new UnsupportedOpError(name, currentOp(), layer, reason);
  };
  const kernel: Kernel | undefined = kernels[name];
  if (!kernel) return refuse();
  const values: Record<string, Value> = {};
  for (const [key, tensor] of Object.entries(inputs)) {
    if (tensor) values[key] = b.graphValue(tensor);
  }
  r.graph.origin = layer || currentOp();
  const folded = fold(b, name, values, inputs, attrs);
  if (folded) return folded;
  const call: KernelCall = {
    g: r.graph,
    name,
    in: values,
    list: Object.values(values),
    attrs,
    randomKey: () => r.randomKey(),
    randomSite: () => {
      // tfjs read a seed for this draw; the graph draws by its key.
      r.mathRandomCalls = Math.max(0, r.mathRandomCalls - 1);
      return r.randomSites++;
    },
    refuse,
  };
  const out = kernel(call);
  return Array.isArray(out) ? out.map((v) => b.wrap(v)) : b.wrap(out);
}

/** The result of a kernel whose inputs are small constants, by tfjs's own CPU kernel. */
function fold(
  b: TraceBackend,
  name: string,
  values: Record<string, Value>,
  inputs: tf.NamedTensorInfoMap,
  attrs: tf.NamedAttrMap,
): tf.TensorInfo | tf.TensorInfo[] | null {
  const list = Object.values(values);
  if (list.length === 0 || neverFold.has(name)) return null;
  if (!list.every((v) => v.constant && sizeOf(v.shape) <= foldLimit)) return null;
  // Splats stay splats where the graph builder keeps them small.
  if (list.every((v) => v.constant && "splat" in v.constant)) return null;
  const config = tf.getKernel(name, "cpu");
  const cpu = engine().findBackend("cpu") as
    | (tf.KernelBackend & {
      makeTensorInfo(shape: number[], dtype: string, values: tf.BackendValues): tf.TensorInfo;
    })
    | null;
  if (!config || !cpu) return null;
  const infos: tf.NamedTensorInfoMap = Array.isArray(inputs)
    ? ([] as unknown as tf.NamedTensorInfoMap)
    : {};
  for (const [key, v] of Object.entries(values)) {
    infos[key] = cpu.makeTensorInfo(
      [...v.shape],
      v.dtype,
      constantData(v).slice() as tf.BackendValues,
    );
  }
  const out = config.kernelFunc({ inputs: infos, attrs, backend: cpu });
  const outs = (Array.isArray(out) ? out : [out]) as tf.TensorInfo[];
  const g = b.active().graph;
  const folded = outs.map((o) => {
    const data = cpu.readSync(o.dataId) as TypedData;
    return b.wrap(
      g.constant(data.slice() as TypedData, o.dtype as "float32", [...o.shape]),
    );
  });
  for (const info of [...Object.values(infos), ...outs]) if (info) cpu.disposeData(info.dataId);
  return Array.isArray(out) ? folded : folded[0];
}
