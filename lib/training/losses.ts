/**
 * Losses over logits, one per head, each a weighted mean over the batch.
 * @module
 */
import { z } from "zod";
import { type Head, headTargets, headUnits, parseConfig } from "../models/mod.ts";
import type { Tf } from "../models/mod.ts";
import type * as tfTypes from "@tensorflow/tfjs";

type Tensor = tfTypes.Tensor;

export const lossSchema = z.discriminatedUnion("kind", [
  /** Softmax (or sigmoid, for a binary head) cross-entropy; `labelSmoothing` mixes in the uniform. */
  z.strictObject({
    kind: z.literal("crossEntropy"),
    labelSmoothing: z.number().min(0).max(0.5).default(0),
  }),
  /** Cross-entropy scaled by (1 - p)^gamma: easy samples count less (Lin et al. 2017). */
  z.strictObject({ kind: z.literal("focal"), gamma: z.number().min(0).default(2) }),
  z.strictObject({ kind: z.literal("mse") }),
  z.strictObject({ kind: z.literal("mae") }),
  /** Quadratic within `delta` of the target, linear beyond. */
  z.strictObject({ kind: z.literal("huber"), delta: z.number().positive().default(1) }),
  /** Pinball loss: output k is the `quantiles[k]` quantile of one target. */
  z.strictObject({
    kind: z.literal("quantile"),
    quantiles: z.array(z.number().gt(0).lt(1)).min(1),
  }),
  /**
   * Logistic loss of the sign, weighted by the size of the move: |y| softplus(-sign(y) output /
   * scale). Being wrong on a large move costs most.
   */
  z.strictObject({ kind: z.literal("directional"), scale: z.number().positive().default(1) }),
  /**
   * Minus the Sharpe ratio of position * return over the batch, in one bar's units. `costBps` is
   * paid on the change of position from one sample to the next and asks for batches in time order.
   */
  z.strictObject({ kind: z.literal("sharpe"), costBps: z.number().min(0).default(0) }),
]);

export type Loss = z.infer<typeof lossSchema>;
export type LossInput = z.input<typeof lossSchema>;

const allowed: Record<Head["kind"], readonly Loss["kind"][]> = {
  classification: ["crossEntropy", "focal"],
  binary: ["crossEntropy", "focal"],
  regression: ["mse", "mae", "huber", "quantile", "directional"],
  position: ["sharpe", "mse", "mae", "huber", "directional"],
};

/**
 * One loss per head: the one given for all, the one given under the head's name, or the head's usual
 * one (cross-entropy, squared error, Sharpe).
 *
 * @throws {RangeError} If a loss does not fit its head.
 */
export function lossesOf(
  heads: readonly Head[],
  given?: LossInput | Record<string, LossInput>,
): Loss[] {
  const isOne = given !== undefined && typeof (given as LossInput).kind === "string";
  if (given && !isOne) {
    for (const name of Object.keys(given)) {
      if (!heads.some((h) => h.name === name)) {
        throw new RangeError(
          `Cannot train: loss must be given for one of the heads ${
            heads.map((h) => h.name).join(", ")
          }, got ${name}`,
        );
      }
    }
  }
  return heads.map((head) => {
    const asked = isOne
      ? given as LossInput
      : (given as Record<string, LossInput> | undefined)?.[head.name];
    const usual = allowed[head.kind][0];
    const loss = parseConfig(lossSchema, asked ?? { kind: usual }, "train: loss") as Loss;
    if (!allowed[head.kind].includes(loss.kind)) {
      throw new RangeError(
        `Cannot train: loss of ${head.kind} head ${head.name} must be one of ${
          allowed[head.kind].join(", ")
        }, got ${loss.kind}`,
      );
    }
    if (loss.kind === "quantile" && loss.quantiles.length !== headUnits(head)) {
      throw new RangeError(
        `Cannot train: quantiles must have one entry per output of head ${head.name} (${
          headUnits(head)
        }), got ${loss.quantiles.length}`,
      );
    }
    return loss;
  });
}

/** Whether the loss of a batch is the (weighted) mean of its samples' losses, so that parts average. */
export function isMeanOverSamples(losses: readonly Loss[]): boolean {
  return losses.every((l) => l.kind !== "sharpe");
}

