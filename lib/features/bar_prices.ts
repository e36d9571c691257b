import { trueRange } from "./average_true_range.ts";

/**
 * True ranges (the bar's range, the close before included) of rows [from, to) into `out` from place
 * `at` on. Reads row from - 1.
 */
export function trueRanges(
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  from: number,
  to: number,
  out: Float64Array,
  at: number,
): void {
  for (let i = from; i < to; i++) out[at++] = trueRange(high[i], low[i], close[i - 1]);
}

/** Typical prices, (high + low + close) / 3, of rows [from, to) into `out` from place `at` on. */
export function typicalPrices(
  high: Float64Array,
  low: Float64Array,
  close: Float64Array,
  from: number,
  to: number,
  out: Float64Array,
  at: number,
): void {
  for (let i = from; i < to; i++) out[at++] = (high[i] + low[i] + close[i]) / 3;
}
