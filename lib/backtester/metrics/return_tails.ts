import { quantileInPlace, selectInPlace } from "./order_statistics.ts";

/** Columns from here on are cut to their two ends before anything is selected. */
const longColumn = 20_000;
const sampleSize = 4096;

/** 5th and 95th percentile (linear) and the mean of the lowest floor(0.05 (N - 1)) + 1 values. */
export interface ReturnTails {
  low: number;
  high: number;
  tailMean: number;
}

/**
 * Both tails of a column without NaN.
 *
 * A sample tells two bounds that surely enclose the middle; what lies outside them is gathered in one
 * pass, and only that is ordered. Where the bounds prove too tight, the whole column is.
 */
export function tailsOf(column: Float64Array): ReturnTails {
  const n = column.length;
  if (n === 0) return { low: NaN, high: NaN, tailMean: NaN };
  const k = Math.floor(0.05 * (n - 1));
  return n < longColumn ? ofAll(Float64Array.from(column), k) : ofEnds(column, k);
}

function ofAll(values: Float64Array, k: number): ReturnTails {
  const low = quantileInPlace(values, 0.05);
  // The lowest k + 1 values stand in front now; the upper percentile is sought behind them.
  return { low, tailMean: meanOfFirst(values, k + 1), high: quantileInPlace(values, 0.95, k + 1) };
}

function ofEnds(column: Float64Array, k: number): ReturnTails {
  const n = column.length;
  const sample = new Float64Array(sampleSize);
  for (let i = 0; i < sampleSize; i++) sample[i] = column[Math.floor(i * n / sampleSize)];
  sample.sort();
  const below = sample[Math.floor(0.07 * sampleSize)];
  const above = sample[Math.floor(0.93 * sampleSize)];
  const room = Math.floor(n / 8);
  const lowest = new Float64Array(room);
  const highest = new Float64Array(room);
  const lows = gatherBelow(column, below, lowest);
  const highs = gatherAbove(column, above, highest);
  const top = Math.floor(0.95 * (n - 1)) - (n - highs); // its place among the highest
  if (lows < k + 2 || lows > room || top < 0 || highs > room) {
    return ofAll(Float64Array.from(column), k);
  }
  const left = lowest.subarray(0, lows);
  const low = quantileAt(left, k, 0.05 * (n - 1) - k);
  const upper = 0.95 * (n - 1);
  return {
    low,
    tailMean: meanOfFirst(left, k + 1),
    high: quantileAt(highest.subarray(0, highs), top, upper - Math.floor(upper)),
  };
}

/** Copies what is less than `bound` as far as `out` has room; returns how many there are. */
function gatherBelow(column: Float64Array, bound: number, out: Float64Array): number {
  let count = 0;
  for (let t = 0; t < column.length; t++) {
    if (column[t] < bound) {
      if (count < out.length) out[count] = column[t];
      count++;
    }
  }
  return count;
}

function gatherAbove(column: Float64Array, bound: number, out: Float64Array): number {
  let count = 0;
  for (let t = 0; t < column.length; t++) {
    if (column[t] > bound) {
      if (count < out.length) out[count] = column[t];
      count++;
    }
  }
  return count;
}

/** The value at place `k + rest` of the ordered `values`; leaves the lowest k + 1 in front. */
function quantileAt(values: Float64Array, k: number, rest: number): number {
  const low = selectInPlace(values, k);
  let high = Infinity;
  for (let i = k + 1; i < values.length; i++) if (values[i] < high) high = values[i];
  return high === Infinity ? low : low + rest * (high - low);
}

function meanOfFirst(values: Float64Array, count: number): number {
  let sum = 0;
  for (let i = 0; i < count; i++) sum += values[i];
  return sum / count;
}
