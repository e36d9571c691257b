import { type Bars, firstBarAt, sliceBars } from "../bars.ts";
import { readBars, type ReadBarsOptions } from "../read_bars.ts";
import type { BarQuery, DataSource } from "./source.ts";

/** Bars between two times, both included. */
export function barsBetween(bars: Bars, { from, to }: Pick<BarQuery, "from" | "to">): Bars {
  const start = from === undefined ? 0 : firstBarAt(bars, from);
  let end = to === undefined ? bars.length : firstBarAt(bars, to);
  if (to !== undefined && end < bars.length && bars.time[end] === to) end++;
  return sliceBars(bars, start, Math.max(start, end));
}

/** A CSV or Parquet file as a source; `{symbol}` and `{timeframe}` in the path are filled in. */
export function fileSource(
  format: "csv" | "parquet",
  path: string,
  options: ReadBarsOptions = {},
): DataSource {
  const bars = async (query: BarQuery): Promise<Bars> => {
    const file = path.replaceAll("{symbol}", query.symbol)
      .replaceAll("{timeframe}", query.timeframe);
    const read = await readBars(file, {
      ...options,
      format,
      adjusted: query.adjusted ?? options.adjusted,
      symbol: query.symbol,
      timeframe: query.timeframe,
    });
    return barsBetween(read, query);
  };
  return {
    describe: () => ({
      name: format,
      title: format === "csv" ? "CSV file" : "Parquet file",
      capabilities: {
        bars: true,
        quotes: false,
        trades: false,
        stream: false,
        prices: "both",
        timeframes: [],
      },
      credentials: [],
    }),
    bars,
    async *pages(query) {
      yield await bars(query);
    },
  };
}
