/**
 * Loss and gradient of a lane's rows in ONNX Runtime: the same code on every thread.
 * @module
 */
import { type Dtype, makeData, sizeOf, type TypedData } from "../graph/dtype.ts";
import { HeadKernel } from "../head/head_kernel.ts";
import { type InputSpec, isShared } from "../input_spec.ts";
import type { SessionOptions } from "../runtime.ts";
import type { Port } from "../step_runner.ts";
import type { GradientProgram, LaneMemory } from "./lane_protocol.ts";
import { type LaneSession, type LaneTensor, openLaneSession } from "./lane_session.ts";

/** Sessions with the memory that they read and write. */
export class GradientSession {
  readonly #program: GradientProgram;
  readonly #stages: { session: LaneSession; takes: Set<string>; calls: (() => void)[][] }[] = [];
  /** What runs between the stages, by the set of the parameters, then by part. */
  readonly #headCalls: (() => void)[][] = [];
  /** What the data was, in the order of the program's specs. */
  #data: TypedData[] = [];
  /** Indices of the rows of a step. */
  readonly #rows: Int32Array;
  #indices: Int32Array = new Int32Array(0);
  readonly #narrow: NarrowInput[] = [];
  /** Inputs that the head takes a number of. */
  readonly #numbers: { place: number; to: Float32Array }[] = [];

  constructor(program: GradientProgram, memory: LaneMemory, options: SessionOptions) {
    this.#program = program;
    const { head, specs, rows } = program;
    /** Tensors over pieces that lie end to end. */
    const pieces = (ports: Port[], data: TypedData): LaneTensor[] => {
      let at = 0;
      return ports.map((p) => ({
        ...p,
        data: (data as Float32Array).subarray(at, at += sizeOf(p.shape)),
      }));
    };
    const whole = (ports: Port[], data: TypedData[]): LaneTensor[] =>
      ports.map((p, i) => ({ ...p, data: data[i] }));
    this.#rows = new Int32Array(rows);
    const fixed = [
      ...whole(program.frozen, memory.frozen),
      { name: "indices", dtype: "int32" as const, shape: [rows], data: this.#rows },
    ];
    const later: string[] = [];
    const places = Object.keys(specs);
    for (const [name, s] of Object.entries(specs)) {
      if (!isNarrow(s)) {
        later.push(isShared(s) ? name : dataInput(name));
        continue;
      }
      if (!program.stages.some((stage) => stage.takes.includes(name))) continue;
      const { shape, dtype = "float32" } = s;
      const data = makeData(dtype, sizeOf(shape)), width = sizeOf(shape.slice(1));
      fixed.push({ name, dtype, shape, data });
      this.#narrow.push({
        place: places.indexOf(name),
        to: data,
        from: data,
        width,
        steps: [width, 1],
      });
    }
    const parameters = memory.parameters.map((data) => pieces(program.parameters, data));
    const results = memory.gradients.map((gradient, part) => [
      ...whole(program.metrics, memory.metrics.slice(part * program.metrics.length)),
      ...pieces(program.gradient, gradient),
    ]);
    let passed: LaneTensor[] = [];
    if (head) {
      const kernel = new HeadKernel(head);
      passed = whole(head.passed, kernel.passed);
      head.inputs.forEach(({ name, width }, i) => {
        const to = kernel.inputs[i];
        this.#narrow.push({ place: places.indexOf(name), to, from: to, width, steps: [1, rows] });
      });
      head.numbers.forEach(({ name }, i) =>
        this.#numbers.push({ place: places.indexOf(name), to: kernel.numbers[i] })
      );
      const data = (tensors: LaneTensor[], wanted: { name: string }[]) =>
        wanted.map(({ name }) => tensors.find((t) => t.name === name)!.data);
      this.#headCalls = parameters.map((set) => {
        const read = data(set, head.parameters);
        return results.map((result) => {
          const written = data(result, head.outputs);
          return () => kernel.run(read, written);
        });
      });
    }
    for (const { model, takes, gives } of program.stages) {
      const session = openLaneSession(model, options);
      const taken = new Set(takes), given = new Set(gives);
      const calls = session.prepare(
        parameters.map((set) => [...fixed, ...passed, ...set].filter((t) => taken.has(t.name))),
        later.filter((name) => taken.has(name)),
        results.map((part) => [...passed, ...part].filter((t) => given.has(t.name))),
      );
      this.#stages.push({ session, takes: taken, calls });
    }
  }

  /** The data that the next runs take rows of; `data` in the order of the program's specs. */
  from(indices: Int32Array, data: TypedData[]): void {
    this.#indices = indices;
    Object.entries(this.#program.specs).forEach(([name, s], i) => {
      if (isNarrow(s) || data[i] === this.#data[i]) return;
      const dtype: Dtype = s.dtype ?? "float32";
      const row = s.shape.slice(1);
      const tensor = isShared(s) ? { name, dtype, shape: s.shape, data: data[i] } : {
        name: dataInput(name),
        dtype,
        shape: [data[i].length / sizeOf(row), ...row],
        data: data[i],
      };
      for (const { session, takes } of this.#stages) {
        if (takes.has(tensor.name)) session.replace(tensor);
      }
    });
    for (const input of this.#narrow) input.from = data[input.place];
    this.#data = data;
  }

  /** Gradients and metrics of all parts, on the rows that the indices from `from` on name. */
  run(from: number, set: number): void {
    const [first, second] = this.#stages;
    const { parts } = this.#program;
    for (const { place, to } of this.#numbers) to[0] = this.#data[place][0] as number;
    for (let part = 0, at = from; part < parts; part++) {
      this.#rows.set(this.#indices.subarray(at, at += this.#rows.length));
      for (const input of this.#narrow) copyRows(input, this.#rows);
      first.calls[set][part]();
      if (!second) continue;
      this.#headCalls[set][part]();
      second.calls[set][part]();
    }
  }

  dispose(): void {
    for (const { session } of this.#stages) session.dispose();
  }
}

/** An input whose rows are taken here. */
interface NarrowInput {
  /** Its place among the inputs. */
  place: number;
  /** The lane's rows, all rows, and the elements of one. */
  to: TypedData;
  from: TypedData;
  width: number;
  /** How far rows lie apart in `to`, and elements of one. */
  steps: [row: number, element: number];
}

/** Rows of at most this many elements are copied here: ONNX Runtime takes some 10 ns for each row. */
const narrowWidth = 4;

/** Whether the rows of an input are taken before the graph runs, not in it. */
export const isNarrow = (spec: InputSpec): boolean =>
  !isShared(spec) && sizeOf(spec.shape.slice(1)) <= narrowWidth;

function copyRows(
  { to, from, width, steps: [row, element] }: NarrowInput,
  indices: Int32Array,
): void {
  const rows = indices.length;
  for (let column = 0; column < width; column++) {
    for (let i = 0, at = column * element; i < rows; i++, at += row) {
      to[at] = from[indices[i] * width + column];
    }
  }
}

/** Name of the graph's input that holds the rows which an input of the step is taken from. */
export const dataInput = (name: string): string => `data/${name}`;
