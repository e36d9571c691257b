/**
 * Numbers in a box: a diagonal Gaussian whose standard deviation does not depend on the state.
 * @module
 */
import type { Tf, tf } from "../models/tensorflow.ts";
import type { ActionHead, HeadConfig } from "./action_head.ts";
import { type BoxSpace, spaceSize } from "./environment.ts";

const halfLog2Pi = Math.log(2 * Math.PI) / 2;

/**
 * Draws u ~ N(mean, exp(logStd)^2). Without squashing the environment gets u clipped to the bounds,
 * as in Stable-Baselines3; with it low + (tanh(u) + 1) / 2 (high - low), whose density takes the
 * change of variables into account. Entropy without squashing: sum of logStd + ln(2 pi e) / 2.
 */
export function gaussianHead(tf: Tf, space: BoxSpace, config: HeadConfig): ActionHead {
  const { squash = false, initialLogStd = 0 } = config;
  const size = spaceSize(space);
  const { low, high } = space;
  if (squash && ![...low, ...high].every(Number.isFinite)) {
    throw new RangeError(
      `Cannot make policy: squash must be false without finite bounds, got bounds [${low}] to [${high}]`,
    );
  }
  const logStd = tf.variable(tf.fill([size], initialLogStd));
  const half = Float64Array.from(low, (l, k) => (high[k] - l) / 2);
  let logOfHalf = 0;
  for (const h of half) logOfHalf += Math.log(h);
  const finite = [...low].some(Number.isFinite) || [...high].some(Number.isFinite);
  const toBounds = (u: number, k: number): number =>
    squash
      ? Math.min(high[k], Math.max(low[k], low[k] + (Math.tanh(u) + 1) * half[k]))
      : Math.min(high[k], Math.max(low[k], u));

  /** The draw that gives the action at this share of the way from low to high. */
  const fromShare = (share: number, k: number): number =>
    squash ? Math.atanh((2 * share - 1) * (1 - 1e-6)) : low[k] + 2 * share * half[k];

  const density = (means: tf.Tensor, drawn: tf.Tensor): tf.Tensor1D => {
    const standard = tf.div(tf.sub(drawn, means), tf.exp(logStd));
    const terms = tf.add(tf.mul(tf.square(standard), 0.5), tf.add(logStd, halfLog2Pi));
    return tf.neg(tf.sum(terms, 1)) as tf.Tensor1D;
  };
  // ln(1 - tanh(u)^2) = 2 (ln 2 - u - softplus(-2u)), which does not run out of digits.
  const correction = (drawn: tf.Tensor): tf.Tensor =>
    tf.add(
      tf.sum(tf.mul(tf.sub(tf.sub(Math.LN2, drawn), tf.softplus(tf.mul(drawn, -2))), 2), 1),
      logOfHalf,
    );

  return {
    space,
    outputs: size,
    actionSize: size,
    maskSize: 0,
    dtype: "float32",
    variables: [logStd],
    act(outputs, rows, { deterministic = false, rng, epsilon = 0, noise }, out) {
      const spread = logStd.dataSync() as Float32Array;
      const { actions, drawn, logProbabilities } = out;
      for (let i = 0; i < rows; i++) {
        let logProbability = 0;
        for (let k = 0; k < size; k++) {
          const at = i * size + k;
          let u = outputs[at];
          if (epsilon > 0 && rng!.uniform() < epsilon) u = fromShare(rng!.uniform(), k);
          else if (!deterministic) u += Math.exp(spread[k]) * rng!.normal();
          if (noise) u += noise[at];
          drawn[at] = u;
          // Of the number as it was rounded into the array: that is what the loss will see.
          const x = drawn[at];
          const standard = (x - outputs[at]) / Math.exp(spread[k]);
          logProbability -= standard * standard / 2 + spread[k] + halfLog2Pi;
          actions[at] = toBounds(x, k);
          if (squash) {
            const softplus = Math.max(-2 * x, 0) + Math.log1p(Math.exp(-Math.abs(2 * x)));
            logProbability -= 2 * (Math.LN2 - x - softplus) + Math.log(half[k]);
          }
        }
        logProbabilities[i] = logProbability;
      }
    },
    logProbability(outputs, drawn) {
      const plain = density(outputs, drawn);
      return squash ? tf.sub(plain, correction(drawn)) as tf.Tensor1D : plain;
    },
    entropy(outputs, drawn) {
      if (squash) return tf.sub(correction(drawn), density(outputs, drawn)) as tf.Tensor1D;
      const each = tf.sum(tf.add(logStd, halfLog2Pi + 0.5));
      return tf.add(tf.mul(tf.sum(outputs, 1), 0), each) as tf.Tensor1D;
    },
    mode(outputs) {
      if (squash) {
        return tf.add(
          tf.mul(tf.add(tf.tanh(outputs), 1), tf.tensor1d([...half])),
          tf.tensor1d(low),
        );
      }
      if (!finite) return outputs;
      const bound = (values: Float32Array) =>
        tf.tensor1d(values.map((v) => Math.max(-3.4e38, Math.min(3.4e38, v))));
      return tf.minimum(tf.maximum(outputs, bound(low)), bound(high));
    },
    distribution(outputs) {
      return tf.concat([outputs, tf.add(tf.mul(outputs, 0), logStd)], 1) as tf.Tensor2D;
    },
  };
}
