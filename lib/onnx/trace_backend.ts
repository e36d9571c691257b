/**
 * The tfjs backend that records: a tensor's data is a value of the graph under construction.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import { engine } from "./_engine.ts";
import { TraceError, UnsupportedOpError } from "./errors.ts";
import type { Dtype, TypedData } from "./graph/dtype.ts";
import { constantData, type Graph, type Value } from "./graph/graph.ts";
import { isRandomScope, recordRandom } from "./random_trace.ts";

/** Name under which the backend is registered. */
export const traceBackendName = "tapebook-trace";

/** What one trace is writing. */
export interface Recording {
  readonly graph: Graph;
  /** Values by data id. */
  readonly values: Map<object, Value>;
  /** Values that are made when first read: variables. */
  readonly lazy: Map<object, () => Value>;
  /** Names of the layers being called, outermost first. */
  readonly layers: string[];
  /** Scalar numbers that stand for a graph input: see tfjs optimizers. */
  readonly numberInputs: { probe: number; value: (g: Graph) => Value }[];
  /** The key of this step's random numbers; an input of the graph made when first needed. */
  randomKey(): Value;
  /** Random sites met so far; each draws its own stream. */
  randomSites: number;
  /** Calls of Math.random() that no random tensor has accounted for. */
  mathRandomCalls: number;
}

/** The element type of a graph value that holds a tfjs tensor. */
export function graphDtype(dtype: string): Dtype {
  if (dtype === "float32" || dtype === "int32" || dtype === "bool") return dtype;
  throw new UnsupportedOpError("write", currentOp(), "", `dtype "${dtype}" has no translation`);
}

/** The tfjs op that runs now, without its suffix. */
export function currentOp(): string {
  const scopes = engine().state.scopeStack;
  for (let i = scopes.length - 1; i >= 0; i--) {
    if (scopes[i].name.endsWith("__op")) return scopes[i].name.slice(0, -4);
  }
  return "";
}

/** Records kernels into the graph of the active recording. */
export class TraceBackend extends tf.KernelBackend {
  recording: Recording | null = null;

  /** The active recording. @throws {TraceError} Outside of a trace. */
  active(): Recording {
    if (!this.recording) {
      throw new TraceError(
        "Cannot use tensor: it was made inside a trace that has ended; return it from the traced function",
      );
    }
    return this.recording;
  }

  /** The value of a tensor; one of another backend becomes a constant. */
  graphValue(tensor: tf.TensorInfo): Value {
    const r = this.active();
    const known = r.values.get(tensor.dataId as object);
    if (known) return known;
    const make = r.lazy.get(tensor.dataId as object);
    if (make) {
      const value = make();
      r.values.set(tensor.dataId as object, value);
      return value;
    }
    const record = engine().state.tensorInfo.get(tensor.dataId as object);
    if (!record || record.backend === this) {
      throw new TraceError("Cannot read tensor: it was disposed or belongs to another trace");
    }
    const data = record.backend.readSync(tensor.dataId) as TypedData;
    // A copy: the owner may reuse its buffer.
    const value = r.graph.constant(data.slice() as TypedData, graphDtype(tensor.dtype), [
      ...tensor.shape,
    ]);
    r.values.set(tensor.dataId as object, value);
    return value;
  }

  /** A tensor that stands for `value`. int64 is not a tfjs type: cast before. */
  wrap(value: Value, shape: readonly number[] = value.shape): tf.TensorInfo {
    const dataId = {};
    this.active().values.set(dataId, value);
    return { dataId, shape: [...shape], dtype: value.dtype as tf.DataType };
  }

  override write(values: tf.BackendValues, shape: number[], dtype: tf.DataType): tf.DataId {
    const r = this.active();
    const dataId = {};
    r.values.set(dataId, this.#written(r, values, shape, dtype));
    return dataId;
  }

  #written(r: Recording, values: tf.BackendValues, shape: number[], dtype: tf.DataType): Value {
    const type = graphDtype(dtype);
    if (values === null || values === undefined) return r.graph.splat(0, type, shape);
    if (isRandomScope()) return recordRandom(r, values as Float32Array, shape, type);
    const numbers = values as ArrayLike<number>;
    if (numbers.length === 1 && type === "float32") {
      for (const { probe, value } of r.numberInputs) {
        if (Math.abs(numbers[0]) === probe) {
          const v = value(r.graph);
          return numbers[0] > 0 ? v : r.graph.emit("Neg", [v], [{ dtype: type, shape: [] }])[0];
        }
      }
    }
    const data = type === "float32"
      ? Float32Array.from(numbers)
      : type === "int32"
      ? Int32Array.from(numbers)
      : Uint8Array.from(numbers);
    return r.graph.constant(data, type, shape);
  }

  override readSync(dataId: tf.DataId): tf.BackendValues {
    const value = this.active().values.get(dataId as object);
    if (value?.constant) return constantData(value).slice() as tf.BackendValues;
    throw new TraceError(
      `Cannot read tensor values inside a trace${
        currentOp() ? ` (op "${currentOp()}")` : ""
      }: dataSync, arraySync, print and conditions on values need a number that only exists when the graph runs; use tf.where, or return the tensor`,
    );
  }

  override read(dataId: tf.DataId): Promise<tf.BackendValues> {
    return new Promise((resolve) => resolve(this.readSync(dataId)));
  }

  // Values live as long as their recording; nothing is freed one by one.
  override disposeData(): boolean {
    return false;
  }
  override numDataIds(): number {
    return this.recording?.values.size ?? 0;
  }
  override refCount(): number {
    return 1;
  }
  override incRef(): void {}
  override floatPrecision(): 16 | 32 {
    return 32;
  }
  override epsilon(): number {
    return 1e-7;
  }
  override memory(): { unreliable: boolean } {
    return { unreliable: true };
  }
  override timerAvailable(): boolean {
    return false;
  }
  override move(
    dataId: tf.DataId,
    values: tf.BackendValues,
    shape: number[],
    dtype: tf.DataType,
  ): void {
    this.active().values.set(dataId as object, this.#written(this.active(), values, shape, dtype));
  }
  override dispose(): void {}
}
