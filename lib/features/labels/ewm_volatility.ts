/**
 * Exponentially weighted sample standard deviation of simple returns of `close`: pandas'
 * `close.pct_change().ewm(span=span).std()` (adjusted weights, bias corrected). NaN for the first two
 * rows. Causal.
 */
export function ewmVolatility(close: Float64Array, span: number): Float64Array {
  const out = new Float64Array(close.length).fill(NaN);
  const decay = 1 - 2 / (span + 1);
  let weights = 0; // sum of weights
  let squares = 0; // sum of squared weights
  let mean = 0;
  let variance = 0; // about the mean, weights normalised
  for (let t = 1; t < close.length; t++) {
    const r = close[t] / close[t - 1] - 1;
    if (r !== r) continue;
    weights = decay * weights + 1;
    squares = decay * decay * squares + 1;
    const share = 1 / weights;
    const d = r - mean;
    mean += share * d;
    variance = (1 - share) * (variance + share * d * d);
    const correction = weights * weights - squares;
    if (correction > 1e-12) out[t] = Math.sqrt(variance * weights * weights / correction);
  }
  return out;
}
