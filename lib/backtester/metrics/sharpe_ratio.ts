import { mean, standardDeviation } from "../../math/mod.ts";

/**
 * Annualised Sharpe ratio: `mean(r - rf) / std(r - rf, ddof 1) * sqrt(A)`, `riskFree` per bar.
 *
 * NaN at zero spread (vectorbt: infinite). backtesting.py divides geometric by geometric instead.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sharpeRatio } from "./sharpe_ratio.ts";
 * assert.ok(Math.abs(sharpeRatio(Float64Array.of(0.01, 0.03), { barsPerYear: 1 }) - Math.SQRT2) < 1e-12);
 * ```
 */
export function sharpeRatio(
  returns: Float64Array,
  options: { barsPerYear?: number; riskFree?: number } = {},
): number {
  const { barsPerYear = 252, riskFree = 0 } = options;
  // A constant moves the mean and not the spread.
  const excess = mean(returns) - riskFree;
  const spread = standardDeviation(returns);
  // A constant column leaves a spread of rounding errors only.
  if (!(spread > 1e-14 * Math.abs(mean(returns)))) return NaN;
  return excess / spread * Math.sqrt(barsPerYear);
}
