/**
 * TensorFlow's GraphDef, written node by node.
 * @see https://github.com/tensorflow/tensorflow/blob/master/tensorflow/core/framework/graph.proto
 * @module
 */
import { type Dtype, sizeOf, type TypedData } from "../../onnx/graph/dtype.ts";
import { constantData, splatOf, type Value } from "../../onnx/graph/graph.ts";
import { MessageWriter } from "../../onnx/graph/protobuf.ts";

/** `DataType` of each element type. */
export const dataType: Record<Dtype, number> = {
  float32: 1,
  float64: 2,
  int32: 3,
  uint8: 4,
  int64: 9,
  bool: 10,
  uint32: 22,
};

/** GraphDef version: an early one of TensorFlow 2, since a reader refuses graphs newer than itself. */
const producer = 134;

/** Length of an axis: -1 is the batch. */
export function shapeProto(shape: readonly number[]): MessageWriter {
  const out = new MessageWriter();
  for (const d of shape) out.message(2, new MessageWriter().int(1, d));
  return out;
}

/** An attribute's value, as message AttrValue. */
export type Attribute = MessageWriter;

export const attribute = {
  float: (v: number): Attribute => new MessageWriter().float(4, v),
  int: (v: number): Attribute => new MessageWriter().int(3, v),
  flag: (v: boolean): Attribute => new MessageWriter().int(5, v ? 1 : 0),
  text: (v: string): Attribute => new MessageWriter().string(2, v),
  type: (v: Dtype): Attribute => new MessageWriter().int(6, dataType[v]),
  shape: (v: readonly number[]): Attribute => new MessageWriter().message(7, shapeProto(v)),
  tensor: (v: MessageWriter): Attribute => new MessageWriter().message(8, v),
};

export type Attributes = Record<string, Attribute>;

/** A graph under construction. References are names: of a node, or `node:k` for its output k. */
export class GraphDefWriter {
  readonly #graph = new MessageWriter();
  readonly #counts = new Map<string, number>();
  readonly #constants = new Map<Value, string>();
  /** Operators in use. */
  readonly ops = new Set<string>();

  /** Adds a node under a name that no other has; `name` itself if it is free. */
  add(op: string, name: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const unique = this.#unique(name);
    const node = new MessageWriter().string(1, unique).string(2, op);
    for (const input of inputs) node.string(3, input);
    for (const [key, value] of Object.entries(attributes)) {
      node.message(5, new MessageWriter().string(1, key).message(2, value));
    }
    this.#graph.message(1, node);
    this.ops.add(op);
    return unique;
  }

  /** The node of a constant; a value is written once. */
  constant(value: Value): string {
    let name = this.#constants.get(value);
    if (!name) this.#constants.set(value, name = this.#constant(value.dtype, tensorProto(value)));
    return name;
  }

  /** A number as a scalar constant. */
  scalar(value: number): string {
    return this.#constant("float32", tensorHeader("float32", []).floats(5, [value]));
  }

  /** Whole numbers as an int32 constant: a vector unless a shape is given, or a scalar. */
  integers(values: readonly number[] | number, shape?: readonly number[]): string {
    const list = typeof values === "number" ? [values] : values;
    const tensor = tensorHeader("int32", shape ?? (list === values ? [list.length] : []));
    return this.#constant("int32", tensor.bytes(4, bytesOf(Int32Array.from(list))));
  }

  #constant(dtype: Dtype, tensor: MessageWriter): string {
    return this.add("Const", "constant", [], {
      dtype: attribute.type(dtype),
      value: attribute.tensor(tensor),
    });
  }

  #unique(name: string): string {
    const legal = name.replace(/[^A-Za-z0-9_./-]/g, "_").replace(/^[^A-Za-z0-9.]+/, "") || "node";
    const count = this.#counts.get(legal) ?? 0;
    this.#counts.set(legal, count + 1);
    return count === 0 ? legal : this.#unique(`${legal}_${count}`);
  }

  /** Message GraphDef. */
  finish(): MessageWriter {
    return this.#graph.message(4, new MessageWriter().int(1, producer));
  }
}

const tensorHeader = (dtype: Dtype, shape: readonly number[]) =>
  new MessageWriter().int(1, dataType[dtype]).message(2, shapeProto(shape));

const bytesOf = ({ buffer, byteOffset, byteLength }: TypedData) =>
  new Uint8Array(buffer, byteOffset, byteLength);

/** Message TensorProto: the elements' bytes, or the one number that all of them are. */
function tensorProto(value: Value): MessageWriter {
  const out = tensorHeader(value.dtype, value.shape);
  const splat = splatOf(value);
  return splat !== undefined && value.dtype === "float32" && sizeOf(value.shape) > 0
    ? out.floats(5, [splat])
    : out.bytes(4, bytesOf(constantData(value)));
}
