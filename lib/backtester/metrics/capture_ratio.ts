import { cagr } from "./cagr.ts";
import { activeReturns } from "./tracking_error.ts";

/**
 * Annualised compound return in the bars in which the benchmark rose (`up`) or fell (`down`), over
 * the benchmark's own in the same bars, as empyrical. NaN when there are no such bars.
 */
export function captureRatio(
  returns: Float64Array,
  benchmark: Float64Array,
  side: "up" | "down",
  barsPerYear = 252,
): number {
  activeReturns(returns, benchmark);
  const chosen = (_: number, t: number) => side === "up" ? benchmark[t] > 0 : benchmark[t] < 0;
  return cagr(returns.filter(chosen), barsPerYear) / cagr(benchmark.filter(chosen), barsPerYear);
}
