import { type ReturnSums, returnSums } from "./return_sums.ts";

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
  return downsideOf(returnSums(returns, minimumReturn), returns.length, barsPerYear);
}

export function downsideOf(sums: ReturnSums, count: number, barsPerYear: number): number {
  return Math.sqrt(sums.downsideSquares / count) * Math.sqrt(barsPerYear);
}
