/**
 * Elementwise operators of a graph as WebAssembly over vectors of four floats. Truth values are
 * masks: all ones or zeros for each number.
 * @module
 */
import type { GraphNode, Value } from "../graph/graph.ts";
import { exp, log } from "./vector_math.ts";
import { type, wasm } from "./wasm_module.ts";

/** The locals of a function under construction, and what it computes once, before all else. */
export class VectorLocals {
  readonly types: number[] = [];
  readonly before: number[] = [];
  readonly #constants = new Map<string, number>();

  /** @param first The place of the first local: the number of the function's parameters. */
  constructor(readonly first: number) {}

  /** A new local. */
  add(kind: number = type.v128): number {
    return this.first + this.types.push(kind) - 1;
  }

  /** Instructions that leave a vector of one number. */
  constant(value: number): number[] {
    // Needs no memory to come from.
    if (Object.is(value, 0)) return wasm.constant(0);
    const key = Object.is(value, -0) ? "-0" : String(Math.fround(value));
    return wasm.get(this.#once(key, wasm.constant(value)));
  }

  /** Instructions that leave a vector of one integer. */
  constantInteger(value: number): number[] {
    return wasm.get(this.#once(`integer ${value}`, wasm.constantInteger(value)));
  }

  #once(key: string, instructions: number[]): number {
    let local = this.#constants.get(key);
    if (local === undefined) {
      this.#constants.set(key, local = this.add());
      this.before.push(...instructions, ...wasm.set(local));
    }
    return local;
  }
}

/** Operators that are one instruction. */
const instructions: Record<string, number[]> = {
  Add: wasm.add,
  Sub: wasm.sub,
  Mul: wasm.mul,
  Div: wasm.div,
  Min: wasm.min,
  Max: wasm.max,
  Sqrt: wasm.sqrt,
  Neg: wasm.neg,
  Abs: wasm.abs,
  Equal: wasm.equal,
  Less: wasm.less,
  Greater: wasm.greater,
  LessOrEqual: wasm.lessOrEqual,
  GreaterOrEqual: wasm.greaterOrEqual,
  And: wasm.and,
  Or: wasm.or,
  Xor: wasm.xor,
  Not: wasm.not,
};

/** Those that take any number of inputs as well as two. */
const variadic = new Set(["Min", "Max"]);

/**
 * Instructions that leave a node's output, given those that leave its inputs; null for an operator
 * that is none of those known here, or on other elements than floats and truth values.
 */
export function elementwise(
  node: GraphNode,
  inputs: number[][],
  locals: VectorLocals,
): number[] | null {
  const isKnown = (v: Value | null) => v?.dtype === "float32" || v?.dtype === "bool";
  if (node.domain !== "" || ![...node.inputs, ...node.outputs].every(isKnown)) return null;
  const [x, second, third] = inputs;
  const one = () => locals.constant(1);
  switch (node.op) {
    case "Clip":
      return inputs.length === 3 ? [...x, ...third, ...wasm.min, ...second, ...wasm.max] : null;
    case "Where":
      return [...second, ...third, ...x, ...wasm.select];
    case "Exp":
      return exp(x, locals);
    case "Log":
      return log(x, locals);
    case "Reciprocal":
      return [...one(), ...x, ...wasm.div];
    case "Sigmoid":
      return [...one(), ...exp([...x, ...wasm.neg], locals), ...one(), ...wasm.add, ...wasm.div];
    case "Relu":
      return [...x, ...locals.constant(0), ...wasm.max];
    case "HardSigmoid": {
      const { alpha, beta } = node.attributes;
      if (alpha?.kind !== "float" || beta?.kind !== "float") return null;
      const line = [...x, ...locals.constant(alpha.value), ...wasm.mul];
      if (beta.value !== 0) line.push(...locals.constant(beta.value), ...wasm.add);
      return [...line, ...one(), ...wasm.min, ...locals.constant(0), ...wasm.max];
    }
    case "Cast":
      return cast(node, x, locals);
  }
  const isTruth = node.inputs.every((v) => v!.dtype === "bool");
  // Masks are not numbers: as such all ones would equal nothing.
  if (isTruth && !["And", "Or", "Xor", "Not"].includes(node.op)) return null;
  const instruction = instructions[node.op];
  if (!instruction || (variadic.has(node.op) && inputs.length !== 2)) return null;
  return [...inputs.flat(), ...instruction];
}

function cast(node: GraphNode, x: number[], locals: VectorLocals): number[] {
  const from = node.inputs[0]!.dtype, to = node.outputs[0].dtype;
  if (from === to) return x;
  return to === "float32"
    ? [...x, ...locals.constant(1), ...wasm.and]
    : [...x, ...locals.constant(0), ...wasm.equal, ...wasm.not];
}
