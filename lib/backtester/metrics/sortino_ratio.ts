import { mean } from "../../math/mod.ts";
import { downsideDeviation } from "./downside_deviation.ts";

/**
 * Annualised Sortino ratio: `mean(r - mar) * A / downsideDeviation`, `minimumReturn` per bar.
 *
 * NaN without a return below the minimum. backtesting.py: geometric numerator.
 */
export function sortinoRatio(
  returns: Float64Array,
  options: { barsPerYear?: number; minimumReturn?: number } = {},
): number {
  const { barsPerYear = 252, minimumReturn = 0 } = options;
  const down = downsideDeviation(returns, options);
  return down > 0 ? (mean(returns) - minimumReturn) * barsPerYear / down : NaN;
}
