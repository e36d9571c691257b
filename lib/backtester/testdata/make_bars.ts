import type { Bars } from "../../data/bars.ts";
import { createRng } from "../../math/mod.ts";

/** Random bars for tests: a geometric walk with gaps at the open and a believable range. */
export function randomBars(
  length: number,
  seed = 1,
  options: { volatility?: number; drift?: number; symbol?: string; start?: number } = {},
): Bars {
  const { volatility = 0.015, drift = 0, symbol, start = 100 } = options;
  const rng = createRng(seed);
  const column = () => new Float64Array(length);
  const time = column(), open = column(), high = column(), low = column(), close = column();
  const volume = column();
  let price = start;
  for (let t = 0; t < length; t++) {
    time[t] = Date.UTC(2015, 0, 1) + t * 86_400_000;
    open[t] = price * Math.exp(0.5 * volatility * rng.normal());
    close[t] = open[t] * Math.exp(drift + volatility * rng.normal());
    high[t] = Math.max(open[t], close[t]) * (1 + volatility * rng.uniform());
    low[t] = Math.min(open[t], close[t]) * (1 - volatility * rng.uniform());
    volume[t] = Math.floor(1000 + 9000 * rng.uniform());
    price = close[t];
  }
  return { time, open, high, low, close, volume, length, symbol };
}

/** Bars from rows of [open, high, low, close, volume?], one a day. */
export function barsOf(rows: readonly (readonly number[])[], symbol?: string): Bars {
  const column = (k: number, otherwise = NaN) => Float64Array.from(rows, (r) => r[k] ?? otherwise);
  return {
    time: Float64Array.from(rows, (_, t) => Date.UTC(2020, 0, 1) + t * 86_400_000),
    open: column(0),
    high: column(1),
    low: column(2),
    close: column(3),
    volume: column(4, 1000),
    length: rows.length,
    symbol,
  };
}
