/**
 * The parts of a Transformer as functions of tensors: attention, layer normalisation, positions.
 * @module
 */
import type { Tf, tf } from "./tensorflow.ts";

/**
 * Multi-head scaled dot-product self-attention over x [n, tokens, width].
 *
 * @param kernel [width, 3 width]: query, key and value side by side.
 * @param mask Added to the scores, [1, tokens, tokens]; null lets every token see every other.
 * @param onWeights Is handed the attention weights, [n * heads, tokens, tokens].
 * @see Vaswani et al. 2017, arXiv:1706.03762, section 3.2
 */
export function selfAttention(
  tf: Tf,
  x: tf.Tensor,
  heads: number,
  kernel: tf.Tensor2D,
  bias: tf.Tensor,
  outKernel: tf.Tensor2D,
  outBias: tf.Tensor,
  mask: tf.Tensor | null,
  onWeights?: (weights: tf.Tensor) => void,
): tf.Tensor {
  const [n, tokens, width] = x.shape;
  const size = width / heads;
  const rows = tf.reshape(x, [n * tokens, width]);
  const biases = tf.split(bias, 3);
  // Splitting the weights costs less than splitting the projections.
  const [q, k, v] = tf.split(kernel, 3, 1).map((part, i) => {
    const projected = tf.add(tf.matMul(rows, part), biases[i]);
    const apart = tf.transpose(tf.reshape(projected, [n, tokens, heads, size]), [0, 2, 1, 3]);
    return tf.reshape(apart, [n * heads, tokens, size]);
  });
  let scores = tf.mul(tf.matMul(q, k, false, true), 1 / Math.sqrt(size));
  if (mask) scores = tf.add(scores, mask);
  const weights = tf.softmax(scores);
  onWeights?.(weights);
  const mixed = tf.transpose(
    tf.reshape(tf.matMul(weights, v), [n, heads, tokens, size]),
    [0, 2, 1, 3],
  );
  const out = tf.add(tf.matMul(tf.reshape(mixed, [n * tokens, width]), outKernel), outBias);
  return tf.reshape(out, [n, tokens, width]);
}

/**
 * Layer normalisation over the last axis, its gradient written out: a third of the operations that
 * differentiating mean and variance takes.
 *
 * @see Ba et al. 2016, arXiv:1607.06450
 */
export function layerNormalisation(
  tf: Tf,
  x: tf.Tensor,
  gamma: tf.Tensor,
  beta: tf.Tensor,
  epsilon = 1e-5,
): tf.Tensor {
  const normalise = tf.customGrad((...args) => {
    const x = args[0] as tf.Tensor;
    const save = args[1] as unknown as tf.GradSaveFunc;
    const centred = tf.sub(x, tf.mean(x, -1, true));
    const inverse = tf.rsqrt(tf.add(tf.mean(tf.square(centred), -1, true), epsilon));
    const value = tf.mul(centred, inverse);
    save([value, inverse]);
    return {
      value,
      gradFunc: (dy: tf.Tensor, saved: tf.Tensor[]) => {
        const [value, inverse] = saved;
        const along = tf.mul(value, tf.mean(tf.mul(dy, value), -1, true));
        return tf.mul(inverse, tf.sub(tf.sub(dy, tf.mean(dy, -1, true)), along));
      },
    };
  });
  return tf.add(tf.mul(normalise(x), gamma), beta);
}

/** Sinusoidal positions, row-major [time, width]: sines in even columns, cosines in odd ones. */
export function sinusoidalPositions(time: number, width: number): Float32Array {
  const out = new Float32Array(time * width);
  for (let t = 0; t < time; t++) {
    for (let j = 0; j < width; j++) {
      const angle = t / 10000 ** (2 * Math.floor(j / 2) / width);
      out[t * width + j] = j % 2 === 0 ? Math.sin(angle) : Math.cos(angle);
    }
  }
  return out;
}

/**
 * A mask of 0 and -1e9, row-major [tokens, tokens], tokens being `groups` runs of `time` bars: a
 * token sees those of its own bar and of earlier ones.
 */
export function causalMask(time: number, groups: number): Float32Array {
  const tokens = time * groups;
  const out = new Float32Array(tokens * tokens);
  for (let i = 0; i < tokens; i++) {
    for (let j = 0; j < tokens; j++) if (j % time > i % time) out[i * tokens + j] = -1e9;
  }
  return out;
}
