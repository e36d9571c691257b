import { type Bars, makeBars } from "../bars.ts";
import { asOfColumn } from "./as_of.ts";

/** Shares after for one before, from the bar at or after `time` on. */
export interface Split {
  time: number;
  ratio: number;
}

/** Cash per share to holders before `time`, the ex-date. */
export interface Dividend {
  time: number;
  amount: number;
}

/**
 * Raw bars adjusted backwards: before a split prices are divided by its ratio and volumes multiplied;
 * before a dividend's ex-date prices are multiplied by 1 - amount / the close before it (the method of
 * CRSP and Yahoo). The last bars keep their prices.
 *
 * Adjusted prices know later events: they are for returns and features, cash is counted with raw ones.
 *
 * @throws {RangeError} If a ratio or amount is not positive, or a dividend exceeds the close before.
 */
export function adjustBars(
  bars: Bars,
  events: { splits?: readonly Split[]; dividends?: readonly Dividend[] },
): Bars {
  const { length, time } = bars;
  const all = [
    ...(events.splits ?? []).map((s) => ({ time: s.time, split: s.ratio, dividend: 0 })),
    ...(events.dividends ?? []).map((d) => ({ time: d.time, split: 1, dividend: d.amount })),
  ].sort((a, b) => b.time - a.time);
  for (const { split, dividend } of all) {
    if (!(split > 0) || !(dividend >= 0) || dividend === Infinity) {
      throw new RangeError(
        `Cannot adjust bars: ratios and amounts must be positive, got ${split} and ${dividend}`,
      );
    }
  }
  const priceFactor = new Float64Array(length);
  const volumeFactor = new Float64Array(length);
  let price = 1;
  let volume = 1;
  let next = 0;
  for (let i = length - 1; i >= 0; i--) {
    while (next < all.length && all[next].time > time[i]) {
      const { split, dividend } = all[next++];
      // An event after the last bar has not happened for these bars.
      if (i === length - 1) continue;
      if (dividend >= bars.close[i]) {
        throw new RangeError(
          `Cannot adjust bars: a dividend must be less than the close before, got ${dividend} of ${
            bars.close[i]
          }`,
        );
      }
      price *= (1 - dividend / bars.close[i]) / split;
      volume *= split;
    }
    priceFactor[i] = price;
    volumeFactor[i] = volume;
  }
  const scaled = (column: Float64Array, factor: Float64Array) =>
    column.map((v, i) => v * factor[i]);
  return makeBars({
    time,
    open: scaled(bars.open, priceFactor),
    high: scaled(bars.high, priceFactor),
    low: scaled(bars.low, priceFactor),
    close: scaled(bars.close, priceFactor),
    volume: scaled(bars.volume, volumeFactor),
    symbol: bars.symbol,
    timeframe: bars.timeframe,
  });
}

/**
 * Bars in another currency: prices times the rate as it was known at each bar's close (never later).
 * Before the first rate prices are NaN. High and low take the close's rate, too: an approximation.
 */
export function convertCurrency(
  bars: Bars,
  rate: { time: Float64Array; close: Float64Array },
  options: { maxAgeMs?: number } = {},
): Bars {
  const known = asOfColumn(bars.time, { time: rate.time, values: rate.close }, options);
  const scaled = (column: Float64Array) => column.map((v, i) => v * known[i]);
  return makeBars({
    ...bars,
    open: scaled(bars.open),
    high: scaled(bars.high),
    low: scaled(bars.low),
    close: scaled(bars.close),
  });
}
