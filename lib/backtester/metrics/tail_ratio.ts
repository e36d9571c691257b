import { quantileSorted } from "../../math/mod.ts";

/** `abs(p95 / p5)` of per-bar returns; NaN when the 5th percentile is 0. */
export function tailRatio(returns: Float64Array): number {
  const sorted = Float64Array.from(returns).sort();
  const low = quantileSorted(sorted, 0.05);
  return low === 0 ? NaN : Math.abs(quantileSorted(sorted, 0.95) / low);
}
