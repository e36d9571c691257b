/** An ONNX graph in ONNX Runtime, loaded when first used: importing this module loads no native code. @module */
import type { InferenceSession, Tensor as OrtTensor } from "onnxruntime-node";
import { type Datatype, datatypeOfOnnx, onnxTypeOf, type TensorData } from "./datatypes.ts";
import type { Signature, TensorSpec } from "./signature.ts";
import { makeData, type Tensor } from "./tensor.ts";

export interface OnnxSession {
  /** Inputs and outputs as the graph itself states them. */
  readonly signature: Signature;
  /** Runs the graph; `wanted` names the outputs to compute, all when absent. */
  run(inputs: readonly Tensor[], wanted?: readonly string[]): Promise<Tensor[]>;
  /** Frees the native session. */
  release(): Promise<void>;
}

function specs(metadata: readonly InferenceSession.ValueMetadata[], kind: string): TensorSpec[] {
  return metadata.map((value) => {
    if (!value.isTensor) {
      throw new Error(`Cannot serve the model: ${kind} "${value.name}" is no tensor`);
    }
    const datatype = datatypeOfOnnx(value.type);
    if (!datatype) {
      throw new Error(`Cannot serve the model: ${kind} "${value.name}" has the type ${value.type}`);
    }
    const shape = value.shape.map((size) => typeof size === "number" ? size : -1);
    return { name: value.name, datatype, shape };
  });
}

/**
 * Runs the graph once on zeros: the first run allocates and plans, which no caller should wait for.
 * A graph that refuses zeros is left to answer its callers.
 */
async function warmUp(
  ort: typeof import("onnxruntime-node"),
  session: InferenceSession,
  signature: Signature,
): Promise<void> {
  const feeds: Record<string, OrtTensor> = {};
  for (const { name, datatype, shape } of signature.inputs) {
    const sizes = shape.map((size) => size < 0 ? 1 : size);
    const data = makeData(datatype, sizes.reduce((product, size) => product * size, 1));
    if (Array.isArray(data)) data.fill("");
    feeds[name] = new ort.Tensor(onnxTypeOf(datatype) as "float32", data as Float32Array, sizes);
  }
  try {
    await session.run(feeds);
  } catch {
    return;
  }
}

/**
 * Loads a graph. Sessions use one thread each: the models are small, and requests run side by side.
 *
 * @throws {Error} If the bytes are no valid ONNX graph or it has inputs that cannot be served.
 */
export async function openOnnx(bytes: Uint8Array): Promise<OnnxSession> {
  const module = await import("onnxruntime-node");
  const ort = module.default ?? module;
  const session = await ort.InferenceSession.create(bytes, {
    intraOpNumThreads: 1,
    interOpNumThreads: 1,
    executionMode: "sequential",
    logSeverityLevel: 3,
  });
  const signature = {
    inputs: specs(session.inputMetadata, "input"),
    outputs: specs(session.outputMetadata, "output"),
  };
  await warmUp(ort, session, signature);
  const datatypeOf = new Map<string, Datatype>(
    signature.outputs.map((spec) => [spec.name, spec.datatype]),
  );
  return {
    signature,
    async run(inputs, wanted) {
      const feeds: Record<string, OrtTensor> = {};
      for (const { name, datatype, shape, data } of inputs) {
        feeds[name] = new ort.Tensor(
          onnxTypeOf(datatype) as "float32",
          data as Float32Array,
          shape,
        );
      }
      const fetched = await session.run(feeds, wanted ?? session.outputNames);
      return (wanted ?? session.outputNames).map((name) => ({
        name,
        datatype: datatypeOf.get(name)!,
        shape: [...fetched[name].dims],
        data: fetched[name].data as TensorData,
      }));
    },
    release: () => session.release(),
  };
}
