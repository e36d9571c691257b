/**
 * Writing operators straight into the graph of the running trace, with gradients written by hand.
 * @module
 */
import type * as tf from "@tensorflow/tfjs";
import { engine } from "../_engine.ts";
import { traceBackend } from "../_register.ts";
import type { Graph, Value } from "../graph/graph.ts";

/** What a hand-written operator returns: its outputs, and the gradients of its inputs. */
export interface Emitted {
  outputs: Value[];
  /** Gradient of each input that has one, given those of the outputs. Each is asked for at most once. */
  gradients(g: Graph, dys: Value[]): (() => Value)[];
}

interface GradientEngine {
  runKernelFunc(params: {
    inputs: Record<string, tf.Tensor>;
    forwardFunc: () => tf.Tensor[];
    backwardsFunc: (dys: tf.Tensor | tf.Tensor[]) => Record<string, () => tf.Tensor>;
  }): tf.Tensor[];
}

/** The tensor that stands for a value of the graph. */
export function tensorOf(value: Value): tf.Tensor {
  const b = traceBackend();
  return engine().makeTensorFromTensorInfo(b.wrap(value), b);
}

/** Whether a gradient will be asked for. */
export const recordsGradient = (): boolean => engine().state.gradientDepth > 0;

/** Emits an operator on tensors of the running trace. */
export function emitOperator(
  inputs: tf.Tensor[],
  emit: (g: Graph, values: Value[]) => Emitted,
): tf.Tensor[] {
  const b = traceBackend();
  const graph = b.active().graph;
  graph.origin = b.active().layers.join("/");
  let emitted: Emitted;
  return (engine() as unknown as GradientEngine).runKernelFunc({
    inputs: Object.fromEntries(inputs.map((t, i) => [i, t])),
    forwardFunc: () => {
      emitted = emit(graph, inputs.map((t) => b.graphValue(t)));
      return emitted.outputs.map(tensorOf);
    },
    backwardsFunc: (dys) => {
      const list = (Array.isArray(dys) ? dys : [dys]).map((t) => b.graphValue(t));
      const gradients = emitted.gradients(graph, list);
      return Object.fromEntries(gradients.map((f, i) => [i, () => tensorOf(f())]));
    },
  });
}

/** `make()` at the first call, the same value after. */
export function once<T>(make: () => T): () => T {
  let made: { value: T } | null = null;
  return () => (made ??= { value: make() }).value;
}
