/**
 * One operator of a recorded graph on its way to TensorFlow.
 * @module
 */
import { UnsupportedOpError } from "../../onnx/errors.ts";
import { constantData, type GraphNode, type Value } from "../../onnx/graph/graph.ts";
import { attribute, type Attributes, type GraphDefWriter } from "./graph_def.ts";

/** What an operator's translation gets: the node, its inputs by reference, and a way to add nodes. */
export class NodeCall {
  readonly #references: Map<Value, string>;

  constructor(
    readonly out: GraphDefWriter,
    readonly node: GraphNode,
    references: Map<Value, string>,
  ) {
    this.#references = references;
  }

  /** The recorded value of input `i`. @throws {UnsupportedOpError} If it is left out. */
  value(i: number): Value {
    const value = this.node.inputs[i];
    return value ?? this.refuse(`input ${i} must be given`);
  }

  has(i: number): boolean {
    return Boolean(this.node.inputs[i]);
  }

  /** Reference of input `i`. */
  in(i: number): string {
    const value = this.value(i);
    return value.constant ? this.out.constant(value) : this.#references.get(value)!;
  }

  /** Elements of input `i`, which must be known. */
  numbers(i: number): number[] {
    const value = this.value(i);
    if (!value.constant) this.refuse(`input ${i} must be constant`);
    return Array.from(constantData(value) as ArrayLike<number | bigint>, Number);
  }

  /** Adds a TensorFlow node named for the layer that asked for it. */
  emit(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    const { origin } = this.node;
    return this.out.add(op, origin ? `${origin}/${op}` : op, inputs, attributes);
  }

  /** As `emit`, for an operator whose elements' type `T` is that of input 0. */
  typed(op: string, inputs: readonly string[], attributes: Attributes = {}): string {
    return this.emit(op, inputs, { T: attribute.type(this.value(0).dtype), ...attributes });
  }

  integer(name: string, fallback: number): number {
    const a = this.node.attributes[name];
    return a?.kind === "int" ? a.value : fallback;
  }

  float(name: string, fallback: number): number {
    const a = this.node.attributes[name];
    return a?.kind === "float" ? a.value : fallback;
  }

  text(name: string, fallback: string): string {
    const a = this.node.attributes[name];
    return a?.kind === "string" ? a.value : fallback;
  }

  refuse(reason: string): never {
    throw new UnsupportedOpError(this.node.op, "", this.node.origin, reason);
  }
}

/** References of a node's outputs, in order. */
export type Translation = (call: NodeCall) => string | string[];
