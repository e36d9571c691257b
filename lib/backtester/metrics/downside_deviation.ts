/**
 * Annualised downside deviation: `sqrt(mean(min(r - mar, 0)^2)) * sqrt(A)`, the mean over all N bars.
 *
 * `minimumReturn` is per bar. Lean takes the deviation over negative returns only.
 */
export function downsideDeviation(
  returns: Float64Array,
  options: { barsPerYear?: number; minimumReturn?: number } = {},
): number {
  const { barsPerYear = 252, minimumReturn = 0 } = options;
  let sum = 0;
  for (let t = 0; t < returns.length; t++) {
    const d = Math.min(returns[t] - minimumReturn, 0);
    sum += d * d;
  }
  return Math.sqrt(sum / returns.length) * Math.sqrt(barsPerYear);
}