/** Columns of a dataset's `y` that a head takes under its loss. */
export function targetColumns(head: Head, loss: Loss): number {
  return loss.kind === "quantile" ? 1 : headTargets(head);
}

/** Columns of the encoded targets, as wide as the logits. */
export function encodedWidth(heads: readonly Head[]): number {
  return heads.reduce((sum, head) => sum + headUnits(head), 0);
}

/**
 * Targets as losses read them, [n, width of the logits]: class indices one-hot, a quantile loss's
 * target repeated for each quantile.
 *
 * @throws {RangeError} If a class index is outside its head's classes.
 */
export function encodeTargets(
  y: Float32Array,
  n: number,
  heads: readonly Head[],
  losses: readonly Loss[],
): Float32Array {
  const targets = heads.reduce((sum, head, i) => sum + targetColumns(head, losses[i]), 0);
  if (y.length !== n * targets) {
    throw new RangeError(
      `Cannot train: the dataset must have ${targets} label column${
        targets === 1 ? "" : "s"
      } for heads ${heads.map((h) => h.name).join(", ")}, got ${y.length / n}`,
    );
  }
  const width = encodedWidth(heads);
  const out = new Float32Array(n * width);
  let from = 0;
  let at = 0;
  heads.forEach((head, k) => {
    const units = headUnits(head);
    const columns = targetColumns(head, losses[k]);
    for (let i = 0; i < n; i++) {
      const source = i * targets + from;
      const target = i * width + at;
      if (head.kind === "classification") {
        const c = y[source];
        if (!Number.isInteger(c) || c < 0 || c >= head.classes) {
          throw new RangeError(
            `Cannot train: labels of head ${head.name} must be class indices in [0, ${head.classes}), got ${c}`,
          );
        }
        out[target + c] = 1;
      } else if (head.kind === "binary" && !(y[source] >= 0 && y[source] <= 1)) {
        throw new RangeError(
          `Cannot train: labels of head ${head.name} must be in [0, 1], got ${y[source]}`,
        );
      } else {
        for (let u = 0; u < units; u++) out[target + u] = y[source + (columns === 1 ? 0 : u)];
      }
    }
    from += columns;
    at += units;
  });
  return out;
}

/**
 * The total loss as a function of tensors: logits [n, width], encoded targets [n, width] and sample
 * weights [n] to a scalar. Heads add up with their weights.
 *
 * @param options.weightsAverageOne The whole batch's weights have the mean 1, and these rows may be a
 * part of it: the mean over its parts is then the loss of the whole.
 */
export function lossFunction(
  tf: Tf,
  heads: readonly Head[],
  losses: readonly Loss[],
  options: { weightsAverageOne?: boolean } = {},
): (logits: Tensor, targets: Tensor, weights: Tensor) => tfTypes.Scalar {
  const weightedMean: WeightedMean = (perSample, weights) => {
    const weighted = tf.mul(perSample, weights);
    return options.weightsAverageOne
      ? tf.mean(weighted)
      : tf.div(tf.sum(weighted), tf.sum(weights));
  };
  return (logits, targets, weights) => {
    const n = logits.shape[0];
    let total: Tensor | null = null;
    let at = 0;
    heads.forEach((head, k) => {
      const units = headUnits(head);
      const part = (x: Tensor) => heads.length === 1 ? x : tf.slice(x, [0, at], [n, units]);
      const one = headLoss(
        tf,
        head,
        losses[k],
        part(logits),
        part(targets),
        (x) => weightedMean(x, weights),
      );
      const weighted = head.weight === 1 ? one : tf.mul(one, head.weight);
      total = total ? tf.add(total, weighted) : weighted;
      at += units;
    });
    return total! as tfTypes.Scalar;
  };
}

type WeightedMean = (perSample: Tensor, weights: Tensor) => Tensor;

