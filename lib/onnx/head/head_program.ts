/**
 * The head of a network as WebAssembly: narrow last layers, loss, and both on the way back, in one pass
 * over the rows. For ONNX Runtime these are dozens of operators on a few numbers a row, each of which
 * takes longer to start than to run, and products of which it pads the few columns to many.
 *
 * Rows are taken in blocks that stay in the first-level cache: logits and loss four rows at a time,
 * then gradients four features at a time.
 * @module
 */
import { sizeOf } from "../graph/dtype.ts";
import type { GraphNode, Value } from "../graph/graph.ts";
import { pagesOf, wholeLines } from "../wasm/shared_memory.ts";
import { VectorLocals } from "../wasm/vector_code.ts";
import { encodeWasm, vectorBytes, wasm } from "../wasm/wasm_module.ts";
import { cursors } from "./cursors.ts";
import { gradientCode, type GradientPlaces } from "./gradient_code.ts";
import type { HeadProgram } from "./head_kernel.ts";
import { layerCode } from "./layer_code.ts";
import { fewestRows, layoutOf, NotByRows, RowCode } from "./row_code.ts";
import type { Head, HeadOutput, SplitGraph, Trunk } from "./split_at_head.ts";

/** Activations of a block take at most this much of the first-level cache: a third of a usual one. */
const blockBytes = 1 << 14;

/** What the kernel may read beside the trunks' activations: names of inputs. */
export interface HeadInputs {
  /** The variables. */
  parameters: Set<string>;
  /** Those of a few numbers a row. */
  rows: Set<string>;
  /** Those of one number. */
  numbers: Set<string>;
}

/** A head's program; null where it computes something that is not done by rows. */
export function headProgram(split: SplitGraph, inputs: HeadInputs): HeadProgram | null {
  if (split.head.rows % 4 !== 0 || split.head.rows < fewestRows) return null;
  try {
    return new HeadBuilder(split, inputs).build();
  } catch (error) {
    if (error instanceof NotByRows) return null;
    throw error;
  }
}

class HeadBuilder {
  readonly #split: SplitGraph;
  readonly #available: HeadInputs;
  readonly #rows: number;
  readonly #locals = new VectorLocals(0);
  readonly #at = cursors(this.#locals);
  readonly #code: RowCode;
  readonly #program: Omit<HeadProgram, "module" | "pages" | "sums">;
  /** Bytes of memory that have been given away. */
  #bytes = 0;
  /** Places of weights, of ReLUs' biases that are left to the head, and of deltas' columns. */
  readonly #weights = new Map<Head, number>();
  readonly #biases = new Map<Trunk, number>();
  readonly #deltas = new Map<Value, number[]>();

  constructor(split: SplitGraph, available: HeadInputs) {
    const { rows, makers } = split.head;
    this.#split = split;
    this.#available = available;
    this.#rows = rows;
    this.#code = new RowCode(rows, makers, this.#locals, (v) => this.#input(v));
    this.#program = { rows, inputs: [], numbers: [], parameters: [], passed: [], outputs: [] };
  }

