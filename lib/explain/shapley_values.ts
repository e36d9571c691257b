/**
 * What each feature adds to one prediction.
 * @module
 */
import { createRng } from "../math/mod.ts";
import type { Model } from "../models/mod.ts";
import { predict } from "../training/mod.ts";

export interface ShapleyOptions {
  /** Windows [m, windowBars, features] that stand for "feature unknown". */
  background: Float32Array;
  /** Orders of features that are tried, each with its reverse. Default 64. */
  permutations?: number;
  /** Default 0. */
  seed?: number;
  /** Which column of the predictions. Default 0. */
  output?: number;
}

/** Contributions of the features to one prediction; they add up to `prediction - base`. */
export interface ShapleyValues {
  /** One per feature (its whole history in the window counts as one player). */
  values: Float64Array;
  /** Mean prediction over the background windows that were drawn. */
  base: number;
  prediction: number;
}

/**
 * Shapley values by sampling orders of features: walking through an order, each feature is switched
 * from a background window to the explained one, and the change of the prediction is its share.
 * Every order is used forwards and backwards, which halves the noise. Exact for additive models.
 *
 * @param window The window to explain, [windowBars, features].
 * @throws {RangeError} If the window or the background has another shape than the model's.
 * @see Štrumbelj & Kononenko 2014; antithetic orders: Mitchell et al. 2022, arXiv:2104.12199
 */
export async function shapleyValues(
  model: Model,
  window: Float32Array,
  options: ShapleyOptions,
): Promise<ShapleyValues> {
  const { background, permutations = 64, seed = 0, output = 0 } = options;
  const { windowBars, features } = model.config;
  const size = windowBars * features;
  if (window.length !== size) {
    throw new RangeError(`Cannot explain: window must have ${size} values, got ${window.length}`);
  }
  if (background.length === 0 || background.length % size !== 0) {
    throw new RangeError(
      `Cannot explain: background must hold whole windows of ${size} values, got ${background.length} values`,
    );
  }
  if (!Number.isInteger(permutations) || permutations < 1) {
    throw new RangeError(
      `Cannot explain: permutations must be an integer >= 1, got ${permutations}`,
    );
  }
  const rng = createRng(seed).split("shapley");
  const backgrounds = background.length / size;
  const walks = 2 * permutations;
  // All coalitions of all walks are predicted at once: [walks, features + 1] windows.
  const x = new Float32Array(walks * (features + 1) * size);
  const orders: Int32Array[] = [];
  const current = new Float32Array(size);
  for (let p = 0; p < permutations; p++) {
    const order = rng.shuffle(Int32Array.from({ length: features }, (_, f) => f));
    const from = rng.integer(backgrounds) * size;
    for (const way of [order, order.toReversed()]) {
      const at = orders.length * (features + 1);
      orders.push(way);
      current.set(background.subarray(from, from + size));
      x.set(current, at * size);
      way.forEach((f, k) => {
        for (let t = 0; t < windowBars; t++) {
          current[t * features + f] = window[t * features + f];
        }
        x.set(current, (at + k + 1) * size);
      });
    }
  }
  const predictions = await predict(model, x);
  const width = predictions.length / (walks * (features + 1));
  if (!(Number.isInteger(output) && output >= 0 && output < width)) {
    throw new RangeError(`Cannot explain: output must be in [0, ${width}), got ${output}`);
  }
  const values = new Float64Array(features);
  let base = 0;
  orders.forEach((order, w) => {
    const at = (k: number) => predictions[(w * (features + 1) + k) * width + output];
    base += at(0) / walks;
    order.forEach((f, k) => values[f] += (at(k + 1) - at(k)) / walks);
  });
  return { values, base, prediction: predictions[features * width + output] };
}
