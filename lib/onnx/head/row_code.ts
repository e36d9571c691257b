/**
 * Values of a few numbers a row (logits, targets, what a loss makes of them) as WebAssembly: four rows
 * at a time, a vector for each column.
 * @module
 */
import { constantData, type GraphNode, splatOf, type Value } from "../graph/graph.ts";
import { elementwise, type VectorLocals } from "../wasm/vector_code.ts";
import { exp } from "../wasm/vector_math.ts";
import { wasm } from "../wasm/wasm_module.ts";

/** A value of a row has at most this many numbers. */
export const mostColumns = 8;

/** Fewer rows than these are not told from columns. */
export const fewestRows = 16;

/** The graph holds something that is not computed row by row. */
export class NotByRows extends Error {}

/** When a value is known: before the rows, in each group of four, or after all of them. */
type Time = "before" | "row" | "after";

/** The locals that hold a value, one for each of its columns. */
interface Columns {
  time: Time;
  locals: number[];
}

/** What a value's shape says: rows of columns, a row of its own (of one column, if it is a number). */
type Layout = { isRows: boolean; columns: number };

/** Layout of a shape, if it is one of those that are computed by rows. */
export function layoutOf(shape: readonly number[], rows: number): Layout | null {
  const dims = shape.filter((d) => d !== 1);
  const isRows = dims[0] === rows;
  const [columns = 1, ...others] = isRows ? dims.slice(1) : dims;
  return others.length === 0 && columns <= mostColumns ? { isRows, columns } : null;
}

/** A function's instructions on values of rows. */
export class RowCode {
  /** What is done for each four rows, and after the last. */
  readonly group: number[] = [];
  readonly after: number[] = [];
  readonly #rows: number;
  readonly #makers: Map<Value, GraphNode>;
  readonly #input: (v: Value) => void;
  readonly #known = new Map<Value, Columns>();

  /**
   * @param makers The nodes that make values.
   * @param input Defines an input of the graph, or throws.
   */
  constructor(
    rows: number,
    makers: Map<Value, GraphNode>,
    readonly locals: VectorLocals,
    input: (v: Value) => void,
  ) {
    this.#rows = rows;
    this.#makers = makers;
    this.#input = input;
  }

  /** Takes `columns` of a value from instructions that leave them, at a time. */
  define(v: Value, time: Time, columns: number[][]): number[] {
    const locals = columns.map((instructions) => {
      const local = this.locals.add();
      this.#codeAt(time).push(...instructions, ...wasm.set(local));
      return local;
    });
    this.#known.set(v, { time, locals });
    return locals;
  }

  /** The locals of a value that rows have. @throws {NotByRows} */
  row(v: Value): number[] {
    const { time, locals } = this.#compute(v);
    if (time === "after") throw new NotByRows("a row depends on all rows");
    return locals;
  }

  /** The locals of a value that is known after the last row: what all rows add up to. @throws {NotByRows} */
  total(v: Value): number[] {
    const { time, locals } = this.#compute(v);
    if (time === "row") throw new NotByRows("it is a value of each row");
    return locals;
  }

