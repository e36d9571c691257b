/**
 * How much a model's score falls when one feature is shuffled.
 * @module
 */
import type { Batch } from "../datasets/mod.ts";
import { createRng } from "../math/mod.ts";
import type { Model } from "../models/mod.ts";
import { predict } from "../training/mod.ts";

/** Importance of one feature over the repeats. */
export interface FeatureImportance {
  feature: string;
  /** Mean fall of the score. */
  mean: number;
  /** Standard deviation over the repeats, ddof 1. */
  std: number;
}

export interface PermutationOptions {
  /** Names of the features, in the order of the windows' columns. */
  features: readonly string[];
  /** The score of predictions [n, width] for labels [n, targets]; higher is better. */
  score(y: Float32Array, predictions: Float32Array): number;
  /** Default 10. */
  repeats?: number;
  /** Default 0. */
  seed?: number;
}

/**
 * Permutation importance: for each feature its whole history in every window is exchanged with that
 * of another sample, which keeps its distribution and its order in time, and breaks its tie to the
 * label. Sorted, most important first.
 *
 * @throws {RangeError} If names and windows disagree, or repeats is below 2.
 * @see Breiman 2001, Random forests, section 10
 */
export async function permutationImportance(
  model: Model,
  batch: Pick<Batch, "x" | "y" | "shape">,
  options: PermutationOptions,
): Promise<FeatureImportance[]> {
  const { features, score, repeats = 10, seed = 0 } = options;
  const [n, time, width] = batch.shape;
  if (features.length !== width) {
    throw new RangeError(
      `Cannot compute importance: features must have ${width} names, got ${features.length}`,
    );
  }
  if (!Number.isInteger(repeats) || repeats < 2) {
    throw new RangeError(
      `Cannot compute importance: repeats must be an integer >= 2, got ${repeats}`,
    );
  }
  const base = score(batch.y, await predict(model, batch.x));
  const out: FeatureImportance[] = [];
  const order = Int32Array.from({ length: n }, (_, i) => i);
  for (let f = 0; f < width; f++) {
    const rng = createRng(seed).split(`permutation ${f}`);
    const falls: number[] = [];
    for (let r = 0; r < repeats; r++) {
      rng.shuffle(order);
      const x = batch.x.slice();
      for (let i = 0; i < n; i++) {
        for (let t = 0; t < time; t++) {
          x[(i * time + t) * width + f] = batch.x[(order[i] * time + t) * width + f];
        }
      }
      falls.push(base - score(batch.y, await predict(model, x)));
    }
    const mean = falls.reduce((a, b) => a + b, 0) / repeats;
    const variance = falls.reduce((a, b) => a + (b - mean) ** 2, 0) / (repeats - 1);
    out.push({ feature: features[f], mean, std: Math.sqrt(variance) });
  }
  return out.sort((a, b) => b.mean - a.mean);
}
