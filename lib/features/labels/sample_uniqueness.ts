import type { Labels } from "./labels.ts";

/** Number of labels whose span [t, spanEnd] covers each bar. */
export function labelConcurrency(labels: Labels): Int32Array {
  const { values, spanEnd } = labels;
  const changes = new Int32Array(values.length + 1);
  for (let t = 0; t < values.length; t++) {
    if (values[t] !== values[t]) continue;
    changes[t]++;
    changes[spanEnd[t] + 1]--;
  }
  const counts = new Int32Array(values.length);
  let open = 0;
  for (let t = 0; t < counts.length; t++) counts[t] = open += changes[t];
  return counts;
}

/**
 * How much of a label is its own: the mean of 1 / concurrency over the label's span, in (0, 1]; 1 for a
 * label that overlaps no other. NaN where there is no label.
 *
 * With `close`, the weight is instead |sum over the span of log return / concurrency|, scaled to sum
 * to the number of labels: labels that say much about large moves weigh more.
 *
 * @see López de Prado 2018, Advances in Financial Machine Learning, sections 4.4 and 4.6
 */
export function sampleUniqueness(
  labels: Labels,
  options: { close?: Float64Array } = {},
): Float64Array {
  const { values, spanEnd } = labels;
  const { close } = options;
  if (close && close.length !== values.length) {
    throw new RangeError(
      `Cannot weigh samples: close must have ${values.length} values, got ${close.length}`,
    );
  }
  const counts = labelConcurrency(labels);
  // Prefix sums: shares[t] covers bars before t.
  const shares = new Float64Array(values.length + 1);
  for (let t = 0; t < values.length; t++) {
    const part = close ? (t > 0 ? Math.log(close[t] / close[t - 1]) : 0) : 1;
    shares[t + 1] = shares[t] + (counts[t] > 0 ? part / counts[t] : 0);
  }
  const weights = new Float64Array(values.length).fill(NaN);
  let total = 0;
  let labelled = 0;
  for (let t = 0; t < values.length; t++) {
    if (values[t] !== values[t]) continue;
    const sum = shares[spanEnd[t] + 1] - shares[t];
    weights[t] = close ? Math.abs(sum) : sum / (spanEnd[t] + 1 - t);
    total += weights[t];
    labelled++;
  }
  if (close && total > 0) {
    for (let t = 0; t < weights.length; t++) weights[t] *= labelled / total;
  }
  return weights;
}