  build(): HeadProgram {
    const { head: { trunks, outputs } } = this.#split;
    const at = this.#at, locals = this.#locals, { group, after } = this.#code;
    this.#placePassed();
    const layers = trunks.flatMap((trunk) => this.#layers(trunk));

    // Results lie together, to be cleared at once.
    const sizes = outputs.map((o) => this.#resultSize(o));
    const first = this.#bytes;
    const places = sizes.map(({ inner, outer }) => this.#place(inner * outer));
    const sums = { at: first, length: (this.#bytes - first) / 4 };
    outputs.forEach(({ name }, i) => {
      this.#program.outputs.push({ name, at: places[i], ...sizes[i] });
    });

    for (const trunk of trunks) for (const v of this.#deltasOf(trunk)) this.#keepColumns(v);
    outputs.forEach((o, i) => {
      if (o.kind !== "total") return;
      this.#code.total(o.value).forEach((local, j) => {
        after.push(...wasm.integer(0), ...wasm.get(local), ...wasm.storeFirst(places[i] + 4 * j));
      });
    });
    const blockRows = this.#blockRows();
    const gradients = trunks.flatMap((trunk) => this.#gradients(trunk, places, blockRows));
    const block = [
      ...[...wasm.plus(at.row, 4 * blockRows), ...wasm.set(at.end)],
      ...wasm.repeat(at.row, vectorBytes, wasm.get(at.end), layers),
      ...wasm.advance(at.row, -4 * blockRows),
      // Apart from the layers: a processor then works on several of these long chains at once.
      ...wasm.repeat(at.row, vectorBytes, wasm.get(at.end), group),
      ...gradients,
    ];
    const body = [
      ...locals.before,
      ...wasm.repeat(at.row, 0, wasm.integer(4 * this.#rows), block),
      ...after,
    ];
    const pages = pagesOf(this.#bytes);
    const kernel = { name: "head", params: [], results: [], locals: locals.types, body };
    return { ...this.#program, module: encodeWasm(pages, [kernel]), pages, sums };
  }

  /** A place for `elements` floats. */
  #place(elements: number): number {
    const at = this.#bytes;
    this.#bytes += wholeLines(elements);
    return at;
  }

  #placePassed(): void {
    const { passed, head: { trunks }, after } = this.#split;
    for (const { name, value } of passed) {
      const { dtype, shape } = value;
      if (dtype !== "float32") throw new NotByRows(`${dtype} is passed on`);
      // What is handed back lies in place of what was given, unless that is needed again.
      const trunk = trunks.find((t) => t.back === value);
      const given = passed.find((p) => p.value === trunk?.given)?.name;
      const isInPlace = trunk && !after.inputs.some((input) => input.name === given);
      const at = isInPlace ? this.#passedAt(trunk.given) : this.#place(sizeOf(shape));
      this.#program.passed.push({ name, dtype, shape, at });
    }
  }

  #passedAt(value: Value): number {
    const { name } = this.#split.passed.find((p) => p.value === value)!;
    return this.#program.passed.find((p) => p.name === name)!.at;
  }

  /** Takes an input of the graph. */
  #input(v: Value): void {
    const layout = layoutOf(v.shape, this.#rows), name = v.name ?? "";
    if (v.dtype !== "float32" || !layout) throw new NotByRows(`the input ${name}`);
    if (layout.isRows && this.#available.rows.has(name)) {
      const width = layout.columns;
      const at = this.#place(this.#rows * width);
      this.#program.inputs.push({ name, at, width });
      const columns = this.#columns(at, width).map((c) => [
        ...[...wasm.get(this.#at.row), ...wasm.load(c)],
      ]);
      this.#code.define(v, "row", columns);
    } else if (!layout.isRows && layout.columns === 1 && this.#available.numbers.has(name)) {
      const at = this.#place(1);
      this.#program.numbers.push({ name, at });
      this.#code.define(v, "before", [[...wasm.integer(0), ...wasm.loadSplat(at)]]);
    } else throw new NotByRows(`the input ${name}`);
  }

  /** Places of columns that lie end to end. */
  #columns(at: number, count: number): number[] {
    return Array.from({ length: count }, (_, j) => at + 4 * this.#rows * j);
  }

  #parameter({ name, shape }: Value, isMatrix: boolean): number {
    if (!this.#available.parameters.has(name!)) throw new NotByRows(`the input ${name}`);
    const [inner, outer] = isMatrix ? shape : [1, sizeOf(shape)];
    const at = this.#place(sizeOf(shape));
    this.#program.parameters.push({ name: name!, at, inner, outer });
    return at;
  }

  /** Instructions for a trunk's layers, whose outputs are known to the code of rows from then on. */
  #layers(trunk: Trunk): number[] {
    const { width, given, heads, rectifiedBias } = trunk;
    if (rectifiedBias) this.#biases.set(trunk, this.#parameter(rectifiedBias, false));
    const columns = heads.flatMap(({ weight, bias, output }, i) => {
      const at = this.#parameter(weight, true);
      this.#weights.set(heads[i], at);
      const biasAt = bias && this.#parameter(bias, false);
      const count = weight.shape[1];
      const products = this.#columns(this.#place(this.#rows * count), count);
      const logits = products.map((place, j) => {
        const product = [...wasm.get(this.#at.row), ...wasm.load(place)];
        if (biasAt === null) return product;
        const local = this.#locals.add();
        this.#locals.before.push(
          ...[...wasm.integer(0), ...wasm.loadSplat(biasAt + 4 * j), ...wasm.set(local)],
        );
        return [...product, ...wasm.get(local), ...wasm.add];
      });
      this.#code.define(output, "row", logits);
      return products.map((place, j) => ({ weights: at + 4 * width * j, products: place }));
    });
    const bias = this.#biases.get(trunk) ?? null;
    const places = { given: this.#passedAt(given), width, bias, columns };
    return layerCode(places, this.#at, this.#locals);
  }

  #resultSize(output: HeadOutput): { inner: number; outer: number } {
    switch (output.kind) {
      case "columns":
        return { inner: 1, outer: output.trunk.width };
      case "weight": {
        const layout = layoutOf(output.delta.shape, this.#rows);
        if (!layout?.isRows) throw new NotByRows(`the shape [${output.delta.shape}]`);
        return { inner: output.trunk.width, outer: layout.columns };
      }
      case "total":
        return { inner: 1, outer: sizeOf(output.value.shape) };
    }
  }

  /** Values by which a trunk's activations or weights are multiplied. */
  #deltasOf(trunk: Trunk): Value[] {
    const { makers, outputs } = this.#split.head;
    const products = [...trunk.wide].map((v) => makers.get(v)!).filter((n) => n.op === "Gemm");
    const ofWeights = outputs.flatMap((o) =>
      o.kind === "weight" && o.trunk === trunk ? [o.delta] : []
    );
    return [...new Set([...products.map((n: GraphNode) => n.inputs[0]!), ...ofWeights])];
  }

  /** Stores the columns of a value, for the gradients of features. */
  #keepColumns(v: Value): void {
    if (this.#deltas.has(v)) return;
    const locals = this.#code.row(v);
    const columns = this.#columns(this.#place(this.#rows * locals.length), locals.length);
    this.#deltas.set(v, columns);
    locals.forEach((local, j) => {
      this.#code.group.push(
        ...[...wasm.get(this.#at.row), ...wasm.get(local), ...wasm.store(columns[j])],
      );
    });
  }

  /** Rows of a block, which divide all rows. */
  #blockRows(): number {
    const widest = Math.max(...this.#split.head.trunks.map((t) => t.width));
    const most = Math.max(4, Math.floor(blockBytes / (4 * widest)));
    let rows = Math.min(this.#rows, most - most % 4);
    while (this.#rows % rows !== 0) rows -= 4;
    return rows;
  }

  /** Instructions for the gradients of a trunk and its layers by the rows of a block. */
  #gradients(trunk: Trunk, results: number[], blockRows: number): number[] {
    const { makers, outputs } = this.#split.head;
    const deltas = new Map(this.#deltasOf(trunk).map((v) => [v, this.#deltas.get(v)!]));
    const sums = outputs.flatMap((o, i): GradientPlaces["sums"] => {
      if (o.kind === "total" || o.trunk !== trunk) return [];
      if (o.kind === "columns") return [{ at: results[i], delta: null }];
      return deltas.get(o.delta)!.map((_, column) => ({
        at: results[i] + 4 * trunk.width * column,
        delta: { value: o.delta, column },
      }));
    });
    const places = {
      given: this.#passedAt(trunk.given),
      bias: this.#biases.get(trunk) ?? null,
      back: this.#passedAt(trunk.back),
      weights: this.#weights,
      deltas,
      sums,
    };
    return gradientCode(trunk, makers, blockRows, places, this.#at, this.#locals);
  }
}
