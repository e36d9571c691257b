/**
 * A trunk's gradient on its way back, as WebAssembly: four features of a row at a time.
 * @module
 */
import { type GraphNode, splatOf, type Value } from "../graph/graph.ts";
import { elementwise, type VectorLocals } from "../wasm/vector_code.ts";
import { wasm } from "../wasm/wasm_module.ts";
import { NotByRows } from "./row_code.ts";
import type { Head, Trunk } from "./split_at_head.ts";

/** What a trunk's values on the way back are computed from. */
export interface WideSources {
  /** The activations' local. */
  input: number;
  /** Locals of deltas' columns, and of weights' columns. */
  deltas: Map<Value, number[]>;
  weights: Map<Head, number[]>;
  /** Keeps what instructions leave. */
  kept: (instructions: number[]) => number;
}

/** A trunk's values on the way back, for four features of a row. */
export class WideCode {
  readonly #known = new Map<Value, number>();

  constructor(
    readonly trunk: Trunk,
    readonly makers: Map<Value, GraphNode>,
    readonly locals: VectorLocals,
    readonly sources: WideSources,
  ) {
    this.#known.set(trunk.hidden, sources.input);
  }

  /** The local that holds a value. */
  compute(v: Value): number {
    let local = this.#known.get(v);
    if (local === undefined) {
      local = this.sources.kept(this.#instructions(v));
      this.#known.set(v, local);
    }
    return local;
  }

  #instructions(v: Value): number[] {
    const splat = splatOf(v);
    if (splat !== undefined) return this.locals.constant(splat);
    const node = this.makers.get(v)!;
    if (node.op === "Gemm") return this.#product(node);
    const masked = this.#masked(node);
    if (masked) return masked;
    const inputs = node.inputs.map((i) => wasm.get(this.compute(i!)));
    const instructions = elementwise(node, inputs, this.locals);
    if (!instructions) throw new NotByRows(node.op);
    return instructions;
  }

  #product({ inputs: [delta, weight, sum] }: GraphNode): number[] {
    const head = this.trunk.heads.find((h) => h.weight === weight)!;
    const weights = this.sources.weights.get(head)!, deltas = this.sources.deltas.get(delta!)!;
    if (deltas.length !== weights.length) throw new NotByRows("a product");
    const known = sum ? wasm.get(this.compute(sum)) : null;
    return deltas.reduce<number[] | null>((total, d, j) => {
      const factors = [...wasm.get(d), ...wasm.get(weights[j])];
      return total ? [...factors, ...total, ...wasm.multiplyAdd] : [...factors, ...wasm.mul];
    }, known)!;
  }

  /** A ReLU's gradient: one comparison, where HardSigmoid would be four operations. */
  #masked(node: GraphNode): number[] | null {
    if (node.op !== "Mul") return null;
    for (const side of [0, 1]) {
      const step = this.makers.get(node.inputs[side]!);
      const { alpha, beta } = step?.op === "HardSigmoid" ? step.attributes : {};
      const isStep = alpha?.kind === "float" && alpha.value > 1e30 &&
        beta?.kind === "float" && beta.value === 0;
      if (!isStep) continue;
      return [
        ...wasm.get(this.compute(node.inputs[1 - side]!)),
        ...wasm.get(this.compute(step!.inputs[0]!)),
        ...this.locals.constant(0),
        ...[...wasm.greater, ...wasm.and],
      ];
    }
    return null;
  }
}
