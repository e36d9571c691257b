/**
 * The rows of a lane out of the data of an epoch. ONNX Runtime copies short rows several times faster
 * than a JavaScript loop.
 * @module
 */
import { sizeOf, type TypedData } from "../graph/dtype.ts";
import { Graph, int } from "../graph/graph.ts";
import { encodeModel } from "../graph/model_proto.ts";
import { type InputSpec, isShared } from "../input_spec.ts";
import { createSessionSync, type OrtFeeds, ortTensor, ortZeros, type Session } from "../runtime.ts";
import { feedTensor, type StepFeeds } from "../step_runner.ts";

/** Gathers the inputs of a lane that are rows of data. */
export class RowGather {
  /** What `gather` wrote, by input. */
  readonly rows: Record<string, TypedData> = {};
  readonly #specs: [string, InputSpec][];
  readonly #session: Session;
  readonly #fetches: OrtFeeds = {};
  #data: OrtFeeds = {};

  /** `specs` are those of a lane. */
  constructor(specs: Record<string, InputSpec>) {
    this.#specs = Object.entries(specs).filter(([, s]) => !isShared(s));
    const graph = new Graph();
    const symbolicDims: Record<string, Record<number, string>> = {};
    const indices = graph.input("indices", "int32", [this.#specs[0]?.[1].shape[0] ?? 0]);
    for (const [name, { dtype = "float32", shape }] of this.#specs) {
      const data = graph.input(`data/${name}`, dtype, [1, ...shape.slice(1)]);
      symbolicDims[`data/${name}`] = { 0: "rows" };
      const [rows] = graph.emit("Gather", [data, indices], [{ dtype, shape }], { axis: int(0) });
      graph.output(name, rows);
      this.#fetches[name] = ortZeros(dtype, shape);
      this.rows[name] = this.#fetches[name].data as TypedData;
    }
    this.#session = createSessionSync(encodeModel(graph, { name: "rows", symbolicDims }));
  }

  /** The data that the next calls of `gather` read. */
  from(data: StepFeeds): void {
    this.#data = {};
    for (const [name, { dtype = "float32", shape }] of this.#specs) {
      const row = shape.slice(1);
      const count = data[name].length / sizeOf(row);
      this.#data[`data/${name}`] = feedTensor(name, data[name], dtype, [count, ...row]);
    }
  }

  /** Copies the rows that `indices` name into `rows`. */
  gather(indices: Int32Array): void {
    const feeds = { ...this.#data, indices: ortTensor(indices, "int32", [indices.length]) };
    this.#session.run(feeds, this.#fetches);
  }

  dispose(): void {
    this.#data = {};
    this.#session.dispose();
  }
}
