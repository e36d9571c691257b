import { maxDrawdown } from "./max_drawdown.ts";
import { totalReturn } from "./total_return.ts";

/** Total return over the absolute maximum drawdown. quantstats sums returns and drops the sign. */
export function recoveryFactor(returns: Float64Array): number {
  const deepest = maxDrawdown(returns);
  return deepest < 0 ? totalReturn(returns) / -deepest : NaN;
}
