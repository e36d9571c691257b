import { totalReturn } from "./total_return.ts";

/**
 * Compound annual growth rate: `prod(1 + r)^(A/N) - 1` with A bars per year.
 *
 * -1 when everything was lost or more. Years are counted in bars; backtesting.py and quantstats
 * count calendar days / 365.25 and / 365.
 */
export function cagr(returns: Float64Array, barsPerYear = 252): number {
  if (returns.length === 0) return NaN;
  const growth = 1 + totalReturn(returns);
  return growth <= 0 ? -1 : growth ** (barsPerYear / returns.length) - 1;
}
