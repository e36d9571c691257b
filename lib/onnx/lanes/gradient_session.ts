/**
 * Loss and gradient of a lane's rows in ONNX Runtime: the same code on every thread.
 * @module
 */
import { type Dtype, sizeOf, type TypedData } from "../graph/dtype.ts";
import { isShared } from "../input_spec.ts";
import {
  createSessionSync,
  type OrtFeeds,
  ortTensor,
  type Session,
  type SessionOptions,
} from "../runtime.ts";
import type { Port } from "../step_runner.ts";
import type { GradientProgram, LaneMemory } from "./lane_protocol.ts";

/** A session with the memory that it reads and writes. */
export class GradientSession {
  readonly #program: GradientProgram;
  readonly #session: Session;
  /** The variables in either of the two buffers. */
  readonly #parameters: OrtFeeds[];
  readonly #feeds: OrtFeeds = {};
  readonly #fetches: OrtFeeds = {};
  /** Indices of the rows of a step. */
  readonly #rows: Int32Array;
  #indices: Int32Array = new Int32Array(0);

  constructor(program: GradientProgram, memory: LaneMemory, options: SessionOptions) {
    this.#program = program;
    this.#session = createSessionSync(program.model, options);
    const tensor = (data: TypedData, { dtype, shape }: Port) => ortTensor(data, dtype, shape);
    /** Tensors over pieces that lie end to end. */
    const pieces = (ports: Port[], data: TypedData): OrtFeeds => {
      let at = 0;
      return Object.fromEntries(ports.map((p) => {
        const piece = (data as Float32Array).subarray(at, at += sizeOf(p.shape));
        return [p.name, tensor(piece, p)];
      }));
    };
    this.#parameters = memory.parameters.map((data) => pieces(program.parameters, data));
    program.frozen.forEach((p, i) => this.#feeds[p.name] = tensor(memory.frozen[i], p));
    program.metrics.forEach((p, i) => this.#fetches[p.name] = tensor(memory.metrics[i], p));
    Object.assign(this.#fetches, pieces(program.gradient, memory.gradient));
    this.#rows = new Int32Array(program.rows);
    this.#feeds.indices = ortTensor(this.#rows, "int32", [program.rows]);
  }

  /** The data that the next runs take rows of; `data` in the order of the program's specs. */
  from(indices: Int32Array, data: TypedData[]): void {
    this.#indices = indices;
    Object.entries(this.#program.specs).forEach(([name, s], i) => {
      const dtype: Dtype = s.dtype ?? "float32";
      if (isShared(s)) this.#feeds[name] = ortTensor(data[i], dtype, s.shape);
      else {
        const row = s.shape.slice(1);
        const shape = [data[i].length / sizeOf(row), ...row];
        this.#feeds[dataInput(name)] = ortTensor(data[i], dtype, shape);
      }
    });
  }

  /** Gradient and metrics on the rows that `rows` indices from `from` on name. */
  run(from: number, set: number): void {
    this.#rows.set(this.#indices.subarray(from, from + this.#rows.length));
    this.#session.run(Object.assign(this.#feeds, this.#parameters[set]), this.#fetches);
  }

  dispose(): void {
    this.#session.dispose();
  }
}

/** Name of the graph's input that holds the rows which an input of the step is taken from. */
export const dataInput = (name: string): string => `data/${name}`;
