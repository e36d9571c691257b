import { drawdowns } from "./drawdowns.ts";

/** Mean depth of all drawdowns as a negative fraction; 0 without one. */
export function averageDrawdown(returns: Float64Array): number {
  const all = drawdowns(returns);
  return all.length === 0 ? 0 : all.reduce((sum, d) => sum + d.depth, 0) / all.length;
}

/** Mean length of all drawdowns in bars; 0 without one. */
export function averageDrawdownBars(returns: Float64Array): number {
  const all = drawdowns(returns);
  return all.length === 0 ? 0 : all.reduce((sum, d) => sum + d.bars, 0) / all.length;
}
