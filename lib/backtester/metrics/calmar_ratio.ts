import { cagr } from "./cagr.ts";
import { maxDrawdown } from "./max_drawdown.ts";

/** CAGR over the absolute maximum drawdown of the whole period; NaN without a drawdown. */
export function calmarRatio(returns: Float64Array, barsPerYear = 252): number {
  const deepest = maxDrawdown(returns);
  return deepest < 0 ? cagr(returns, barsPerYear) / -deepest : NaN;
}
