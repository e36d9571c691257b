import { DataError } from "./data_error.ts";

/** The five number columns of bars beside `time`, in their usual order. */
export const barFields = ["open", "high", "low", "close", "volume"] as const;
export type BarField = (typeof barFields)[number];

/** One bar as an object, the form in which live bars arrive. */
export interface Bar {
  /** Milliseconds UTC, at the bar's close. */
  time: number;
  open: number;
  high: number;
  low: number;
  close: number;
  volume: number;
}

/**
 * Bars of one symbol as columns of equal length, oldest first.
 *
 * `time` is in milliseconds UTC and stamps a bar's close; a date without an hour stands for that date
 * at 00:00 UTC. Prices are in the quote currency. A volume that the source does not know is NaN.
 */
export interface Bars {
  readonly time: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
  readonly length: number;
  symbol?: string;
  /** As `1m`, `15m`, `1h`, `1d`, `1w`. */
  timeframe?: string;
}

/** Columns from which {@linkcode makeBars} builds bars; plain arrays are copied, Float64Arrays are not. */
export interface BarColumns {
  time: ArrayLike<number>;
  open: ArrayLike<number>;
  high: ArrayLike<number>;
  low: ArrayLike<number>;
  close: ArrayLike<number>;
  volume?: ArrayLike<number>;
  symbol?: string;
  timeframe?: string;
}

/**
 * Bars over the given columns. A missing volume column becomes NaN.
 *
 * Only lengths are checked; {@linkcode validateBars} checks the values.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { makeBars } from "./bars.ts";
 * const bars = makeBars({ time: [0, 1], open: [1, 2], high: [2, 3], low: [1, 2], close: [2, 3] });
 * assert.equal(bars.length, 2);
 * ```
 * @throws {DataError} `wrong-length` if a column's length differs from that of `time`.
 */
export function makeBars(columns: BarColumns): Bars {
  const length = columns.time.length;
  const column = (field: "time" | BarField): Float64Array => {
    const values = columns[field];
    if (values === undefined) {
      if (field === "volume") return new Float64Array(length).fill(NaN);
      throw new DataError("missing-column", `Cannot make bars: ${field} must be given`, { field });
    }
    if (values.length !== length) {
      throw new DataError(
        "wrong-length",
        `Cannot make bars: ${field} must have ${length} values as time has, got ${values.length}`,
        { field, value: values.length },
      );
    }
    return values instanceof Float64Array ? values : Float64Array.from(values);
  };
  const bars: Bars = {
    time: column("time"),
    open: column("open"),
    high: column("high"),
    low: column("low"),
    close: column("close"),
    volume: column("volume"),
    length,
  };
  if (columns.symbol !== undefined) bars.symbol = columns.symbol;
  if (columns.timeframe !== undefined) bars.timeframe = columns.timeframe;
  return bars;
}

/** Bars from a list of objects, for small and live data. */
export function barsFromRows(
  rows: readonly Bar[],
  about: { symbol?: string; timeframe?: string } = {},
): Bars {
  const pick = (field: keyof Bar) => Float64Array.from(rows, (row) => row[field]);
  return makeBars({
    time: pick("time"),
    open: pick("open"),
    high: pick("high"),
    low: pick("low"),
    close: pick("close"),
    volume: pick("volume"),
    ...about,
  });
}

/** Bar `index` as an object. */
export function barAt(bars: Bars, index: number): Bar {
  return {
    time: bars.time[index],
    open: bars.open[index],
    high: bars.high[index],
    low: bars.low[index],
    close: bars.close[index],
    volume: bars.volume[index],
  };
}

/**
 * Bars [from, to) as views on the same memory: nothing is copied.
 *
 * @throws {RangeError} If the range does not lie in [0, length].
 */
export function sliceBars(bars: Bars, from: number, to: number = bars.length): Bars {
  if (
    !Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to < from || to > bars.length
  ) {
    throw new RangeError(
      `Cannot slice bars: range must lie in [0, ${bars.length}], got [${from}, ${to})`,
    );
  }
  return {
    ...bars,
    time: bars.time.subarray(from, to),
    open: bars.open.subarray(from, to),
    high: bars.high.subarray(from, to),
    low: bars.low.subarray(from, to),
    close: bars.close.subarray(from, to),
    volume: bars.volume.subarray(from, to),
    length: to - from,
  };
}

/** Index of the first bar whose time is at or after `time`; `length` when there is none. */
export function firstBarAt(bars: { time: Float64Array; length: number }, time: number): number {
  let low = 0;
  let high = bars.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (bars.time[middle] < time) low = middle + 1;
    else high = middle;
  }
  return low;
}
