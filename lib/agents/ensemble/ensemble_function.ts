/**
 * An ensemble's answer as one function of tensors: acting, export and serving run the same.
 * @module
 */
import type { Tf, tf } from "../../models/tensorflow.ts";
import type { ActorCritic } from "../actor_critic.ts";
import type { Combination } from "./combination.ts";
import { combinationStateSize, normalWeights } from "./combination.ts";

/** What the function gives for n rows. */
export interface EnsembleOutputs {
  /** The mode: [n] choices, or [n, k] numbers within bounds. */
  action: tf.Tensor;
  /**
   * Logarithms of the probabilities of choices [n, choices]; for numbers [n, 2 k] means and logarithms
   * of deviations, of the normal distribution that has mean and variance of the members' mixture.
   */
  distribution: tf.Tensor2D;
  /** [n] */
  value: tf.Tensor1D;
  /** [n, members]: what each member counted. */
  weights: tf.Tensor2D;
  /** [n, state size]; absent without state. */
  next?: tf.Tensor2D;
}

/** Numbers of state per row: the combination's, then each member's own. */
export function ensembleStateSize(members: readonly ActorCritic[], c: Combination): number {
  return members.reduce(
    (sum, m) => sum + m.stateSize,
    combinationStateSize(c, members.length),
  );
}

/** Probability of a vote that only decides between equals. */
const tieBreak = 1e-3;
const leastProbability = 1e-20;

/** The answer of all members to `observation` [n, size] with `state` [n, state size], combined. */
export function ensembleFunction(
  tf: Tf,
  members: readonly ActorCritic[],
  c: Combination,
  observation: tf.Tensor2D,
  state?: tf.Tensor2D,
): EnsembleOutputs {
  const count = members.length;
  const [{ head }] = members;
  const isChoice = head.dtype === "int32";
  const own = combinationStateSize(c, count);
  const sizes = [own, ...members.map((m) => m.stateSize)];
  const parts = new Array<tf.Tensor2D | undefined>(sizes.length);
  const used = sizes.map((_, i) => i).filter((i) => sizes[i] > 0);
  const pieces = used.length > 1 ? tf.split(state!, used.map((i) => sizes[i]), 1) : [state!];
  used.forEach((i, k) => parts[i] = pieces[k] as tf.Tensor2D);

  const said = members.map((m, k) => m.apply(observation, parts[k + 1]));
  /** [n, members, width] of one [n, width] each. */
  const stacked = (each: tf.Tensor[]) => tf.stack(each, 1) as tf.Tensor3D;
  const modes = said.map(({ outputs }, k) => members[k].head.mode(outputs));
  const probabilities = isChoice ? stacked(said.map(({ outputs }) => tf.softmax(outputs))) : null;

  const numbers = isChoice ? null : stacked(modes.map((m) => tf.reshape(m, [-1, head.actionSize])));
  const { weights, next } = memberWeights(tf, c, count, observation, parts[0], () => {
    if (numbers) return tf.squeeze(numbers, [2]) as tf.Tensor2D;
    const levels = tf.tensor2d((c as { levels: number[] }).levels, [head.outputs, 1]);
    const held = modes.map((m) =>
      tf.matMul(
        tf.cast(tf.oneHot(m as tf.Tensor1D, head.outputs), "float32") as tf.Tensor2D,
        levels,
      )
    );
    return tf.concat(held, 1) as tf.Tensor2D;
  });
  const each = tf.expandDims(weights, 2);
  const weighted = (x: tf.Tensor): tf.Tensor2D => tf.sum(tf.mul(x, each), 1);
  /** What the weights lack to 1. */
  const rest = tf.sub(1, tf.sum(weights, 1, true));

  const value = tf.sum(
    tf.mul(tf.stack(said.map((s) => s.values), 1), weights),
    1,
  ) as tf.Tensor1D;
  const nexts = [next, ...said.map((s) => s.state)].filter((t) => t !== undefined);
  const joined = nexts.length > 0
    ? (nexts.length > 1 ? tf.concat(nexts, 1) : nexts[0]) as tf.Tensor2D
    : undefined;
  if (isChoice) {
    let mixed: tf.Tensor2D = weighted(probabilities!);
    if (c.kind === "vote") {
      const votes = stacked(
        modes.map((m) => tf.cast(tf.oneHot(m as tf.Tensor1D, head.outputs), "float32")),
      );
      mixed = tf.div(tf.add(weighted(votes), tf.mul(mixed, tieBreak)), 1 + tieBreak);
    }
    if (c.kind === "regime") {
      const flat = Float32Array.from({ length: head.outputs }, (_, i) => i === c.flat ? 1 : 0);
      mixed = tf.add(mixed, tf.mul(rest, tf.tensor2d(flat, [1, head.outputs])));
    }
    return {
      action: tf.argMax(mixed, 1),
      distribution: tf.log(tf.maximum(mixed, leastProbability)),
      value,
      weights,
      next: joined,
    };
  }
  const size = head.actionSize;
  const described = stacked(said.map(({ outputs }, k) => members[k].head.distribution(outputs)));
  const [, deviations] = tf.split(described, 2, 2);
  const mode = weighted(numbers!);
  // Around the modes as the environment takes them: of squashed members the spread is an approximation.
  const second = weighted(tf.add(tf.exp(tf.mul(deviations, 2)), tf.square(numbers!)));
  const variance = tf.maximum(tf.sub(second, tf.square(mode)), 1e-12);
  return {
    action: tf.reshape(mode, [-1, size]),
    distribution: tf.concat([mode, tf.mul(tf.log(variance), 0.5)], 1) as tf.Tensor2D,
    value,
    weights,
    next: joined,
  };
}