  #codeAt(time: Time): number[] {
    return { before: this.locals.before, row: this.group, after: this.after }[time];
  }

  #compute(v: Value): Columns {
    const known = this.#known.get(v);
    if (known) return known;
    const layout = layoutOf(v.shape, this.#rows);
    if (!layout) throw new NotByRows(`the shape [${v.shape}]`);
    if (v.constant) {
      this.define(v, "before", this.#constant(v, layout));
      return this.#known.get(v)!;
    }
    const node = this.#makers.get(v);
    if (!node) {
      this.#input(v);
      return this.#known.get(v)!;
    }
    const { time, columns } = this.#instructions(node, layout);
    if (columns.length !== layout.columns) throw new NotByRows(node.op);
    this.define(v, time, columns);
    return this.#known.get(v)!;
  }

  #constant(v: Value, { isRows, columns }: Layout): number[][] {
    const splat = splatOf(v);
    if (v.dtype !== "float32" || (isRows && splat === undefined)) {
      throw new NotByRows(`a constant [${v.shape}] of ${v.dtype}`);
    }
    const data = splat === undefined ? constantData(v) as Float32Array : null;
    return Array.from({ length: columns }, (_, j) => this.locals.constant(data?.[j] ?? splat!));
  }

  #instructions(node: GraphNode, layout: Layout): { time: Time; columns: number[][] } {
    if (["Reshape", "Squeeze", "Unsqueeze", "Identity"].includes(node.op)) {
      const { time, locals } = this.#compute(node.inputs[0]!);
      return { time, columns: locals.map(wasm.get) };
    }
    if (node.op === "Expand" || node.op === "Tile") {
      const { time, locals } = this.#compute(node.inputs[0]!);
      if (time === "after" && layout.isRows) throw new NotByRows("a row depends on all rows");
      return { time, columns: spread(locals, layout.columns).map(wasm.get) };
    }
    if (node.op === "Gemm") return this.#product(node);
    if (node.op === "Softmax") return this.#softmax(node);
    if (node.op.startsWith("Reduce")) return this.#reduction(node);
    const inputs = node.inputs.map((v) => this.#compute(v!));
    const operands = inputs.map(({ locals }) => spread(locals, layout.columns).map(wasm.get));
    const columns = Array.from({ length: layout.columns }, (_, j) => {
      const instructions = elementwise(node, operands.map((o) => o[j]), this.locals);
      if (!instructions) throw new NotByRows(node.op);
      return instructions;
    });
    return { time: latest(inputs), columns };
  }

  /** Rows times a small constant matrix, which copies columns or adds them up; or sums of columns. */
  #product(node: GraphNode): { time: Time; columns: number[][] } {
    const [a, b] = node.inputs as [Value, Value];
    const isPlain = node.inputs.length === 2 && Object.keys(node.attributes).length === 0;
    if (!isPlain) throw new NotByRows("a product");
    if (splatOf(a) === 1 && a.shape[0] === 1 && a.shape[1] === this.#rows) {
      return { time: "after", columns: this.#sums(this.row(b), wasm.get) };
    }
    if (!b.constant || b.dtype !== "float32") throw new NotByRows("a product");
    const factors = constantData(b), [inner, outer] = b.shape;
    const { time, locals } = this.#compute(a);
    if (locals.length !== inner) throw new NotByRows("a product");
    const columns = Array.from({ length: outer }, (_, j) => {
      const terms = locals.flatMap((local, i) => {
        const factor = Number(factors[i * outer + j]);
        if (factor === 0) return [];
        const scaled = [...wasm.get(local), ...this.locals.constant(factor), ...wasm.mul];
        return [factor === 1 ? wasm.get(local) : scaled];
      });
      if (terms.length === 0) return this.locals.constant(0);
      return fold(terms, wasm.add);
    });
    return { time, columns };
  }

  #softmax(node: GraphNode): { time: Time; columns: number[][] } {
    const x = node.inputs[0]!, { axis } = node.attributes;
    const rank = x.shape.length;
    const along = axis?.kind === "int" ? (axis.value + rank) % rank : rank - 1;
    const isOfRows = layoutOf(x.shape, this.#rows)?.isRows && x.shape[along] !== this.#rows;
    if (!isOfRows) throw new NotByRows(node.op);
    const locals = this.row(x);
    const most = this.#kept(fold(locals.map(wasm.get), wasm.max));
    const powers = locals.map((local) =>
      this.#kept(exp([...wasm.get(local), ...wasm.get(most), ...wasm.sub], this.locals))
    );
    const sum = this.#kept(fold(powers.map(wasm.get), wasm.add));
    const columns = powers.map((p) => [...wasm.get(p), ...wasm.get(sum), ...wasm.div]);
    return { time: "row", columns };
  }

  /** A new local for what instructions leave in each group of rows. */
  #kept(instructions: number[]): number {
    const local = this.locals.add();
    this.group.push(...instructions, ...wasm.set(local));
    return local;
  }

  #reduction(node: GraphNode): { time: Time; columns: number[][] } {
    const [x, axesOf] = node.inputs as [Value, Value | undefined];
    const { isRows, columns } = layoutOf(x.shape, this.#rows) ?? { isRows: false, columns: 0 };
    if (!isRows || (axesOf && !axesOf.constant)) throw new NotByRows(node.op);
    const rank = x.shape.length;
    const axes = axesOf
      ? Array.from(constantData(axesOf) as BigInt64Array, (a) => (Number(a) + rank) % rank)
      : x.shape.map((_, i) => i);
    const ofRows = axes.includes(x.shape.indexOf(this.#rows));
    const ofColumns = columns === 1 || axes.some((a) => x.shape[a] === columns);
    const square = (local: number) => [...wasm.get(local), ...wasm.get(local), ...wasm.mul];
    const operand = node.op === "ReduceSumSquare" ? square : wasm.get;
    const divided = (sum: number[], by: number) =>
      node.op === "ReduceMean" ? [...sum, ...this.locals.constant(by), ...wasm.div] : sum;
    const operator = {
      ReduceSum: wasm.add,
      ReduceMean: wasm.add,
      ReduceSumSquare: wasm.add,
      ReduceMax: wasm.max,
      ReduceMin: wasm.min,
    }[node.op];
    if (!operator) throw new NotByRows(node.op);
    const locals = this.row(x);
    if (!ofRows) {
      if (!ofColumns) throw new NotByRows(node.op);
      return { time: "row", columns: [divided(fold(locals.map(operand), operator), columns)] };
    }
    if (operator !== wasm.add) throw new NotByRows(node.op);
    const sums = this.#sums(locals, operand);
    if (!ofColumns) {
      return { time: "after", columns: sums.map((sum) => divided(sum, this.#rows)) };
    }
    return {
      time: "after",
      columns: [divided(fold(sums, wasm.add), this.#rows * columns)],
    };
  }

  /** Instructions that leave, in every place, what `operand` of each local adds up to over all rows. */
  #sums(locals: number[], operand: (local: number) => number[]): number[][] {
    return locals.map((local) => {
      // Locals begin as zeros.
      const sum = this.locals.add();
      this.group.push(...wasm.get(sum), ...operand(local), ...wasm.add, ...wasm.set(sum));
      const swapped = (places: [number, number, number, number]) => [
        ...wasm.get(sum),
        ...wasm.get(sum),
        ...wasm.shuffle(...places),
      ];
      this.after.push(
        ...[...wasm.get(sum), ...swapped([2, 3, 0, 1]), ...wasm.add, ...wasm.set(sum)],
        ...[...wasm.get(sum), ...swapped([1, 0, 3, 2]), ...wasm.add, ...wasm.set(sum)],
      );
      return wasm.get(sum);
    });
  }
}

/** Instructions that leave all terms put together. */
const fold = (terms: number[][], operator: number[]): number[] =>
  terms.reduce((sum, term) => [...sum, ...term, ...operator]);

/** As many locals as there are columns: all of them, or one for each. */
function spread(locals: number[], columns: number): number[] {
  if (locals.length === columns) return locals;
  if (locals.length !== 1) throw new NotByRows(`${locals.length} columns for ${columns}`);
  return Array.from({ length: columns }, () => locals[0]);
}

function latest(inputs: Columns[]): Time {
  const times = new Set(inputs.map((c) => c.time));
  if (times.has("row") && times.has("after")) throw new NotByRows("a row depends on all rows");
  return times.has("row") ? "row" : times.has("after") ? "after" : "before";
}
