/**
 * Relative strength index with Wilder's smoothing, as TA-Lib: the first value at bar `window` is
 * from the plain means of the first `window` changes. NaN before; 50 would be no claim at no change,
 * TA-Lib says 0, and so does this.
 */
export function relativeStrength(close: Float64Array, window = 14): Float64Array {
  if (!(Number.isInteger(window) && window >= 2)) {
    throw new RangeError(
      `Cannot compute relative strength: window must be an integer >= 2, got ${window}`,
    );
  }
  const out = new Float64Array(close.length).fill(NaN);
  let gain = 0;
  let loss = 0;
  for (let t = 1; t < close.length; t++) {
    const change = close[t] - close[t - 1];
    const up = change > 0 ? change : 0;
    const down = change < 0 ? -change : 0;
    if (t <= window) {
      gain += up;
      loss += down;
      if (t < window) continue;
      gain /= window;
      loss /= window;
    } else {
      gain = (gain * (window - 1) + up) / window;
      loss = (loss * (window - 1) + down) / window;
    }
    out[t] = gain + loss === 0 ? 0 : 100 * gain / (gain + loss);
  }
  return out;
}
