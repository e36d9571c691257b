/**
 * Convolution over time that trains on every backend.
 * @module
 */
import type { Tf, tf } from "./tensorflow.ts";

export interface ConvolutionOptions {
  filters: number;
  kernel: number;
  dilation: number;
  causal: boolean;
  name: string;
}

/**
 * A `conv1d` layer, stride 1, output as long as its input.
 *
 * The `wasm` backend lacks convolution's gradient and `cpu` computes it in plain loops, so there the
 * layer is computed as one matrix product over shifted copies of its input (im2col); so is a dilated
 * one anywhere, since TensorFlow.js has no gradient for it. Weights, name
 * and serialised form are those of TensorFlow.js's own layer; a causal one is padded here.
 */
export function temporalConvolution(
  tf: Tf,
  x: tf.SymbolicTensor,
  { filters, kernel, dilation, causal, name }: ConvolutionOptions,
): tf.SymbolicTensor {
  const layer = tf.layers.conv1d({
    filters,
    kernelSize: kernel,
    dilationRate: dilation,
    padding: causal ? "causal" : "same",
    kernelInitializer: "zeros",
    name,
  });
  // TensorFlow.js knows "causal" by name only: it neither computes it nor gets its length right.
  layer.computeOutputShape = (shape) => {
    const [n, time] = (Array.isArray(shape[0]) ? shape[0] : shape) as number[];
    return [n, time, filters];
  };
  layer.call = (inputs) => {
    const value = (Array.isArray(inputs) ? inputs[0] : inputs) as tf.Tensor3D;
    const [weights, bias] = layer.weights.map((w) => w.read()) as [tf.Tensor3D, tf.Tensor1D];
    const backend = tf.getBackend();
    if (backend === "wasm" || backend === "cpu" || dilation > 1) {
      return convolveByProduct(tf, value, weights, bias, { dilation, causal });
    }
    const padded = causal
      ? tf.pad(value, [[0, 0], [(kernel - 1) * dilation, 0], [0, 0]]) as tf.Tensor3D
      : value;
    const mode = causal ? "valid" : "same";
    return tf.add(tf.conv1d(padded, weights, 1, mode, "NWC", dilation), bias);
  };
  return layer.apply(x) as tf.SymbolicTensor;
}

/** Convolution of x [n, time, in] with kernel [width, in, out] as one matrix product. */
export function convolveByProduct(
  tf: Tf,
  x: tf.Tensor3D,
  kernel: tf.Tensor3D,
  bias: tf.Tensor1D,
  { dilation, causal }: { dilation: number; causal: boolean },
): tf.Tensor3D {
  const [n, time, channels] = x.shape;
  const [width, , filters] = kernel.shape;
  const reach = (width - 1) * dilation;
  const before = causal ? reach : Math.floor(reach / 2);
  const padded = reach === 0 ? x : tf.pad(x, [[0, 0], [before, reach - before], [0, 0]]);
  const shifted: tf.Tensor3D[] = [];
  for (let k = 0; k < width; k++) {
    shifted.push(
      width === 1
        ? padded
        : tf.slice(padded, [0, k * dilation, 0], [n, time, channels]) as tf.Tensor3D,
    );
  }
  const columns = width === 1 ? shifted[0] : tf.concat(shifted, 2);
  const product = tf.matMul(
    tf.reshape(columns, [n * time, width * channels]),
    tf.reshape(kernel, [width * channels, filters]),
  );
  return tf.reshape(tf.add(product, bias), [n, time, filters]);
}
