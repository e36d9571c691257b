/**
 * Average true range by Wilder's smoothing: the first is the mean of the first `window` true ranges,
 * and those begin with the second bar, as they need the close before.
 */
export class AverageTrueRange {
  #value = 0;
  /** Bars seen, as far as they matter. */
  #seen = 0;

  constructor(readonly window: number) {}

  reset(): void {
    this.#value = this.#seen = 0;
  }

  /** Averages of rows [from, to) into `out`; NaN for the first `window` bars. Reads row from - 1. */
  run(
    [high, low, close]: readonly Float64Array[],
    from: number,
    to: number,
    out: Float64Array,
  ): void {
    let i = from;
    for (; i < to && this.#seen <= this.window; i++) {
      if (this.#seen > 0) this.#value += trueRange(high[i], low[i], close[i - 1]);
      out[i] = ++this.#seen > this.window ? this.#value /= this.window : NaN;
    }
    const alpha = 1 / this.window;
    const keep = 1 - alpha;
    let value = this.#value;
    for (; i < to; i++) {
      value = value * keep + trueRange(high[i], low[i], close[i - 1]) * alpha;
      out[i] = value;
    }
    this.#value = value;
  }
}

/**
 * The bar's range, the close before included: high less low plus what that close lies outside. As
 * |e| + e is twice the positive part of e, there is no branch to guess.
 */
export function trueRange(high: number, low: number, before: number): number {
  const above = before - high;
  const below = low - before;
  return high - low + 0.5 * (Math.abs(above) + above + (Math.abs(below) + below));
}