function headLoss(
  tf: Tf,
  head: Head,
  loss: Loss,
  logits: Tensor,
  y: Tensor,
  weightedMean: (perSample: Tensor) => Tensor,
): Tensor {
  const overOutputs = (x: Tensor) => x.shape[1] === 1 ? tf.reshape(x, [-1]) : tf.mean(x, 1);
  // softplus(x) = relu(x) + log(1 + exp(-|x|)): no overflow, and kernels that every backend has.
  const softplus = (x: Tensor) => tf.add(tf.relu(x), tf.log(tf.add(tf.exp(tf.neg(tf.abs(x))), 1)));
  switch (loss.kind) {
    case "crossEntropy":
    case "focal": {
      if (head.kind === "binary") {
        const target = loss.kind === "crossEntropy" && loss.labelSmoothing > 0
          ? tf.add(tf.mul(y, 1 - loss.labelSmoothing), loss.labelSmoothing / 2)
          : y;
        const entropy = tf.sub(softplus(logits), tf.mul(logits, target));
        if (loss.kind === "crossEntropy") return weightedMean(tf.reshape(entropy, [-1]));
        const p = tf.sigmoid(logits);
        // 1 - p of the true class.
        const miss = tf.add(tf.mul(y, tf.sub(1, p)), tf.mul(tf.sub(1, y), p));
        return weightedMean(
          tf.reshape(tf.mul(raise(tf, miss, loss.gamma), entropy), [-1]),
        );
      }
      const logP = tf.logSoftmax(logits);
      if (loss.kind === "crossEntropy") {
        const classes = logits.shape[1]!;
        const target = loss.labelSmoothing > 0
          ? tf.add(tf.mul(y, 1 - loss.labelSmoothing), loss.labelSmoothing / classes)
          : y;
        return weightedMean(tf.neg(tf.sum(tf.mul(target, logP), 1)));
      }
      const factor = raise(tf, tf.sub(1, tf.exp(logP)), loss.gamma);
      return weightedMean(tf.neg(tf.sum(tf.mul(tf.mul(y, factor), logP), 1)));
    }
  }
  const output = head.kind === "position" ? tf.tanh(logits) : logits;
  const error = tf.sub(output, y);
  switch (loss.kind) {
    case "mse":
      return weightedMean(overOutputs(tf.square(error)));
    case "mae":
      return weightedMean(overOutputs(tf.abs(error)));
    case "huber": {
      // With a = |error| and r = relu(a - delta): a^2/2 - r^2/2 is quadratic within, linear beyond.
      const size = tf.abs(error);
      const beyond = tf.relu(tf.sub(size, loss.delta));
      return weightedMean(
        overOutputs(tf.mul(0.5, tf.sub(tf.square(size), tf.square(beyond)))),
      );
    }
    case "quantile": {
      const q = tf.tensor2d([loss.quantiles]);
      // q * e for e = y - output >= 0, (q - 1) * e otherwise.
      const e = tf.neg(error);
      return weightedMean(overOutputs(tf.add(tf.mul(q, e), tf.relu(tf.neg(e)))));
    }
    case "directional": {
      const wrong = softplus(tf.mul(tf.neg(tf.sign(y)), tf.mul(output, 1 / loss.scale)));
      return weightedMean(overOutputs(tf.mul(tf.abs(y), wrong)));
    }
    case "sharpe": {
      let gains: Tensor = tf.mul(output, y);
      if (loss.costBps > 0) {
        const n = output.shape[0];
        const units = output.shape[1]!;
        const before = tf.concat([
          tf.zeros([1, units]),
          tf.slice(output, [0, 0], [n - 1, units]),
        ], 0);
        gains = tf.sub(gains, tf.mul(loss.costBps / 1e4, tf.abs(tf.sub(output, before))));
      }
      const perBar = overOutputs(gains);
      const mean = weightedMean(perBar);
      const variance = weightedMean(tf.square(tf.sub(perBar, mean)));
      // The floor keeps the ratio finite while all positions are still near 0.
      return tf.neg(tf.div(mean, tf.sqrt(tf.add(variance, 1e-12))));
    }
  }
}

/** x^gamma for x in [0, 1], by products where gamma is whole: pow has no safe gradient at 0. */
function raise(tf: Tf, x: Tensor, gamma: number): Tensor {
  if (gamma === 0) return tf.onesLike(x);
  if (Number.isInteger(gamma) && gamma <= 8) {
    let out = x;
    for (let i = 1; i < gamma; i++) out = tf.mul(out, x);
    return out;
  }
  return tf.exp(tf.mul(gamma, tf.log(tf.add(x, 1e-12))));
}