/** Weights [n, members] and, for rolling Sharpe ratios, the state that follows. */
function memberWeights(
  tf: Tf,
  c: Combination,
  count: number,
  observation: tf.Tensor2D,
  state: tf.Tensor2D | undefined,
  positions: () => tf.Tensor2D,
): { weights: tf.Tensor2D; next?: tf.Tensor2D } {
  /** [n, 1], without asking how many rows there are. */
  const column = (index: number): tf.Tensor2D => {
    const size = observation.shape[1];
    const pick = Float32Array.from({ length: size }, (_, i) => i === index ? 1 : 0);
    return tf.matMul(observation, tf.tensor2d(pick, [size, 1]));
  };
  const reading = (r: { index: number; scale: number; offset: number }): tf.Tensor2D =>
    tf.add(tf.mul(column(r.index), r.scale), r.offset);
  const zero = tf.mul(column(0), 0);
  const constant = (row: readonly number[]): tf.Tensor2D =>
    tf.add(zero, tf.tensor2d([...row], [1, count]));
  if (c.kind === "mean" || c.kind === "vote") {
    return { weights: constant(normalWeights(c.weights, count)) };
  }
  if (c.kind === "regime") {
    const level = reading(c.reading);
    // Row 0, and the difference to the next row for each threshold that lies below.
    let weights = constant(c.weights[0]);
    c.thresholds.forEach((threshold, i) => {
      const change = c.weights[i + 1].map((w, k) => w - c.weights[i][k]);
      const above = tf.cast(tf.greater(level, threshold), "float32");
      weights = tf.add(weights, tf.mul(above, tf.tensor2d(change, [1, count])));
    });
    return { weights };
  }
  const { windowBars } = c;
  const [window, before, seen] = tf.split(state!, [count * windowBars, count, 1], 1);
  const held = positions();
  const traded = tf.abs(tf.sub(held, before));
  const earned = tf.sub(
    tf.mul(before, reading(c.assetReturn)),
    tf.mul(traded, c.costBps / 1e4),
  );
  const old = tf.reshape(window, [-1, count, windowBars]);
  const [, kept] = tf.split(old, [1, windowBars - 1], 2);
  const returns = tf.concat([kept, tf.expandDims(earned, 2)], 2) as tf.Tensor3D;
  const mean = tf.mean(returns, 2, true);
  const spread = tf.sqrt(
    tf.div(tf.sum(tf.square(tf.sub(returns, mean)), 2), windowBars - 1),
  );
  // A member that stood aside has no spread and counts as a Sharpe ratio of 0.
  const annual = Math.sqrt(c.barsPerYear) / c.temperature;
  const sharpe = tf.mul(tf.div(tf.squeeze(mean, [2]), tf.add(spread, 1e-8)), annual);
  const bars = tf.add(seen, 1);
  const isFull = tf.cast(tf.greaterEqual(bars, windowBars), "float32");
  const weights = tf.add(
    tf.mul(isFull, tf.softmax(sharpe as tf.Tensor2D)),
    tf.mul(tf.sub(1, isFull), tf.tensor2d(normalWeights(c.weights, count), [1, count])),
  ) as tf.Tensor2D;
  const flat = tf.reshape(returns, [-1, count * windowBars]);
  return { weights, next: tf.concat([flat, held, bars], 1) as tf.Tensor2D };
}
