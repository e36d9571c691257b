/**
 * The loss of A2C and A3C.
 * @module
 */
import type { Tf, tf } from "../../models/tensorflow.ts";
import type { ActionHead } from "../action_head.ts";
import type { NetworkOutputs } from "../actor_critic.ts";

/** Rows that were acted on, and what came of them; all [n] but `drawn` [n, k] and `masks`. */
export interface A2cBatch {
  drawn: tf.Tensor;
  advantages: tf.Tensor;
  returns: tf.Tensor;
  masks?: tf.Tensor;
  /** What each row counts; they add up to 1. */
  weights: tf.Tensor;
}

export interface A2cLossConfig {
  /** A number, or a scalar that may differ from update to update. */
  entropyCoefficient: number | tf.Tensor;
  valueCoefficient: number;
}

/**
 * -log probability * advantage + valueCoefficient * squared error of the values -
 * entropyCoefficient * entropy, each a weighted mean over the rows, as Stable-Baselines3 has them. The
 * A3C paper adds the rows of a segment up instead, which is a learning rate that is as many times
 * larger.
 *
 * @see Mnih et al. 2016, arXiv:1602.01783, algorithm S3
 */
export function a2cLoss(
  tf: Tf,
  head: ActionHead,
  network: NetworkOutputs,
  batch: A2cBatch,
  config: A2cLossConfig,
): { loss: tf.Tensor; policyLoss: tf.Tensor; valueLoss: tf.Tensor; entropy: tf.Tensor } {
  const { outputs, values } = network;
  const { drawn, masks, weights } = batch;
  const mean = (rows: tf.Tensor) => tf.sum(tf.mul(rows, weights));
  const logProbability = head.logProbability(outputs, drawn, masks);
  const policyLoss = tf.neg(mean(tf.mul(logProbability, batch.advantages)));
  const valueLoss = mean(tf.square(tf.sub(batch.returns, values)));
  const entropy = mean(head.entropy(outputs, drawn, masks));
  const loss = tf.sub(
    tf.add(policyLoss, tf.mul(valueLoss, config.valueCoefficient)),
    tf.mul(entropy, config.entropyCoefficient),
  );
  return { loss, policyLoss, valueLoss, entropy };
}
