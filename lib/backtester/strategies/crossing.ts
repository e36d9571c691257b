import type { Series } from "../strategy.ts";

/** 1 if `a` has just gone above `b`, -1 if it has just gone below, else 0; a touch does not count. */
export function crossing(a: Series, b: Series): -1 | 0 | 1 {
  const gap = a.now - b.now;
  if (gap > 0) return a.at(1) < b.at(1) ? 1 : 0;
  return gap < 0 && a.at(1) > b.at(1) ? -1 : 0;
}

/** Whether `a` has just gone above `b`: below it one bar ago, above it now. */
export function crossesAbove(a: Series, b: Series): boolean {
  return a.now > b.now && a.at(1) < b.at(1);
}

/**
 * The same on columns, for {@linkcode backtestSignals}: 1 where `a` has just gone above `b`.
 *
 * A touch does not count, as in backtesting.py; vectorbt's `crossed_above` lets `a` touch `b` first.
 */
export function crossedAbove(a: Float64Array, b: Float64Array): Uint8Array {
  const out = new Uint8Array(a.length);
  for (let t = 1; t < a.length; t++) out[t] = a[t] > b[t] && a[t - 1] < b[t - 1] ? 1 : 0;
  return out;
}
