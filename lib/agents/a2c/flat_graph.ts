/**
 * Functions of a network's parameters as ONNX graphs that take all parameters as one flat input.
 *
 * Whoever runs such a graph needs neither TensorFlow.js nor the network: a worker gets the bytes and a
 * Float32Array.
 * @module
 */
import type { TensorSpec } from "../../onnx/mod.ts";
import type { tf } from "../../models/tensorflow.ts";

/** Inputs by name; the parameters are another input, `parameters`. */
export type FlatInputs = Record<string, TensorSpec>;

/** Number of elements of all variables. */
export function countParameters(variables: readonly tf.Variable[]): number {
  return variables.reduce((sum, v) => sum + v.size, 0);
}

/** Writes the elements of all variables end to end into `into`, and returns it. */
export function packParameters<T extends Float32Array>(
  variables: readonly tf.Variable[],
  into: T,
): T {
  let at = 0;
  for (const v of variables) {
    into.set(v.dataSync() as Float32Array, at);
    at += v.size;
  }
  return into;
}

/** Assigns the variables what {@linkcode packParameters} wrote. */
export function unpackParameters(
  tf: typeof import("@tensorflow/tfjs"),
  variables: readonly tf.Variable[],
  from: Float32Array,
): void {
  let at = 0;
  for (const v of variables) {
    // A copy: tfjs keeps the array, and `from` may be shared memory.
    const data = from.slice(at, at += v.size);
    tf.tidy(() => v.assign(tf.tensor(data, v.shape)));
  }
}

/**
 * ONNX bytes of `fn`, in which each of `variables` is its part of the input `parameters` [P].
 * `fn` gets that input and the others by name; what it returns by name are the outputs.
 *
 * @throws {UnsupportedOpError} If it uses a kernel that has no translation.
 */
export async function encodeFlatFunction(
  variables: readonly tf.Variable[],
  inputs: FlatInputs,
  fn: (parameters: tf.Tensor1D, inputs: Record<string, tf.Tensor>) => Record<string, tf.Tensor>,
): Promise<Uint8Array> {
  const { trace } = await import("../../onnx/trace.ts");
  const { Graph } = await import("../../onnx/graph/graph.ts");
  const { encodeModel } = await import("../../onnx/graph/model_proto.ts");
  const { reshape, split } = await import("../../onnx/builder/mod.ts");
  const graph = new Graph();
  const names = Object.keys(inputs);
  const sizes = variables.map((v) => v.size);
  let pieces: ReturnType<typeof split> | null = null;
  trace(
    (parameters, ...rest) =>
      fn(
        parameters as tf.Tensor1D,
        Object.fromEntries(names.map((name, i) => [name, rest[i]])),
      ),
    [
      { name: "parameters", shape: [countParameters(variables)] },
      ...names.map((name) => ({ ...inputs[name], name })),
    ],
    {
      graph,
      bind(variable) {
        const i = variables.indexOf(variable);
        if (i < 0) return undefined;
        pieces ??= split(graph, graph.inputs[0], sizes, 0);
        return reshape(graph, pieces[i], variable.shape);
      },
    },
  );
  return encodeModel(graph);
}

/** All gradients end to end [P], scaled so that their norm is at most `maxNorm`, as PyTorch does it. */
export function flatGradient(
  tf: typeof import("@tensorflow/tfjs"),
  variables: readonly tf.Variable[],
  gradients: Record<string, tf.Tensor>,
  maxNorm: number,
): tf.Tensor1D {
  const flat = tf.concat(
    variables.map((v) => tf.reshape(gradients[v.name] ?? tf.zerosLike(v), [-1])),
  ) as tf.Tensor1D;
  const norm = tf.sqrt(tf.sum(tf.square(flat)));
  return tf.mul(flat, tf.minimum(tf.div(maxNorm, tf.add(norm, 1e-6)), 1));
}
