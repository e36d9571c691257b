/**
 * PPO's loss of a minibatch.
 * @module
 */
import type { tf } from "../models/tensorflow.ts";
import type { ActorCritic } from "./actor_critic.ts";
import type { ResolvedPpoConfig } from "./ppo_config.ts";

/**
 * A minibatch of n rows: observations [n, size], all else [n] or [n, width]. Of a recurrent network
 * sequences instead, [n, steps, …], with `starts` [n, steps] and the `state` before each.
 */
export interface PpoBatch {
  observations: tf.Tensor;
  /** Actions as they were drawn: int32 choices, or numbers. */
  drawn: tf.Tensor;
  masks?: tf.Tensor;
  oldLogProbabilities: tf.Tensor;
  oldValues: tf.Tensor;
  advantages: tf.Tensor;
  returns: tf.Tensor;
  starts?: tf.Tensor;
  state?: tf.Tensor;
  /** Scalars that stand for the configuration's, where those change over the training. */
  clipRange?: tf.Tensor;
  entropyCoefficient?: tf.Tensor;
}

/** What the loss needs of the configuration. */
export type PpoLossConfig =
  & Pick<ResolvedPpoConfig, "valueClipRange" | "normalizeAdvantage" | "valueCoefficient">
  & { clipRange: number; entropyCoefficient: number };

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
  config: PpoLossConfig,
): { loss: tf.Tensor } & Record<string, tf.Tensor> {
  const { tf, head } = network;
  const { valueClipRange } = config;
  const clipRange = batch.clipRange ?? config.clipRange;
  const entropyCoefficient = batch.entropyCoefficient ?? config.entropyCoefficient;
  const { outputs, values } = batch.state
    ? network.applySequences(batch.observations, batch.starts!, batch.state)
    : network.apply(batch.observations);
  const rows = values.size;
  const flat = (x: tf.Tensor): tf.Tensor => x.size === rows ? tf.reshape(x, [rows]) : x;
  const wide = (x: tf.Tensor): tf.Tensor => tf.reshape(x, [rows, -1]);
  const isChoice = head.actionSize === 1 && head.dtype === "int32";
  const drawn = isChoice ? flat(batch.drawn) : wide(batch.drawn);
  const masks = batch.masks && wide(batch.masks);
  const oldValues = flat(batch.oldValues);

  const logProbability = head.logProbability(outputs, drawn, masks);
  const logRatio = tf.sub(logProbability, flat(batch.oldLogProbabilities));
  const ratio = tf.exp(logRatio);
  let advantages = flat(batch.advantages);
  // One row has no spread.
  if (config.normalizeAdvantage && rows > 1) {
    const centred = tf.sub(advantages, tf.mean(advantages));
    // Sample deviation (ddof 1), as torch.std.
    const spread = tf.sqrt(tf.div(tf.sum(tf.square(centred)), rows - 1));
    advantages = tf.div(centred, tf.add(spread, 1e-8));
  }
  const clipped = typeof clipRange === "number"
    ? tf.clipByValue(ratio, 1 - clipRange, 1 + clipRange)
    : tf.minimum(tf.maximum(ratio, tf.sub(1, clipRange)), tf.add(1, clipRange));
  const policyLoss = tf.neg(
    tf.mean(tf.minimum(tf.mul(advantages, ratio), tf.mul(advantages, clipped))),
  );
  const predicted = valueClipRange === null ? values : tf.add(
    oldValues,
    tf.clipByValue(tf.sub(values, oldValues), -valueClipRange, valueClipRange),
  );
  const valueLoss = tf.mean(tf.square(tf.sub(flat(batch.returns), predicted)));
  const entropy = tf.mean(head.entropy(outputs, drawn, masks));
  const loss = tf.sub(
    tf.add(policyLoss, tf.mul(valueLoss, config.valueCoefficient)),
    tf.mul(entropy, entropyCoefficient),
  );
  const approxKl = tf.mean(tf.sub(tf.sub(ratio, 1), logRatio));
  const outside = tf.greater(tf.abs(tf.sub(ratio, 1)), clipRange);
  const clipFraction = tf.mean(tf.cast(outside, "float32"));
  return { loss, policyLoss, valueLoss, entropy, approxKl, clipFraction };
}
