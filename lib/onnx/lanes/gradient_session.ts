/**
 * Loss and gradient of a lane's rows in ONNX Runtime: the same code on every thread.
 * @module
 */
import type { TypedData } from "../graph/dtype.ts";
import {
  createSessionSync,
  type OrtFeeds,
  ortZeros,
  type Session,
  type SessionOptions,
} from "../runtime.ts";
import type { Port } from "../step_runner.ts";
import type { GradientProgram } from "./lane_protocol.ts";

/** A session with the buffers that it reads and writes. */
export class GradientSession {
  readonly inputs: Record<string, TypedData>;
  readonly parameters: Float32Array;
  readonly frozen: Record<string, TypedData>;
  readonly gradient: Float32Array;
  /** First element of each metric. */
  readonly metrics: Float64Array;
  readonly #session: Session;
  readonly #feeds: OrtFeeds = {};
  readonly #fetches: OrtFeeds = {};
  readonly #metricData: TypedData[];

  constructor(program: GradientProgram, options: SessionOptions) {
    this.#session = createSessionSync(program.model, options);
    const buffers = (ports: Port[], tensors: OrtFeeds) =>
      Object.fromEntries(ports.map((p) => {
        const tensor = tensors[p.name] = ortZeros(p.dtype, p.shape);
        return [p.name, tensor.data as TypedData];
      }));
    this.inputs = buffers(program.inputs, this.#feeds);
    this.frozen = buffers(program.frozen, this.#feeds);
    const { parameters, gradient, metrics } = program;
    this.parameters = buffers([parameters], this.#feeds)[parameters.name] as Float32Array;
    this.gradient = buffers([gradient], this.#fetches)[gradient.name] as Float32Array;
    const values = buffers(metrics, this.#fetches);
    this.#metricData = metrics.map((m) => values[m.name]);
    this.metrics = new Float64Array(metrics.length);
  }

  /** Computes `gradient` and `metrics` from the other buffers. */
  run(): void {
    this.#session.run(this.#feeds, this.#fetches);
    this.#metricData.forEach((data, i) => this.metrics[i] = Number(data[0]));
  }

  dispose(): void {
    this.#session.dispose();
  }
}

/** Copies elements by name. */
export function copyAll(
  from: Record<string, TypedData>,
  into: Record<string, TypedData>,
): void {
  for (const name of Object.keys(into)) {
    (into[name] as Float32Array).set(from[name] as Float32Array);
  }
}
