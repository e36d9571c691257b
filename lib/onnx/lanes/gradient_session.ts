/**
 * Loss and gradient of a lane's rows in ONNX Runtime: the same code on every thread.
 * @module
 */
import { type Dtype, makeData, sizeOf, type TypedData } from "../graph/dtype.ts";
import { type InputSpec, isShared } from "../input_spec.ts";
import type { SessionOptions } from "../runtime.ts";
import type { Port } from "../step_runner.ts";
import type { GradientProgram, LaneMemory } from "./lane_protocol.ts";
import { type LaneSession, type LaneTensor, openLaneSession } from "./lane_session.ts";

/** A session with the memory that it reads and writes. */
export class GradientSession {
  readonly #program: GradientProgram;
  readonly #session: LaneSession;
  /** Calls by the set of the parameters, then by part. */
  readonly #calls: (() => void)[][];
  /** What the data was, in the order of the program's specs. */
  #data: TypedData[] = [];
  /** Indices of the rows of a step. */
  readonly #rows: Int32Array;
  #indices: Int32Array = new Int32Array(0);
  readonly #narrow: NarrowInput[] = [];

  constructor(program: GradientProgram, memory: LaneMemory, options: SessionOptions) {
    this.#program = program;
    /** Tensors over pieces that lie end to end. */
    const pieces = (ports: Port[], data: TypedData): LaneTensor[] => {
      let at = 0;
      return ports.map((p) => ({
        ...p,
        data: (data as Float32Array).subarray(at, at += sizeOf(p.shape)),
      }));
    };
    const whole = (ports: Port[], data: TypedData[]) =>
      ports.map((p, i) => ({ ...p, data: data[i] }));
    this.#rows = new Int32Array(program.rows);
    const fixed = whole(program.frozen, memory.frozen), later: string[] = [];
    if (program.gathers) {
      fixed.push({
        name: "indices",
        dtype: "int32",
        shape: [program.rows],
        data: this.#rows,
      });
    }
    Object.entries(program.specs).forEach(([name, s], place) => {
      if (!isNarrow(s)) {
        later.push(isShared(s) ? name : dataInput(name));
        return;
      }
      const { shape, dtype = "float32" } = s;
      const rows = makeData(dtype, sizeOf(shape));
      fixed.push({ name, dtype, shape, data: rows });
      this.#narrow.push({ place, rows, data: rows, width: sizeOf(shape.slice(1)) });
    });
    this.#session = openLaneSession(program.model, options);
    this.#calls = this.#session.prepare(
      memory.parameters.map((data) => [...fixed, ...pieces(program.parameters, data)]),
      later,
      memory.gradients.map((gradient, part) => [
        ...whole(program.metrics, memory.metrics.slice(part * program.metrics.length)),
        ...pieces(program.gradient, gradient),
      ]),
    );
  }

  /** The data that the next runs take rows of; `data` in the order of the program's specs. */
  from(indices: Int32Array, data: TypedData[]): void {
    this.#indices = indices;
    Object.entries(this.#program.specs).forEach(([name, s], i) => {
      if (isNarrow(s) || data[i] === this.#data[i]) return;
      const dtype: Dtype = s.dtype ?? "float32";
      const row = s.shape.slice(1);
      this.#session.replace(
        isShared(s) ? { name, dtype, shape: s.shape, data: data[i] } : {
          name: dataInput(name),
          dtype,
          shape: [data[i].length / sizeOf(row), ...row],
          data: data[i],
        },
      );
    });
    for (const input of this.#narrow) input.data = data[input.place];
    this.#data = data;
  }

  /** Gradients and metrics of all parts, on the rows that the indices from `from` on name. */
  run(from: number, set: number): void {
    let at = from;
    for (const call of this.#calls[set]) {
      this.#rows.set(this.#indices.subarray(at, at += this.#rows.length));
      for (const { rows, data, width } of this.#narrow) copyRows(rows, data, width, this.#rows);
      call();
    }
  }

  dispose(): void {
    this.#session.dispose();
  }
}

/** An input whose rows are taken here. */
interface NarrowInput {
  /** Its place among the inputs. */
  place: number;
  /** The lane's rows, all rows, and the elements of one. */
  rows: TypedData;
  data: TypedData;
  width: number;
}

/** Rows of at most this many elements are copied here: ONNX Runtime takes some 10 ns for each row. */
const narrowWidth = 4;

/** Whether the rows of an input are taken before the graph runs, not in it. */
export const isNarrow = (spec: InputSpec): boolean =>
  !isShared(spec) && sizeOf(spec.shape.slice(1)) <= narrowWidth;

function copyRows(to: TypedData, from: TypedData, width: number, indices: Int32Array): void {
  const rows = indices.length;
  for (let column = 0; column < width; column++) {
    for (let i = 0, at = column; i < rows; i++, at += width) {
      to[at] = from[indices[i] * width + column];
    }
  }
}

/** Name of the graph's input that holds the rows which an input of the step is taken from. */
export const dataInput = (name: string): string => `data/${name}`;
