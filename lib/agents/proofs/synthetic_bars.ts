/**
 * Bars of a price that is given at each close and opens where it closed: what is decided at a close is
 * then filled at that price by the ordinary next-open rule.
 * @module
 */
import { type Bars, makeBars } from "../../data/mod.ts";

/** Daily bars of the closes. */
export function barsOfCloses(close: Float64Array): Bars {
  const open = close.map((c, t) => t === 0 ? c : close[t - 1]);
  return makeBars({
    time: close.map((_, t) => (t + 1) * 86_400_000),
    open,
    high: close.map((c, t) => Math.max(c, open[t])),
    low: close.map((c, t) => Math.min(c, open[t])),
    close,
    volume: close.map(() => 1),
  });
}
