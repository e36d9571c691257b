import type { Bar } from "../bars.ts";
import type { Quote, Trade } from "../sources/source.ts";
import { intervals, type ResampleOptions } from "./resample.ts";

/**
 * Bars as they complete, from trades or quotes as they come: the live side of `barsFromTrades()`, in
 * the same schema. A quote counts as its middle, without volume. A bar is given when the first price
 * of a later interval arrives (or `onIdle()` is called with the time), never before it is complete.
 *
 * Prices that arrive late, for an interval already given, are counted in `late` and dropped.
 */
export class LiveBarBuilder {
  late = 0;
  readonly #cut: ReturnType<typeof intervals>;
  #bar: Bar | null = null;
  #given = -Infinity;

  constructor(options: ResampleOptions) {
    this.#cut = intervals(options);
  }

  /** Takes a price; gives the bar that it completes, or null. */
  push(price: Trade | Quote): Bar | null {
    const value = "price" in price ? price.price : (price.bid + price.ask) / 2;
    const size = "price" in price ? price.size : NaN;
    const end = this.#cut(price.time, false);
    if (end === null || value !== value) return null;
    if (end <= this.#given || this.#bar && end < this.#bar.time) {
      this.late++;
      return null;
    }
    const done = this.#bar && end > this.#bar.time ? this.#finish() : null;
    const bar = this.#bar;
    if (!bar) {
      this.#bar = { time: end, open: value, high: value, low: value, close: value, volume: size };
    } else {
      bar.high = Math.max(bar.high, value);
      bar.low = Math.min(bar.low, value);
      bar.close = value;
      bar.volume = bar.volume !== bar.volume
        ? size
        : size !== size
        ? bar.volume
        : bar.volume + size;
    }
    return done;
  }

  /** Gives the bar under way if its interval has passed at `time` without a price after it. */
  onIdle(time: number): Bar | null {
    return this.#bar && time > this.#bar.time ? this.#finish() : null;
  }

  #finish(): Bar {
    const bar = this.#bar!;
    this.#bar = null;
    this.#given = bar.time;
    return bar;
  }
}

/** Complete bars of a stream of prices. */
export async function* liveBars(
  prices: AsyncIterable<Trade | Quote>,
  options: ResampleOptions,
): AsyncGenerator<Bar> {
  const builder = new LiveBarBuilder(options);
  for await (const price of prices) {
    const bar = builder.push(price);
    if (bar) yield bar;
  }
}
