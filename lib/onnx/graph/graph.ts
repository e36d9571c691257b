/**
 * The graph that a trace writes: values, nodes, and a builder that never emits the same node twice.
 * @module
 */
import { type Dtype, makeData, sizeOf, type TypedData } from "./dtype.ts";

/** An attribute of a node; a `Graph` is the body of a control-flow node. */
export type Attribute =
  | { kind: "int"; value: number }
  | { kind: "float"; value: number }
  | { kind: "string"; value: string }
  | { kind: "ints"; value: readonly number[] }
  | { kind: "floats"; value: readonly number[] }
  | { kind: "strings"; value: readonly string[] }
  | { kind: "graph"; value: Graph };

/** One operator call. */
export interface GraphNode {
  readonly op: string;
  readonly domain: string;
  inputs: (Value | null)[];
  readonly outputs: Value[];
  readonly attributes: Readonly<Record<string, Attribute>>;
  /** The tfjs layer or op that asked for it, for messages and node names. */
  readonly origin: string;
}

/** A tensor in the graph: an input, a constant, or one output of a node. */
export interface Value {
  readonly id: number;
  readonly dtype: Dtype;
  readonly shape: readonly number[];
  /** The node that makes it; null for inputs and constants. */
  readonly node: GraphNode | null;
  /** Elements, when known at compile time. A constant of equal elements holds `splat` only. */
  readonly constant?: Constant;
  /** Name of a graph input. */
  readonly name?: string;
}

/** Known elements of a value. */
export type Constant = { readonly data: TypedData } | { readonly splat: number };

/** Attributes as callers write them. */
export type AttributeInit = Record<string, Attribute | undefined>;

export const int = (value: number): Attribute => ({ kind: "int", value });
export const float = (value: number): Attribute => ({ kind: "float", value });
export const ints = (value: readonly number[]): Attribute => ({ kind: "ints", value });
export const floats = (value: readonly number[]): Attribute => ({ kind: "floats", value });
export const text = (value: string): Attribute => ({ kind: "string", value });
export const subgraph = (value: Graph): Attribute => ({ kind: "graph", value });

// Names of values are unique in the process, so that a body may refer to its outer graph.
let nextId = 0;

/** A graph under construction. Nodes stand in an order in which they can run. */
export class Graph {
  readonly inputs: Value[] = [];
  readonly outputs: { name: string; value: Value }[] = [];
  nodes: GraphNode[] = [];
  /** What is being traced now; becomes the origin of emitted nodes. */
  origin = "";
  /** Whether it runs in ONNX Runtime only and may use its own operators (domain com.microsoft). */
  readonly forRuntime: boolean;
  readonly #seen = new Map<string, Value[]>();
  readonly #constants = new Map<string, Value>();

  constructor(options: { forRuntime?: boolean } = {}) {
    this.forRuntime = options.forRuntime ?? false;
  }

  /** A new input. */
  input(name: string, dtype: Dtype, shape: readonly number[]): Value {
    const value: Value = { id: nextId++, dtype, shape: [...shape], node: null, name };
    this.inputs.push(value);
    return value;
  }

  /** Declares `value` an output called `name`. */
  output(name: string, value: Value): void {
    this.outputs.push({ name, value });
  }

  /**
   * Outputs of a node; the node of an earlier call with equal operator, inputs and attributes is
   * used again (hash-consing).
   */
  emit(
    op: string,
    inputs: (Value | null)[],
    outputs: { dtype: Dtype; shape: readonly number[] }[],
    attributes: AttributeInit = {},
    domain = "",
  ): Value[] {
    const attrs: Record<string, Attribute> = {};
    for (const [k, v] of Object.entries(attributes)) if (v !== undefined) attrs[k] = v;
    const hasBody = Object.values(attrs).some((a) => a.kind === "graph");
    const key = hasBody
      ? ""
      : `${domain}:${op}(${inputs.map((v) => v ? v.id : "")})${
        Object.keys(attrs).length ? JSON.stringify(attrs) : ""
      }/${outputs.length}${outputs[0].dtype}`;
    const seen = hasBody ? undefined : this.#seen.get(key);
    if (seen) return seen;
    const node: GraphNode = {
      op,
      domain,
      inputs: [...inputs],
      outputs: [],
      attributes: attrs,
      origin: this.origin,
    };
    for (const o of outputs) {
      node.outputs.push({ id: nextId++, dtype: o.dtype, shape: [...o.shape], node });
    }
    this.nodes.push(node);
    if (!hasBody) this.#seen.set(key, node.outputs);
    return node.outputs;
  }

  /** A constant of given elements. Equal constants are one value. Equal elements become a splat. */
  constant(data: TypedData, dtype: Dtype, shape: readonly number[]): Value {
    if (data.length !== sizeOf(shape)) {
      throw new RangeError(
        `Cannot make constant: data must have ${sizeOf(shape)} elements, got ${data.length}`,
      );
    }
    if (dtype !== "int64" && data.length > 0) {
      const first = data[0] as number;
      let same = true;
      for (let i = 1; i < data.length && same; i++) same = Object.is(data[i], first);
      if (same) return this.splat(first, dtype, shape);
    }
    const key = constantKey(data, dtype, shape);
    return this.#intern(key, dtype, shape, { data });
  }

  /** A constant whose elements all equal `value`. */
  splat(value: number, dtype: Dtype, shape: readonly number[] = []): Value {
    const v = dtype === "float32" ? Math.fround(value) : value;
    return this.#intern(`=${Object.is(v, -0) ? "-0" : v}:${dtype}[${shape}]`, dtype, shape, {
      splat: v,
    });
  }

  /** A one-dimensional int64 constant, as shapes and axes are given. */
  int64(values: readonly number[]): Value {
    return this.constant(BigInt64Array.from(values, (v) => BigInt(v)), "int64", [values.length]);
  }

  #intern(key: string, dtype: Dtype, shape: readonly number[], constant: Constant): Value {
    let value = key ? this.#constants.get(key) : undefined;
    if (!value) {
      value = { id: nextId++, dtype, shape: [...shape], node: null, constant };
      if (key) this.#constants.set(key, value);
    }
    return value;
  }
}

/** A key for constants small enough to compare; large ones are not worth hashing. */
function constantKey(data: TypedData, dtype: Dtype, shape: readonly number[]): string {
  return data.length <= 1024 ? `${dtype}[${shape}]${data.join()}` : "";
}

/** Elements of a constant value, a splat written out. */
export function constantData(value: Value): TypedData {
  const c = value.constant;
  if (!c) throw new TypeError("Cannot read value: it must be a constant");
  if ("data" in c) return c.data;
  const data = makeData(value.dtype, sizeOf(value.shape));
  if (value.dtype === "int64") (data as BigInt64Array).fill(BigInt(c.splat));
  else (data as Float32Array).fill(c.splat);
  return data;
}

/** The common element of a splat constant, else undefined. */
export function splatOf(value: Value): number | undefined {
  return value.constant && "splat" in value.constant ? value.constant.splat : undefined;
}
