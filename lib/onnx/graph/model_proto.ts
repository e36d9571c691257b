/**
 * A graph as the bytes of an ONNX ModelProto.
 * @see https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
 * @module
 */
import { type Dtype, onnxElementType } from "./dtype.ts";
import { type Attribute, constantData, type Graph, type GraphNode, type Value } from "./graph.ts";
import { MessageWriter, readFields } from "./protobuf.ts";

/** Operator set of the default domain that all emitted nodes follow. */
export const opsetVersion = 20;
/** Version of the file format. */
export const irVersion = 9;

/** What else a model file says. */
export interface ModelOptions {
  /** Name of the graph. */
  name?: string;
  /** Key-value pairs kept in `metadata_props`. */
  metadata?: Record<string, string>;
  /** Names of symbolic dimensions: `dims[inputOrOutputName][axis]`. */
  symbolicDims?: Record<string, Record<number, string>>;
}

/** The bytes of a model. */
export function encodeModel(graph: Graph, options: ModelOptions = {}): Uint8Array<ArrayBuffer> {
  const model = new MessageWriter().int(1, irVersion).string(2, "tapebook");
  const names: Names = new Map();
  nameOutputs(graph, names);
  const { name = "tapebook", symbolicDims = {} } = options;
  model.message(7, encodeGraph(graph, name, symbolicDims, names));
  const domains = new Set([""]);
  collectDomains(graph, domains);
  for (const domain of domains) {
    const version = domain === "" ? opsetVersion : 1;
    model.message(8, new MessageWriter().string(1, domain).int(2, version));
  }
  for (const [key, value] of Object.entries(options.metadata ?? {})) {
    model.message(14, new MessageWriter().string(1, key).string(2, value));
  }
  return model.finish();
}

/** `metadata_props` of an encoded model. */
export function readMetadata(bytes: Uint8Array): Record<string, string> {
  const decoder = new TextDecoder();
  const metadata: Record<string, string> = {};
  for (const field of readFields(bytes)) {
    if (field.number !== 14 || !(field.value instanceof Uint8Array)) continue;
    let key = "", value = "";
    for (const f of readFields(field.value)) {
      if (!(f.value instanceof Uint8Array)) continue;
      if (f.number === 1) key = decoder.decode(f.value);
      if (f.number === 2) value = decoder.decode(f.value);
    }
    metadata[key] = value;
  }
  return metadata;
}

function collectDomains(graph: Graph, domains: Set<string>): void {
  for (const node of graph.nodes) {
    domains.add(node.domain);
    for (const a of Object.values(node.attributes)) {
      if (a.kind === "graph") collectDomains(a.value, domains);
    }
  }
}

/** Names of values that are outputs. */
type Names = Map<Value, string>;

/**
 * Outputs that a node of their graph makes are called by their names where they are made, in bodies
 * as well: ONNX Runtime copies what a node of its own would have to rename.
 */
function nameOutputs(graph: Graph, names: Names): void {
  const made = new Set(graph.nodes.flatMap((n) => n.outputs));
  for (const { name, value } of graph.outputs) {
    if (made.has(value) && !names.has(value)) names.set(value, name);
  }
  for (const node of graph.nodes) {
    for (const a of Object.values(node.attributes)) {
      if (a.kind === "graph") nameOutputs(a.value, names);
    }
  }
}

function encodeGraph(
  graph: Graph,
  name: string,
  symbolic: Record<string, Record<number, string>>,
  names: Names,
): MessageWriter {
  const nameOf = (value: Value) => valueName(value, names);
  const message = new MessageWriter();
  const initializers = new Map<string, Value>();
  const produced = new Set<Value>();
  const nodes: MessageWriter[] = [];
  for (const node of graph.nodes) {
    for (const v of node.inputs) if (v?.constant) initializers.set(nameOf(v), v);
    for (const v of node.outputs) produced.add(v);
    nodes.push(encodeNode(node, names));
  }
  // An output that is an input, a constant, or twice an output gets a node of its own: its name.
  for (const o of graph.outputs) {
    if (nameOf(o.value) === o.name && produced.has(o.value)) continue;
    if (o.value.constant) initializers.set(nameOf(o.value), o.value);
    nodes.push(
      new MessageWriter().string(1, nameOf(o.value)).string(2, o.name).string(4, "Identity"),
    );
  }
  for (const n of nodes) message.message(1, n);
  message.string(2, name);
  for (const [n, v] of initializers) message.message(5, encodeTensor(v, n));
  for (const v of graph.inputs) {
    message.message(11, encodeInfo(nameOf(v), v.dtype, v.shape, symbolic[v.name ?? ""]));
  }
  for (const o of graph.outputs) {
    message.message(12, encodeInfo(o.name, o.value.dtype, o.value.shape, symbolic[o.name]));
  }
  return message;
}

const valueName = (value: Value, names: Names): string =>
  names.get(value) ?? value.name ?? `v${value.id}`;

function encodeNode(node: GraphNode, names: Names): MessageWriter {
  const m = new MessageWriter();
  for (const v of node.inputs) m.string(1, v ? valueName(v, names) : "");
  for (const v of node.outputs) m.string(2, valueName(v, names));
  m.string(3, `${node.op}_${node.outputs[0].id}${node.origin ? "/" + node.origin : ""}`);
  m.string(4, node.op);
  for (const [name, a] of Object.entries(node.attributes)) {
    m.message(5, encodeAttribute(name, a, names));
  }
  if (node.domain) m.string(7, node.domain);
  return m;
}

function encodeAttribute(name: string, a: Attribute, names: Names): MessageWriter {
  const m = new MessageWriter().string(1, name);
  switch (a.kind) {
    case "float":
      return m.float(2, a.value).int(20, 1);
    case "int":
      return m.int(3, a.value).int(20, 2);
    case "string":
      return m.string(4, a.value).int(20, 3);
    case "graph":
      return m.message(6, encodeGraph(a.value, name, {}, names)).int(20, 5);
    case "floats":
      return m.floats(7, a.value).int(20, 6);
    case "ints":
      return m.ints(8, a.value).int(20, 7);
    case "strings":
      for (const v of a.value) m.string(9, v);
      return m.int(20, 8);
  }
}

function encodeTensor(value: Value, name: string): MessageWriter {
  const data = constantData(value);
  const m = new MessageWriter().ints(1, value.shape).int(2, onnxElementType[value.dtype]);
  m.string(8, name);
  return m.bytes(9, new Uint8Array(data.buffer, data.byteOffset, data.byteLength));
}

function encodeInfo(
  name: string,
  dtype: Dtype,
  shape: readonly number[],
  symbolic: Record<number, string> = {},
): MessageWriter {
  const dims = new MessageWriter();
  shape.forEach((d, axis) => {
    const dim = new MessageWriter();
    if (symbolic[axis]) dim.string(2, symbolic[axis]);
    else dim.int(1, d);
    dims.message(1, dim);
  });
  const tensor = new MessageWriter().int(1, onnxElementType[dtype]).message(2, dims);
  return new MessageWriter().string(1, name).message(2, new MessageWriter().message(1, tensor));
}
