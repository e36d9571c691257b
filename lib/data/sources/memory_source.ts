import type { Bars } from "../bars.ts";
import { barsBetween } from "./file_source.ts";
import type { DataSource } from "./source.ts";
import { SourceError } from "./source_error.ts";

/** Bars that are in memory already, by symbol: for tests, notebooks and synthetic data. */
export function memorySource(series: Record<string, Bars>): DataSource {
  const find = (symbol: string, timeframe: string) => {
    const bars = series[symbol];
    if (!bars) {
      throw new SourceError(
        "unknown-symbol",
        "memory",
        `Cannot get bars from memory: symbol must be one of ${
          Object.keys(series).join(", ")
        }, got ${symbol}`,
        { symbol },
      );
    }
    return { ...bars, symbol, timeframe };
  };
  return {
    describe: () => ({
      name: "memory",
      title: "Bars in memory",
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
    bars: (query) =>
      Promise.resolve().then(() => barsBetween(find(query.symbol, query.timeframe), query)),
    async *pages(query) {
      yield barsBetween(find(query.symbol, query.timeframe), query);
    },
  };
}
