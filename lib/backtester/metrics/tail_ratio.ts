import { hasNaN, quantileInPlace } from "./order_statistics.ts";

/** `abs(p95 / p5)` of per-bar returns; NaN when the 5th percentile is 0. */
export function tailRatio(returns: Float64Array): number {
  if (hasNaN(returns)) return NaN;
  const values = Float64Array.from(returns);
  return ratioOfTails(quantileInPlace(values, 0.05), quantileInPlace(values, 0.95));
}

export function ratioOfTails(low: number, high: number): number {
  return low === 0 ? NaN : Math.abs(high / low);
}
