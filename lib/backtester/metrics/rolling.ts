/**
 * Rolling forms: value t is from the `window` returns that end at bar t; NaN before.
 * @module
 */

/** `measure` of each window of returns; the window is a view that must not be kept. */
export function rolling(
  returns: Float64Array,
  window: number,
  measure: (window: Float64Array, end: number) => number,
): Float64Array {
  if (!(Number.isInteger(window) && window >= 2)) {
    throw new RangeError(`Cannot roll metric: window must be an integer >= 2, got ${window}`);
  }
  const out = new Float64Array(returns.length).fill(NaN);
  for (let t = window - 1; t < returns.length; t++) {
    out[t] = measure(returns.subarray(t - window + 1, t + 1), t);
  }
  return out;
}

/** Running mean and standard deviation (ddof 1), re-summed every 1,000 bars against drift. */
function rollingMoments(
  returns: Float64Array,
  window: number,
  use: (mean: number, spread: number, t: number) => void,
): void {
  let sum = 0;
  let squares = 0;
  // About a pivot, so that large offsets do not eat the digits.
  const pivot = returns.length > 0 && returns[0] === returns[0] ? returns[0] : 0;
  for (let t = 0; t < returns.length; t++) {
    const r = returns[t] - pivot;
    sum += r;
    squares += r * r;
    if (t >= window) {
      const old = returns[t - window] - pivot;
      sum -= old;
      squares -= old * old;
    }
    if (t % 1000 === 999 && t >= window) {
      sum = squares = 0;
      for (let i = t - window + 1; i <= t; i++) {
        const x = returns[i] - pivot;
        sum += x;
        squares += x * x;
      }
    }
    if (t < window - 1) continue;
    const v = (squares - sum * sum / window) / (window - 1);
    use(sum / window + pivot, v > 0 ? Math.sqrt(v) : 0, t);
  }
}

/** Annualised Sharpe ratio of each window; NaN where nothing moved. */
export function rollingSharpe(
  returns: Float64Array,
  options: { window: number; barsPerYear?: number; riskFree?: number },
): Float64Array {
  const { window, barsPerYear = 252, riskFree = 0 } = options;
  const out = new Float64Array(returns.length).fill(NaN);
  const scale = Math.sqrt(barsPerYear);
  rollingMoments(returns, window, (mean, spread, t) => {
    if (spread > 1e-9 * Math.abs(mean)) out[t] = (mean - riskFree) / spread * scale;
  });
  return out;
}

/** Annualised volatility of each window. */
export function rollingVolatility(
  returns: Float64Array,
  options: { window: number; barsPerYear?: number },
): Float64Array {
  const { window, barsPerYear = 252 } = options;
  const out = new Float64Array(returns.length).fill(NaN);
  const scale = Math.sqrt(barsPerYear);
  rollingMoments(returns, window, (_, spread, t) => out[t] = spread * scale);
  return out;
}
