/**
 * The file `saved_model.pb`: a graph, and the signature under which it is called.
 * @see https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/protobuf/saved_model.proto
 * @module
 */
import type { Dtype } from "../../onnx/graph/dtype.ts";
import { MessageWriter, readFields } from "../../onnx/graph/protobuf.ts";
import { dataType, shapeProto } from "./graph_def.ts";

/** A tensor of a signature. */
export interface SignatureTensor {
  name: string;
  /** -1 is the batch. */
  shape: number[];
  dtype: Dtype;
}

/** What a SavedModel takes and gives. */
export interface SavedModelSignature {
  inputs: SignatureTensor[];
  outputs: SignatureTensor[];
}

/** A tensor of a signature and the graph's reference to it. */
export interface BoundTensor extends SignatureTensor {
  reference: string;
}

const signatureName = "serving_default";
const method = "tensorflow/serving/predict";

/** The bytes of `saved_model.pb`: one graph, tagged `serve`, with the signature `serving_default`. */
export function encodeSavedModel(
  graph: MessageWriter,
  ops: Iterable<string>,
  signature: { inputs: readonly BoundTensor[]; outputs: readonly BoundTensor[] },
): Uint8Array<ArrayBuffer> {
  const info = new MessageWriter();
  const used = new MessageWriter();
  for (const op of [...ops].sort()) used.message(1, new MessageWriter().string(1, op));
  info.message(2, used).string(4, "serve");
  const def = new MessageWriter();
  const tensors = (field: number, list: readonly BoundTensor[]) => {
    for (const { name, reference, dtype, shape } of list) {
      const tensor = new MessageWriter().string(1, reference).int(2, dataType[dtype])
        .message(3, shapeProto(shape));
      def.message(field, new MessageWriter().string(1, name).message(2, tensor));
    }
  };
  tensors(1, signature.inputs);
  tensors(2, signature.outputs);
  def.string(3, method);
  const meta = new MessageWriter().message(1, info).message(2, graph)
    .message(5, new MessageWriter().string(1, signatureName).message(2, def));
  return new MessageWriter().int(1, 1).message(2, meta).finish();
}

/**
 * The signature `serving_default` of a `saved_model.pb`.
 *
 * @param what Names the file in errors.
 * @throws {SyntaxError} If the bytes are cut short, or hold no such signature.
 */
export function readSavedModelSignature(
  bytes: Uint8Array,
  what = "saved_model.pb",
): SavedModelSignature {
  try {
    return readSignature(bytes, what);
  } catch (error) {
    const { message } = error as Error;
    if (message.startsWith(`Cannot load`)) throw error;
    throw new SyntaxError(`Cannot load ${what}: it must be a whole SavedModel, got: ${message}`);
  }
}

function readSignature(bytes: Uint8Array, what: string): SavedModelSignature {
  const meta = one(bytes, 2);
  const entries = meta ? all(meta, 5) : [];
  const entry = entries.find((e) => text(one(e, 1)) === signatureName);
  const def = entry && one(entry, 2);
  if (!def) {
    throw new SyntaxError(
      `Cannot load ${what}: it must have the signature ${signatureName}, got ${
        entries.map((e) => text(one(e, 1))).join(", ") || "none"
      }`,
    );
  }
  return { inputs: all(def, 1).map(readTensor), outputs: all(def, 2).map(readTensor) };
}

function readTensor(entry: Uint8Array): SignatureTensor {
  const info = one(entry, 2)!;
  const number = Number([...readFields(info)].find((f) => f.number === 2)?.value ?? 0);
  const dims = all(one(info, 3) ?? new Uint8Array(), 2);
  return {
    name: text(one(entry, 1)),
    shape: dims.map((d) => {
      const size = [...readFields(d)].find((f) => f.number === 1)?.value ?? 0n;
      return Number(BigInt.asIntN(64, size as bigint));
    }),
    dtype: (Object.keys(dataType) as Dtype[]).find((d) => dataType[d] === number)!,
  };
}

/** All messages (or texts) of a field. */
function all(bytes: Uint8Array, field: number): Uint8Array[] {
  return [...readFields(bytes)].flatMap((f) =>
    f.number === field && f.value instanceof Uint8Array ? [f.value] : []
  );
}

const one = (bytes: Uint8Array, field: number): Uint8Array | undefined => all(bytes, field)[0];
const text = (bytes: Uint8Array | undefined) => new TextDecoder().decode(bytes ?? new Uint8Array());
