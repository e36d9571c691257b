/**
 * ONNX Runtime as this room uses it: sessions that run synchronously, on buffers of ours.
 *
 * `session.run` of onnxruntime-node returns a Promise but computes on the calling thread all the
 * same, one timer tick later. The binding beneath it is called directly here; work that must not
 * block goes to a worker (see worker.ts).
 * @module
 */
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import type { Dtype, TypedData } from "./graph/dtype.ts";
import { makeData, sizeOf } from "./graph/dtype.ts";

/** How a session runs. */
export interface SessionOptions {
  /** Threads within an operator. Default 1: networks of this kind are too small to share. */
  threads?: number;
  /** ONNX Runtime's own rewriting. Default `all`. */
  optimize?: "disabled" | "basic" | "extended" | "all";
}

type OrtModule = typeof import("onnxruntime-node");

interface Binding {
  binding: {
    InferenceSession: new () => NativeSession;
  };
  initOrt(): void;
}

interface NativeSession {
  loadModel(
    buffer: ArrayBufferLike,
    offset: number,
    length: number,
    options: InferenceSession.SessionOptions,
  ): void;
  run(feeds: OrtFeeds, fetches: Record<string, OrtTensor | null>, options: object): OrtFeeds;
  readonly inputMetadata: NativeMetadata[];
  readonly outputMetadata: NativeMetadata[];
  dispose(): void;
}

interface NativeMetadata {
  name: string;
  shape: number[];
  symbolicDimensions: string[];
  type: number;
}

/** Tensors by name. */
export type OrtFeeds = Record<string, OrtTensor>;

let loaded: { ort: OrtModule; binding: Binding } | null = null;

/** Loads ONNX Runtime's native library, once; nothing else of this room does. */
export async function loadRuntime(): Promise<void> {
  if (loaded) return;
  const ort = await import("onnxruntime-node");
  const { createRequire } = await import("node:module");
  const binding = createRequire(import.meta.url)("onnxruntime-node/dist/binding.js") as Binding;
  loaded = { ort, binding };
}

function runtime() {
  if (!loaded) throw new Error("Cannot run graph: ONNX Runtime must be loaded first (loadRuntime)");
  return loaded;
}

/** Element types by ONNX number, as they are written for onnxruntime. */
const typeNames: Record<number, Dtype> = {
  1: "float32",
  2: "uint8",
  6: "int32",
  7: "int64",
  9: "bool",
  11: "float64",
  12: "uint32",
};

/** Name, type and shape of an input or output; a symbolic dimension is its name. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: Dtype;
  readonly shape: (number | string)[];
}

/** A compiled graph in ONNX Runtime. */
export interface Session {
  readonly inputs: TensorInfo[];
  readonly outputs: TensorInfo[];
  /**
   * Runs on the calling thread. An output given in `fetches` is written there; it must not share
   * memory with any input.
   */
  run(feeds: OrtFeeds, fetches?: Record<string, OrtTensor | null>): OrtFeeds;
  dispose(): void;
}

/** A tensor over `data`, without a copy. */
export function ortTensor(data: TypedData, dtype: Dtype, shape: readonly number[]): OrtTensor {
  const { ort } = runtime();
  return new ort.Tensor(dtype, data as Float32Array, shape) as OrtTensor;
}

/** A zero-filled tensor. */
export function ortZeros(dtype: Dtype, shape: readonly number[]): OrtTensor {
  return ortTensor(makeData(dtype, sizeOf(shape)), dtype, shape);
}

/**
 * A session for an encoded model.
 *
 * @throws {Error} If ONNX Runtime refuses the model: the bytes are not one, or an operator is unknown.
 */
export async function createSession(
  bytes: Uint8Array,
  options: SessionOptions = {},
): Promise<Session> {
  await loadRuntime();
  return createSessionSync(bytes, options);
}

/** As createSession, once the runtime is loaded. */
export function createSessionSync(bytes: Uint8Array, options: SessionOptions = {}): Session {
  const { binding } = runtime();
  const threads = options.threads ?? 1;
  if (!Number.isInteger(threads) || threads < 1) {
    throw new RangeError(`Cannot create session: threads must be an integer >= 1, got ${threads}`);
  }
  binding.initOrt();
  const native = new binding.binding.InferenceSession();
  native.loadModel(bytes.buffer, bytes.byteOffset, bytes.byteLength, {
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: "sequential",
    graphOptimizationLevel: options.optimize ?? "all",
    executionProviders: ["cpu"],
  });
  const describe = (m: NativeMetadata): TensorInfo => ({
    name: m.name,
    dtype: typeNames[m.type],
    shape: m.shape.map((d, i) => d < 0 ? m.symbolicDimensions[i] : d),
  });
  const inputs = native.inputMetadata.map(describe);
  const outputs = native.outputMetadata.map(describe);
  const all: Record<string, null> = Object.fromEntries(outputs.map((o) => [o.name, null]));
  const noOptions = {};
  let disposed = false;
  return {
    inputs,
    outputs,
    run(feeds, fetches = all) {
      if (disposed) throw new Error("Cannot run graph: the session is disposed");
      return native.run(feeds, fetches, noOptions);
    },
    dispose() {
      if (!disposed) native.dispose();
      disposed = true;
    },
  };
}
