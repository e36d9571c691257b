/**
 * Choices: one categorical distribution, or several independent ones, with masks.
 * @module
 */
import type { Tf, tf } from "../models/tensorflow.ts";
import type { ActionHead } from "./action_head.ts";
import { type DiscreteSpace, maskSize, type MultiDiscreteSpace } from "./environment.ts";

/** What is added to a logit that is masked, as sb3-contrib has it: its probability becomes 0. */
const masked = -1e8;

export function categoricalHead(tf: Tf, space: DiscreteSpace | MultiDiscreteSpace): ActionHead {
  const sizes = space.kind === "discrete" ? [space.n] : space.choices;
  const total = maskSize(space), parts = sizes.length;
  const allowed = (outputs: tf.Tensor, masks?: tf.Tensor): tf.Tensor =>
    masks ? tf.add(outputs, tf.mul(tf.sub(1, tf.cast(masks, "float32")), masked)) : outputs;
  const groups = (outputs: tf.Tensor, masks?: tf.Tensor): tf.Tensor2D[] => {
    const logits = allowed(outputs, masks);
    return (parts === 1 ? [logits] : tf.split(logits, [...sizes], 1)) as tf.Tensor2D[];
  };
  const sumOf = (terms: tf.Tensor[]): tf.Tensor1D =>
    terms.reduce((a, b) => tf.add(a, b)) as tf.Tensor1D;
  return {
    space,
    outputs: total,
    actionSize: parts,
    maskSize: total,
    dtype: "int32",
    variables: [],
    act(outputs, rows, { deterministic = false, rng, masks, epsilon = 0 }, out) {
      const { actions, logProbabilities } = out;
      for (let i = 0; i < rows; i++) {
        let at = i * total, logProbability = 0;
        for (let part = 0; part < parts; part++) {
          const n = sizes[part];
          let best = -1, allowed = 0;
          for (let k = 0; k < n; k++) {
            if (masks && masks[at + k] === 0) continue;
            allowed++;
            if (best < 0 || outputs[at + k] > outputs[at + best]) best = k;
          }
          if (best < 0) {
            throw new RangeError(
              `Cannot act: masks must allow a choice, got none in row ${i}`,
            );
          }
          const top = outputs[at + best];
          let sum = 0;
          for (let k = 0; k < n; k++) {
            if (!masks || masks[at + k] !== 0) sum += Math.exp(outputs[at + k] - top);
          }
          let action = best;
          if (epsilon > 0 && rng!.uniform() < epsilon) {
            let left = rng!.integer(allowed);
            for (let k = 0; k < n; k++) {
              if (masks && masks[at + k] === 0) continue;
              action = k;
              if (left-- === 0) break;
            }
          } else if (!deterministic) {
            // The last choice with any probability takes what rounding leaves over.
            let left = rng!.uniform() * sum;
            for (let k = 0; k < n; k++) {
              if (masks && masks[at + k] === 0) continue;
              const weight = Math.exp(outputs[at + k] - top);
              if (weight > 0) action = k;
              left -= weight;
              if (left < 0) break;
            }
          }
          actions[i * parts + part] = action;
          logProbability += outputs[at + action] - top - Math.log(sum);
          at += n;
        }
        logProbabilities[i] = logProbability;
      }
      if (out.drawn !== actions) (out.drawn as Int32Array).set(actions);
    },
    logProbability(outputs, drawn, masks) {
      const chosen = parts === 1 ? [drawn] : tf.split(drawn, parts, 1);
      return sumOf(
        groups(outputs, masks).map((logits, k) => {
          const choice = tf.reshape(chosen[k], [-1]) as tf.Tensor1D;
          return tf.sum(tf.mul(tf.logSoftmax(logits), tf.oneHot(choice, sizes[k])), 1);
        }),
      );
    },
    entropy(outputs, _drawn, masks) {
      return sumOf(
        groups(outputs, masks).map((logits) => {
          const logs = tf.logSoftmax(logits);
          return tf.neg(tf.sum(tf.mul(tf.exp(logs), logs), 1));
        }),
      );
    },
    mode(outputs, masks) {
      const modes = groups(outputs, masks).map((logits) => tf.argMax(logits, 1));
      return parts === 1 ? modes[0] : tf.stack(modes, 1);
    },
    distribution: (outputs, masks) => allowed(outputs, masks) as tf.Tensor2D,
  };
}
