/**
 * PPO's loss of a minibatch.
 * @module
 */
import type { tf } from "../models/tensorflow.ts";
import type { ActorCritic } from "./actor_critic.ts";
import type { ResolvedPpoConfig } from "./ppo_config.ts";

/** A minibatch: observations [n, size], all else [n]. */
export interface PpoBatch {
  observations: tf.Tensor;
  /** int32 */
  actions: tf.Tensor;
  oldLogProbabilities: tf.Tensor;
  oldValues: tf.Tensor;
  advantages: tf.Tensor;
  returns: tf.Tensor;
}

type LossConfig = Pick<
  ResolvedPpoConfig,
  "clipRange" | "valueClipRange" | "normalizeAdvantage" | "entropyCoefficient" | "valueCoefficient"
>;

/**
 * Clipped surrogate + valueCoefficient * squared error of the values - entropyCoefficient * entropy,
 * each a mean over the batch, as Stable-Baselines3 has them, with what is watched in training.
 *
 * `approxKl` is mean((ratio - 1) - log ratio) (Schulman's estimator), `clipFraction` the share of
 * rows whose ratio left the clip range.
 *
 * @see Schulman et al. 2017, arXiv:1707.06347, eq. 9
 */
export function ppoLoss(
  network: ActorCritic,
  batch: PpoBatch,
  config: LossConfig,
): { loss: tf.Tensor } & Record<string, tf.Tensor> {
  const { tf } = network;
  const { clipRange, valueClipRange } = config;
  const { logits, values } = network.apply(batch.observations);
  const logProbabilities = tf.logSoftmax(logits);
  const chosen = tf.oneHot(batch.actions as tf.Tensor1D, network.config.actions);
  const logProbability = tf.sum(tf.mul(logProbabilities, chosen), 1);
  const logRatio = tf.sub(logProbability, batch.oldLogProbabilities);
  const ratio = tf.exp(logRatio);

  let { advantages } = batch;
  if (config.normalizeAdvantage) {
    const centred = tf.sub(advantages, tf.mean(advantages));
    // Sample deviation (ddof 1), as torch.std.
    const spread = tf.sqrt(tf.div(tf.sum(tf.square(centred)), advantages.size - 1));
    advantages = tf.div(centred, tf.add(spread, 1e-8));
  }
  const clipped = tf.clipByValue(ratio, 1 - clipRange, 1 + clipRange);
  const policyLoss = tf.neg(
    tf.mean(tf.minimum(tf.mul(advantages, ratio), tf.mul(advantages, clipped))),
  );
  const predicted = valueClipRange === null ? values : tf.add(
    batch.oldValues,
    tf.clipByValue(tf.sub(values, batch.oldValues), -valueClipRange, valueClipRange),
  );
  const valueLoss = tf.mean(tf.square(tf.sub(batch.returns, predicted)));
  const entropy = tf.neg(
    tf.mean(tf.sum(tf.mul(tf.exp(logProbabilities), logProbabilities), 1)),
  );
  const loss = tf.sub(
    tf.add(policyLoss, tf.mul(valueLoss, config.valueCoefficient)),
    tf.mul(entropy, config.entropyCoefficient),
  );
  const approxKl = tf.mean(tf.sub(tf.sub(ratio, 1), logRatio));
  const outside = tf.greater(tf.abs(tf.sub(ratio, 1)), clipRange);
  const clipFraction = tf.mean(tf.cast(outside, "float32"));
  return { loss, policyLoss, valueLoss, entropy, approxKl, clipFraction };
}
