/**
 * Weights of classes and of samples.
 * @module
 */

/**
 * Balanced class weights: `n / (classes * count)`, as scikit-learn's `class_weight="balanced"`.
 *
 * @param y Class indices.
 * @throws {RangeError} If a class in [0, classes) has no sample, which names the class.
 */
export function balancedClassWeights(y: ArrayLike<number>, classes: number): Float64Array {
  const counts = new Float64Array(classes);
  for (let i = 0; i < y.length; i++) {
    const c = y[i];
    if (!Number.isInteger(c) || c < 0 || c >= classes) {
      throw new RangeError(
        `Cannot weight classes: y must hold class indices in [0, ${classes}), got ${c} at ${i}`,
      );
    }
    counts[c]++;
  }
  for (let c = 0; c < classes; c++) {
    if (counts[c] === 0) {
      throw new RangeError(
        `Cannot weight classes: class ${c} must have at least one sample, got 0 of ${y.length}`,
      );
    }
  }
  return counts.map((n) => y.length / (classes * n));
}

/**
 * Average uniqueness of each label: the mean over its bars of 1 / (labels alive at that bar). Labels
 * that overlap with few others weigh more. NaN labels get 0.
 *
 * @param labels `values[t]` and `spanEnd[t]`: the label of bar t is alive on bars t+1 to spanEnd[t].
 * @see López de Prado 2018, Advances in Financial Machine Learning, section 4.4
 */
export function uniquenessWeights(
  labels: { values: Float64Array; spanEnd: Int32Array },
): Float64Array {
  const n = labels.values.length;
  const change = new Int32Array(n + 2);
  for (let t = 0; t < n; t++) {
    if (Number.isNaN(labels.values[t]) || labels.spanEnd[t] <= t) continue;
    change[t + 1]++;
    change[Math.min(n - 1, labels.spanEnd[t]) + 1]--;
  }
  // Prefix sums of 1 / concurrency, so that each label's mean is one subtraction.
  const sums = new Float64Array(n + 1);
  for (let t = 0, alive = 0; t < n; t++) {
    alive += change[t];
    sums[t + 1] = sums[t] + (alive > 0 ? 1 / alive : 0);
  }
  const weights = new Float64Array(n);
  for (let t = 0; t < n; t++) {
    if (Number.isNaN(labels.values[t])) continue;
    const end = Math.min(n - 1, labels.spanEnd[t]);
    weights[t] = end <= t ? 1 : (sums[end + 1] - sums[t + 1]) / (end - t);
  }
  return weights;
}
