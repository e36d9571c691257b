/**
 * Monte Carlo dropout: how sure a model is.
 * @module
 */
import { createRng } from "../math/mod.ts";
import { loadTf, type Model } from "../models/mod.ts";
import { drawMasks, eagerLogits, placeMasks } from "./engine.ts";
import { applyLinks } from "./predict.ts";

/** Mean and standard deviation of sampled predictions, [n, width] each. */
export interface UncertainPrediction {
  mean: Float32Array;
  std: Float32Array;
}

/**
 * Predictions of windows [n, windowBars, features] with dropout left on, repeated `samples` times.
 *
 * @param options.samples Default 32. @param options.seed Default 0: the same masks each time.
 * @throws {RangeError} If the model has no dropout, or values do not make up whole windows.
 * @see Gal & Ghahramani 2016, arXiv:1506.02142
 */
export async function predictWithUncertainty(
  model: Model,
  x: Float32Array,
  options: { samples?: number; seed?: number } = {},
): Promise<UncertainPrediction> {
  const { samples = 32, seed = 0 } = options;
  if (model.dropoutSites.length === 0) {
    throw new RangeError(
      `Cannot sample predictions: dropout of the model must be > 0, got ${model.config.dropout}`,
    );
  }
  if (!Number.isInteger(samples) || samples < 2) {
    throw new RangeError(
      `Cannot sample predictions: samples must be an integer >= 2, got ${samples}`,
    );
  }
  const size = model.config.windowBars * model.config.features;
  if (x.length % size !== 0) {
    throw new RangeError(
      `Cannot sample predictions: input must hold whole windows of ${size} values, got ${x.length} values`,
    );
  }
  const tf = await loadTf();
  const n = x.length / size;
  const rng = createRng(seed).split("monte carlo dropout");
  let mean: Float64Array | null = null;
  let spread: Float64Array | null = null;
  for (let s = 1; s <= samples; s++) {
    const parts: Float32Array[] = [];
    // Masks are as large as their batch: pieces keep them small.
    for (let from = 0; from < n; from += 1024) {
      const count = Math.min(1024, n - from);
      const removeMasks = placeMasks(tf, model, count, drawMasks(model, count, rng));
      try {
        const part = x.subarray(from * size, (from + count) * size);
        parts.push(applyLinks(model, eagerLogits(tf, model, part, count), count));
      } finally {
        removeMasks();
      }
    }
    const length = parts.reduce((sum, p) => sum + p.length, 0);
    mean ??= new Float64Array(length);
    spread ??= new Float64Array(length);
    let at = 0;
    for (const part of parts) {
      for (let i = 0; i < part.length; i++, at++) {
        const d = part[i] - mean[at];
        mean[at] += d / s;
        spread[at] += d * (part[i] - mean[at]);
      }
    }
  }
  return {
    mean: Float32Array.from(mean!),
    std: Float32Array.from(spread!, (v) => Math.sqrt(v / (samples - 1))),
  };
}
