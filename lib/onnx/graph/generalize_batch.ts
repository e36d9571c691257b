/**
 * A graph whose batch dimension is free, from two graphs of the same function at two batch sizes.
 * @module
 */
import { sameShape } from "./dtype.ts";
import { constantData, Graph, type GraphNode, int, splatOf, type Value } from "./graph.ts";

/** The general graph, or why there is none. */
export type Generalized =
  | { graph: Graph; symbolicDims: Record<string, Record<number, string>>; reason: "" }
  | { graph: null; reason: string };

class Differs extends Error {}

/**
 * Walks both graphs side by side. Where a shape constant differs, it must be a multiple of the batch
 * size (a reshape's becomes -1 or is computed from the input's shape); everything else must agree.
 */
export function generalizeBatch(a: Graph, b: Graph, sizeA: number, sizeB: number): Generalized {
  try {
    return new Generalizer(a, b, sizeA, sizeB).run();
  } catch (error) {
    if (error instanceof Differs) return { graph: null, reason: error.message };
    throw error;
  }
}

class Generalizer {
  readonly out = new Graph();
  /** Values of the general graph by values of graph a. */
  readonly map = new Map<Value, Value>();
  /** Values of graph b by values of graph a. */
  readonly pair = new Map<Value, Value>();
  #batch: Value | null = null;

  constructor(
    readonly a: Graph,
    readonly b: Graph,
    readonly sizeA: number,
    readonly sizeB: number,
  ) {}

  run(): Generalized {
    const { a, b, out } = this;
    if (a.nodes.length !== b.nodes.length) {
      throw new Differs(
        `the operators depend on the batch size (${a.nodes.length} and ${b.nodes.length} at ${this.sizeA} and ${this.sizeB})`,
      );
    }
    const symbolicDims: Record<string, Record<number, string>> = {};
    const note = (name: string, va: Value, vb: Value) => {
      const dims: Record<number, string> = {};
      va.shape.forEach((d, axis) => {
        if (d === vb.shape[axis]) return;
        dims[axis] = d === this.sizeA && vb.shape[axis] === this.sizeB
          ? "batch"
          : `batch_${name}_${axis}`;
      });
      if (Object.keys(dims).length) symbolicDims[name] = dims;
    };
    a.inputs.forEach((v, i) => {
      const input = out.input(v.name!, v.dtype, v.shape);
      this.map.set(v, input);
      this.pair.set(v, b.inputs[i]);
      note(v.name!, v, b.inputs[i]);
    });
    a.nodes.forEach((node, i) => this.#node(node, b.nodes[i]));
    a.outputs.forEach((o, i) => {
      out.output(o.name, this.#value(o.value, b.outputs[i].value));
      note(o.name, o.value, b.outputs[i].value);
    });
    return { graph: out, symbolicDims, reason: "" };
  }

  #node(na: GraphNode, nb: GraphNode): void {
    const same = na.op === nb.op && na.inputs.length === nb.inputs.length &&
      JSON.stringify(na.attributes) === JSON.stringify(nb.attributes);
    if (!same) throw new Differs(`operator ${na.op} of "${na.origin}" depends on the batch size`);
    this.out.origin = na.origin;
    const inputs = na.inputs.map((v, i) => {
      const w = nb.inputs[i];
      if (!v || !w) return null;
      return na.op === "Reshape" && i === 1 ? this.#reshapeTarget(v, w) : this.#value(v, w);
    });
    const results = this.out.emit(
      na.op,
      inputs,
      na.outputs.map((o) => ({ dtype: o.dtype, shape: o.shape })),
      na.attributes,
      na.domain,
    );
    na.outputs.forEach((o, i) => {
      this.map.set(o, results[i]);
      this.pair.set(o, nb.outputs[i]);
    });
  }

  /** One free dimension is told by -1; the others are as they are. */
  #reshapeTarget(va: Value, vb: Value): Value {
    if (!va.constant || !vb.constant) return this.#value(va, vb);
    const da = Array.from(constantData(va) as BigInt64Array, Number);
    const db = Array.from(constantData(vb) as BigInt64Array, Number);
    const free = da.flatMap((d, i) => d === db[i] ? [] : [i]);
    if (free.length !== 1 || da.length !== db.length || da.includes(0)) return this.#value(va, vb);
    return this.out.int64(da.map((d, i) => i === free[0] ? -1 : d));
  }

  #value(va: Value, vb: Value): Value {
    if (!va.constant) {
      const value = this.map.get(va);
      if (!value || this.pair.get(va) !== vb) {
        throw new Differs("the order of operators depends on the batch size");
      }
      return value;
    }
    if (!vb.constant) throw new Differs("a value is known at one batch size only");
    if (sameShape(va.shape, vb.shape) && sameData(va, vb)) return this.#copy(va);
    if (va.dtype === "int64" && va.shape.length === 1 && sameShape(va.shape, vb.shape)) {
      return this.#shapeValue(va, vb);
    }
    const sa = splatOf(va), sb = splatOf(vb);
    if (sa !== undefined && sa === sb) {
      const shapeA = this.out.int64(va.shape), shapeB = this.out.int64(vb.shape);
      const shape = this.#shapeValue(shapeA, shapeB);
      const scalar = this.out.splat(sa, va.dtype);
      return this.out.emit("Expand", [scalar, shape], [{ dtype: va.dtype, shape: va.shape }])[0];
    }
    throw new Differs("a constant of the function depends on the batch size");
  }

  #copy(v: Value): Value {
    const s = splatOf(v);
    return s !== undefined && v.dtype !== "int64"
      ? this.out.splat(s, v.dtype, v.shape)
      : this.out.constant(constantData(v), v.dtype, v.shape);
  }

  /** An int64 vector whose elements are constants or multiples of the batch size. */
  #shapeValue(va: Value, vb: Value): Value {
    const { out } = this;
    const da = Array.from(constantData(va) as BigInt64Array, Number);
    const db = Array.from(constantData(vb) as BigInt64Array, Number);
    const parts = da.map((d, i) => {
      if (d === db[i]) return out.int64([d]);
      const factor = d / this.sizeA;
      if (!Number.isInteger(factor) || factor * this.sizeB !== db[i]) {
        throw new Differs(
          `a dimension is ${d} at batch size ${this.sizeA} and ${db[i]} at ${this.sizeB}`,
        );
      }
      const batch = this.#batchSize();
      return factor === 1
        ? batch
        : out.emit("Mul", [batch, out.int64([factor])], [{ dtype: "int64", shape: [1] }])[0];
    });
    if (parts.length === 1) return parts[0];
    return out.emit("Concat", parts, [{ dtype: "int64", shape: [parts.length] }], {
      axis: int(0),
    })[0];
  }

  #batchSize(): Value {
    if (this.#batch) return this.#batch;
    const index = this.a.inputs.findIndex((v, i) =>
      v.shape[0] === this.sizeA && this.b.inputs[i].shape[0] === this.sizeB
    );
    const input = this.out.inputs[index];
    return this.#batch = this.out.emit("Shape", [input], [{ dtype: "int64", shape: [1] }], {
      start: int(0),
      end: int(1),
    })[0];
  }
}

function sameData(a: Value, b: Value): boolean {
  const sa = splatOf(a), sb = splatOf(b);
  if (sa !== undefined || sb !== undefined) return Object.is(sa, sb);
  const x = constantData(a), y = constantData(b);
  return x.length === y.length && (x as Float32Array).every((v, i) => Object.is(v, y[i]));
}
