import { covariance, mean, variance } from "../../math/mod.ts";

/** Slope of returns on benchmark returns: `cov / var` (ddof 1). NaN for a constant benchmark. */
export function beta(returns: Float64Array, benchmark: Float64Array): number {
  const v = variance(benchmark);
  return v > 0 ? covariance(returns, benchmark) / v : NaN;
}

/**
 * Jensen's alpha, compounded to a year: `(1 + mean(r - rf - beta (b - rf)))^A - 1`.
 *
 * quantstats does not compound it; backtesting.py works on log returns of the whole period.
 */
export function alpha(
  returns: Float64Array,
  benchmark: Float64Array,
  options: { barsPerYear?: number; riskFree?: number } = {},
): number {
  const { barsPerYear = 252, riskFree = 0 } = options;
  const slope = beta(returns, benchmark);
  const perBar = mean(returns) - riskFree - slope * (mean(benchmark) - riskFree);
  return (1 + perBar) ** barsPerYear - 1;
}
