import { drawdowns } from "./drawdowns.ts";

/** Bars of the longest drawdown, from its peak to its recovery or the end; 0 without one. */
export function maxDrawdownBars(returns: Float64Array): number {
  return drawdowns(returns).reduce((most, d) => Math.max(most, d.bars), 0);
}
