/**
 * The fields of tfjs's engine that a trace swaps and puts back. They are not part of its public
 * types; this is the one place that names them (tfjs-core 4.22.0).
 * @module
 */
import * as tf from "@tensorflow/tfjs";

export interface TensorRecord {
  backend: tf.KernelBackend;
  dtype: tf.DataType;
  shape: number[];
  bytes: number;
}

export interface EngineState {
  registeredVariables: Record<string, tf.Variable>;
  tensorInfo: WeakMap<object, TensorRecord>;
  scopeStack: { name: string }[];
  gradientDepth: number;
  kernelDepth: number;
  activeTape: unknown;
  numBytes: number;
  numTensors: number;
  numDataBuffers: number;
}

export interface Engine {
  backendName: string | undefined;
  backendInstance: tf.KernelBackend | null | undefined;
  readonly backend: tf.KernelBackend;
  state: EngineState;
  findBackend(name: string): tf.KernelBackend | null;
  makeVariable(
    initial: tf.Tensor,
    trainable?: boolean,
    name?: string,
    dtype?: tf.DataType,
  ): tf.Variable;
  runKernel(name: string, inputs: Record<string, tf.Tensor>, attrs?: object): tf.Tensor;
  makeTensorFromTensorInfo(info: tf.TensorInfo, backend?: tf.KernelBackend): tf.Tensor;
}

/** The process's engine. */
export const engine = (): Engine => tf.engine() as unknown as Engine;

/** A variable whose data id may be replaced. */
export interface MutableVariable {
  name: string;
  shape: number[];
  dtype: tf.DataType;
  dataId: object;
}
