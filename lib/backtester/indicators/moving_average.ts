/**
 * Simple moving average; NaN for the first `window - 1` values.
 *
 * The running sum is compensated (Kahan), so that it does not drift over a million bars.
 *
 * @throws {RangeError} If `window` is not a positive integer.
 */
export function movingAverage(column: Float64Array, window: number): Float64Array {
  if (!(Number.isInteger(window) && window >= 1)) {
    throw new RangeError(
      `Cannot compute moving average: window must be a positive integer, got ${window}`,
    );
  }
  const n = column.length;
  const out = new Float64Array(n).fill(NaN);
  let sum = 0;
  let lost = 0;
  for (let t = 0; t < n; t++) {
    let y = column[t] - lost;
    let s = sum + y;
    lost = (s - sum) - y;
    sum = s;
    if (t >= window) {
      y = -column[t - window] - lost;
      s = sum + y;
      lost = (s - sum) - y;
      sum = s;
    }
    if (t >= window - 1) out[t] = sum / window;
  }
  return out;
}
