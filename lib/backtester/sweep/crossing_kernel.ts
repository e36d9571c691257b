/**
 * The inner loop of a sweep: one long-only crossing strategy, the whole equity at a time, metrics on
 * the way and nothing kept per bar. It books as {@linkcode Account} does, which a test holds it to.
 * @module
 */

/** Columns of a sweep; plain memory or shared between threads. */
export interface CrossingColumns {
  open: Float64Array;
  close: Float64Array;
  /** Indicator rows one after another, each as long as `close`. */
  rows: Float64Array;
  /** Two row numbers per configuration: long when the first crosses above the second. */
  pairs: Int32Array;
  /** {@linkcode sweepMetrics} per configuration. */
  out: Float64Array;
}

export interface CrossingCosts {
  cash: number;
  /** Fractions of value and of price. */
  feeRate: number;
  shift: number;
  /** 0 next open, 1 next close, 2 same close. */
  fill: 0 | 1 | 2;
  barsPerYear: number;
}

/** Metrics of each configuration, in the order of their columns. */
export const sweepMetrics = [
  "total_return",
  "cagr",
  "sharpe",
  "volatility",
  "max_drawdown",
  "trades",
  "win_rate",
  "exposure",
] as const;
export type SweepMetric = (typeof sweepMetrics)[number];

/** Runs configurations [from, to) and writes their metrics. */
export function runCrossings(
  columns: CrossingColumns,
  costs: CrossingCosts,
  from: number,
  to: number,
): void {
  const { open, close, rows, pairs, out } = columns;
  const { cash: start, feeRate, shift, fill, barsPerYear } = costs;
  const n = close.length;
  const width = sweepMetrics.length;
  const buyPrice = 1 + shift;
  const sellPrice = 1 - shift;
  const price = fill === 0 ? open : close;
  const isDelayed = fill !== 2;
  for (let k = from; k < to; k++) {
    const fast = pairs[2 * k] * n;
    const slow = pairs[2 * k + 1] * n;
    let cash = start;
    let units = 0;
    let paid = 0;
    let before = start;
    let peak = start;
    let deepest = 0;
    let sum = 0;
    let squares = 0;
    let trades = 0;
    let wins = 0;
    let held = 0;
    let asks = 0; // 1 buy, -1 sell
    let gap = NaN;
    for (let t = 0; t < n; t++) {
      let hasTraded = false;
      // An order of the bar before meets this one's price; in mode sameClose one of this bar does.
      for (let pass = 0; pass < 2; pass++) {
        if (pass === 1) {
          const now = rows[fast + t] - rows[slow + t];
          if (now > 0 ? gap < 0 && units === 0 : now < 0 && gap > 0 && units > 0) {
            asks = now > 0 ? 1 : -1;
          }
          gap = now;
          if (isDelayed) break;
        }
        if (asks === 0) continue;
        const raw = price[t];
        if (asks > 0) {
          const value = raw * buyPrice;
          units = cash / (value * (1 + feeRate));
          paid = units * value * (1 + feeRate);
          cash -= units * value + units * value * feeRate;
        } else {
          const value = units * (raw * sellPrice);
          cash += value - value * feeRate;
          trades++;
          if (value - value * feeRate > paid) wins++;
          units = 0;
        }
        asks = 0;
        hasTraded = true;
      }
      if (units > 0 || hasTraded) {
        if (units > 0) held++;
        const equity = cash + units * close[t];
        const r = equity / before - 1;
        before = equity;
        sum += r;
        squares += r * r;
        if (equity > peak) peak = equity;
        else {
          const depth = equity / peak - 1;
          if (depth < deepest) deepest = depth;
        }
      }
    }
    const mean = sum / n;
    const variance = (squares - sum * mean) / (n - 1);
    const spread = variance > 0 ? Math.sqrt(variance) : 0;
    const total = before / start - 1;
    const at = k * width;
    out[at] = total;
    out[at + 1] = before > 0 ? (before / start) ** (barsPerYear / n) - 1 : -1;
    out[at + 2] = spread > 0 ? mean / spread * Math.sqrt(barsPerYear) : NaN;
    out[at + 3] = spread * Math.sqrt(barsPerYear);
    out[at + 4] = deepest;
    out[at + 5] = trades;
    out[at + 6] = wins / trades;
    out[at + 7] = held / n;
  }
}
