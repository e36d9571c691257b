/**
 * True ranges (the bar's range, the close before included) of rows [from, to) into `out` from place
 * `at` on. Reads row from - 1.
 *
 * High less low plus what the close before lies outside: as |e| + e is twice the positive part of e,
 * there is no branch to guess.
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
  for (let i = from; i < to; i++) {
    const before = close[i - 1];
    const above = before - high[i];
    const below = low[i] - before;
    out[at++] = high[i] - low[i] +
      0.5 * (Math.abs(above) + above + (Math.abs(below) + below));
  }
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
