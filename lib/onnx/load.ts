/**
 * Running an exported model: what serving uses, without tfjs.
 * @module
 */
import { readMetadata } from "./graph/model_proto.ts";
import { type Dtype, makeData, sizeOf, type TypedData } from "./graph/dtype.ts";
import {
  createSession,
  ortTensor,
  type Session,
  type SessionOptions,
  type TensorInfo,
} from "./runtime.ts";

/** Elements of an input with their shape. The data is not copied. */
export interface FeedTensor {
  data: TypedData | number[];
  shape: readonly number[];
}

/** Elements of an output with their shape. The data is the caller's. */
export interface OutputTensor {
  data: TypedData;
  shape: readonly number[];
  dtype: Dtype;
}

/** A model ready to run. */
export interface LoadedModel {
  readonly inputs: TensorInfo[];
  readonly outputs: TensorInfo[];
  /** What the exporter wrote into the file. */
  readonly metadata: Record<string, string>;
  /**
   * Outputs for inputs, by name. Runs on the calling thread.
   *
   * @throws {RangeError} If an input is missing, unknown, or its shape or size does not fit.
   */
  runSync(feeds: Record<string, FeedTensor>): Record<string, OutputTensor>;
  /** As runSync, as a Promise (see worker.ts for work off the thread). */
  run(feeds: Record<string, FeedTensor>): Promise<Record<string, OutputTensor>>;
  dispose(): void;
}

/**
 * A model from its ONNX bytes. ONNX Runtime is loaded at the first call.
 *
 * @throws {Error} If the bytes are not a model that ONNX Runtime can run.
 */
export async function loadOnnx(
  bytes: Uint8Array,
  options: SessionOptions = {},
): Promise<LoadedModel> {
  const session = await createSession(bytes, options);
  const metadata = readMetadata(bytes);
  return {
    inputs: session.inputs,
    outputs: session.outputs,
    metadata,
    runSync: (feeds) => runSession(session, feeds),
    run: async (feeds) => runSession(session, feeds),
    dispose: () => session.dispose(),
  };
}

function runSession(
  session: Session,
  feeds: Record<string, FeedTensor>,
): Record<string, OutputTensor> {
  for (const name of Object.keys(feeds)) {
    if (!session.inputs.some((i) => i.name === name)) {
      const names = session.inputs.map((i) => i.name).join(", ");
      throw new RangeError(`Cannot run model: input must be one of ${names}, got ${name}`);
    }
  }
  const symbols = new Map<string, number>();
  const tensors: Parameters<Session["run"]>[0] = {};
  for (const info of session.inputs) {
    const feed = feeds[info.name];
    if (!feed) throw new RangeError(`Cannot run model: input ${info.name} must be given`);
    checkShape(info, feed.shape, symbols);
    const n = sizeOf(feed.shape);
    if (feed.data.length !== n) {
      throw new RangeError(
        `Cannot run model: input ${info.name} must have ${n} elements, got ${feed.data.length}`,
      );
    }
    tensors[info.name] = ortTensor(asData(feed.data, info.dtype), info.dtype, feed.shape);
  }
  const results = session.run(tensors);
  const out: Record<string, OutputTensor> = {};
  for (const info of session.outputs) {
    const t = results[info.name];
    out[info.name] = { data: t.data as TypedData, shape: t.dims, dtype: info.dtype };
  }
  return out;
}

function checkShape(
  info: TensorInfo,
  shape: readonly number[],
  symbols: Map<string, number>,
): void {
  const fits = shape.length === info.shape.length && shape.every((d, i) => {
    const want = info.shape[i];
    if (typeof want === "number") return want === d;
    const known = symbols.get(want);
    symbols.set(want, d);
    return known === undefined || known === d;
  });
  if (!fits) {
    throw new RangeError(
      `Cannot run model: input ${info.name} must have shape [${info.shape}], got [${shape}]`,
    );
  }
}

function asData(data: TypedData | number[], dtype: Dtype): TypedData {
  const like = makeData(dtype, 0);
  if (data.constructor === like.constructor) return data as TypedData;
  const out = makeData(dtype, data.length);
  for (let i = 0; i < data.length; i++) {
    (out as Float32Array)[i] = dtype === "int64"
      ? BigInt(data[i]) as unknown as number
      : Number(data[i]);
  }
  return out;
}
