/**
 * A tfjs function as a callable that runs on ONNX Runtime.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Tensor as OrtTensor } from "onnxruntime-node";
import type { Dtype, TypedData } from "./graph/dtype.ts";
import { encodeModel } from "./graph/model_proto.ts";
import type { OutputTensor } from "./load.ts";
import { stepKey } from "./random_graph.ts";
import {
  createSessionSync,
  loadRuntime,
  type OrtFeeds,
  ortTensor,
  type Session,
  type SessionOptions,
} from "./runtime.ts";
import { type TensorSpec, type Trace, trace, type TraceOutput } from "./trace.ts";

/** How a function is compiled. */
export interface CompileOptions extends SessionOptions {
  /** Seed of random draws inside the function. Default 0. */
  seed?: number;
  /** Fused forms of layers. Default true. */
  lower?: boolean;
}

/** Elements and shape of an input. */
export interface CompiledInput {
  data: TypedData;
  shape: readonly number[];
  /** Default: by the array's kind (Float32Array float32, Int32Array int32, Uint8Array bool). */
  dtype?: "float32" | "int32" | "bool";
}

/** A compiled function. Outputs are named as the function names them, else `output_0`, … */
export interface CompiledFunction {
  /** Runs on the calling thread. One graph is made and kept for each combination of input shapes. */
  run(...inputs: CompiledInput[]): Record<string, OutputTensor>;
  /** As run, a tick later; for work off the thread see worker.ts. */
  runAsync(...inputs: CompiledInput[]): Promise<Record<string, OutputTensor>>;
  /** As run, on tensors; the caller disposes the results. */
  apply(...inputs: tf.Tensor[]): Record<string, tf.Tensor>;
  /** Number of graphs made so far. */
  readonly graphs: number;
  /** Calls made so far: the number that keys random draws. It may be set, to resume. */
  calls: number;
  dispose(): void;
}

interface Compiled {
  traced: Trace;
  session: Session;
  /** Tensors of variables, remade when a variable holds other data. */
  held: Map<tf.Variable, { dataId: object; tensor: OrtTensor }>;
}

/**
 * Compiles `fn`. Variables keep their meaning: their current values are read at each call, and
 * those that the function assigns are assigned; a tfjs optimizer's learning rate is read at each
 * call, too.
 *
 * `specs` are shapes to compile at once; other shapes are compiled when they come.
 *
 * @throws {UnsupportedOpError} If a kernel has no translation.
 * @throws {TraceError} If the function reads values of tensors or other things that can't be kept.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import assert from "node:assert/strict";
 * import { compile } from "./compile.ts";
 * await tf.setBackend("cpu");
 * const norm = await compile((x) => tf.sqrt(tf.sum(tf.square(x))), [{ shape: [2] }]);
 * const { output_0 } = norm.run({ data: Float32Array.of(3, 4), shape: [2] });
 * assert.equal(output_0.data[0], 5);
 * norm.dispose();
 * ```
 */
export async function compile(
  fn: (...inputs: tf.Tensor[]) => TraceOutput,
  specs?: TensorSpec[],
  options: CompileOptions = {},
): Promise<CompiledFunction> {
  await loadRuntime();
  await tf.ready();
  const compiled = new Compiler(fn, options);
  if (specs) compiled.prepare(specs.map((s) => ({ dtype: s.dtype ?? "float32", shape: s.shape })));
  return compiled;
}

class Compiler implements CompiledFunction {
  calls = 0;
  readonly #graphs = new Map<string, Compiled>();

  constructor(
    readonly fn: (...inputs: tf.Tensor[]) => TraceOutput,
    readonly options: CompileOptions,
  ) {}

  get graphs(): number {
    return this.#graphs.size;
  }

  prepare(inputs: { dtype: Dtype; shape: readonly number[] }[]): Compiled {
    const key = inputs.map((i) => `${i.dtype}[${i.shape}]`).join();
    let c = this.#graphs.get(key);
    if (!c) {
      const specs = inputs.map((i) => ({
        shape: [...i.shape],
        dtype: i.dtype as TensorSpec["dtype"],
      }));
      const traced = trace(this.fn, specs, { lower: this.options.lower });
      const session = createSessionSync(encodeModel(traced.graph), this.options);
      this.#graphs.set(key, c = { traced, session, held: new Map() });
    }
    return c;
  }

  run(...inputs: CompiledInput[]): Record<string, OutputTensor> {
    const typed = inputs.map((i) => ({ ...i, dtype: i.dtype ?? dtypeOf(i.data) }));
    const c = this.prepare(typed);
    const { traced, session } = c;
    const feeds: OrtFeeds = {};
    traced.inputs.forEach((v, i) => {
      feeds[v.name!] = ortTensor(typed[i].data, typed[i].dtype, typed[i].shape);
    });
    for (const { variable, input } of traced.variables) {
      if (!input) continue;
      const held = c.held.get(variable);
      if (held?.dataId === variable.dataId) feeds[input.name!] = held.tensor;
      else {
        const data = variable.dataSync().slice() as TypedData;
        const tensor = ortTensor(data, input.dtype, variable.shape);
        c.held.set(variable, { dataId: variable.dataId as object, tensor });
        feeds[input.name!] = tensor;
      }
    }
    for (const { optimizer, value } of traced.learningRates) {
      const rate = (optimizer as unknown as { learningRate: number }).learningRate;
      feeds[value.name!] = ortTensor(Float32Array.of(rate), "float32", []);
    }
    if (traced.randomKey) {
      const key = stepKey(this.options.seed ?? 0, this.calls);
      feeds[traced.randomKey.name!] = ortTensor(Uint32Array.of(key), "uint32", [1]);
    }
    const results = session.run(feeds);
    this.calls++;
    for (const { variable, assigned } of traced.variables) {
      if (!assigned) continue;
      const { data } = results[`var/${variable.name}:new`];
      tf.tidy(() =>
        variable.assign(tf.tensor(data as Float32Array, variable.shape, variable.dtype))
      );
    }
    const out: Record<string, OutputTensor> = {};
    for (const { name, value } of traced.outputs) {
      const t = results[name];
      out[name] = { data: t.data as TypedData, shape: t.dims, dtype: value.dtype };
    }
    return out;
  }

  runAsync(...inputs: CompiledInput[]): Promise<Record<string, OutputTensor>> {
    return new Promise((resolve, reject) =>
      setTimeout(() => {
        try {
          resolve(this.run(...inputs));
        } catch (error) {
          reject(error);
        }
      })
    );
  }

  apply(...inputs: tf.Tensor[]): Record<string, tf.Tensor> {
    const results = this.run(...inputs.map((t) => ({
      data: t.dataSync() as TypedData,
      shape: t.shape,
      dtype: t.dtype as "float32",
    })));
    return Object.fromEntries(
      Object.entries(results).map(([name, o]) => [
        name,
        tf.tensor(o.data as Float32Array, [...o.shape], o.dtype as tf.DataType),
      ]),
    );
  }

  dispose(): void {
    for (const c of this.#graphs.values()) c.session.dispose();
    this.#graphs.clear();
  }
}

function dtypeOf(data: TypedData): "float32" | "int32" | "bool" {
  if (data instanceof Float32Array) return "float32";
  if (data instanceof Int32Array) return "int32";
  if (data instanceof Uint8Array) return "bool";
  throw new TypeError(
    `Cannot run compiled function: data must be a Float32Array, Int32Array or Uint8Array, got ${data.constructor.name}`,
  );
}
