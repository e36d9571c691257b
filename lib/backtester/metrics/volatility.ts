import { standardDeviation } from "../../math/mod.ts";

/** Annualised standard deviation (ddof 1) of per-bar returns. backtesting.py: a geometric form. */
export function volatility(returns: Float64Array, barsPerYear = 252): number {
  return standardDeviation(returns) * Math.sqrt(barsPerYear);
}
