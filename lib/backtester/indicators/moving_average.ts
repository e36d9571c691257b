/**
 * Simple moving average; NaN for the first `window - 1` values.
 *
 * The running sum is summed afresh every 512 bars, so that it does not drift over a million of them.
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
  const out = new Float64Array(n);
  // Values that are not defined yet (an indicator of an indicator) only delay the start.
  let from = 0;
  while (from < n && column[from] !== column[from]) from++;
  out.fill(NaN, 0, Math.min(n, from + window - 1));
  for (let block = from + window - 1; block < n; block += 512) {
    let sum = 0;
    for (let i = block - window + 1; i <= block; i++) sum += column[i];
    out[block] = sum / window;
    const end = Math.min(n, block + 512);
    for (let t = block + 1; t < end; t++) {
      sum += column[t] - column[t - window];
      out[t] = sum / window;
    }
  }
  return out;
}
