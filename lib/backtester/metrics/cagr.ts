import { totalReturn } from "./total_return.ts";

/**
 * Compound annual growth rate: `prod(1 + r)^(A/N) - 1` with A bars per year.
 *
 * -1 when everything was lost or more. Years are counted in bars; backtesting.py counts calendar
 * days / 365.25.
 */
export function cagr(returns: Float64Array, barsPerYear = 252): number {
  return growthRate(totalReturn(returns), returns.length, barsPerYear);
}

/** Growth per year of `total` (a fraction) made in `bars`; NaN for no bars. */
export function growthRate(total: number, bars: number, barsPerYear: number): number {
  if (bars === 0) return NaN;
  return total <= -1 ? -1 : (1 + total) ** (barsPerYear / bars) - 1;
}
