/**
 * Where bars come from: files, tables, memory and venues behind one interface.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { openSource } from "./mod.ts";
 * const bars = await openSource("sample").bars({ symbol: "^GSPC", timeframe: "1d", from: Date.UTC(2020, 0, 1) });
 * assert.equal(bars.length, 74);
 * ```
 * @module
 */
import { alphaVantage, type VenueOptions } from "./alpha_vantage.ts";
import { ccxtSource } from "./ccxt_source.ts";
import { barsBetween } from "./file_source.ts";
import { oanda } from "./oanda.ts";
import { robinhood } from "./robinhood.ts";
import { sampleBars } from "./sample.ts";
import type { DataSource } from "./source.ts";
import { SourceError } from "./source_error.ts";
import { sqlSource } from "./sql_source.ts";
import { yahoo } from "./yahoo.ts";

/** The S&P 500 sample as a source. */
export function sampleSource(): DataSource {
  const bars: DataSource["bars"] = async (query) => {
    if (query.symbol !== "^GSPC" || query.timeframe !== "1d") {
      throw new SourceError(
        "unknown-symbol",
        "sample",
        `Cannot get bars from the sample: it must be ^GSPC in 1d, got ${query.symbol} in ${query.timeframe}`,
        { symbol: query.symbol },
      );
    }
    return barsBetween(await sampleBars(), query);
  };
  return {
    describe: () => ({
      name: "sample",
      title: "S&P 500 daily, 2000 to 2020",
      capabilities: {
        bars: true,
        quotes: false,
        trades: false,
        stream: false,
        prices: "raw",
        timeframes: ["1d"],
      },
      credentials: [],
    }),
    bars,
    async *pages(query) {
      yield await bars(query);
    },
  };
}

/** Sources that are opened by name; exchanges of ccxt as `ccxt:NAME`. */
export const sources = {
  sample: () => sampleSource(),
  yahoo: (options) => yahoo(options),
  alphavantage: (options) => alphaVantage(options),
  coinbase: (options) => ccxtSource("coinbase", options),
  oanda: (options) => oanda(options),
  robinhood: (options) => robinhood(options),
  sql: (options) => {
    const url = (options?.env ?? Deno.env.get)("DATABASE_URL");
    if (url) return sqlSource({ url });
    throw new SourceError(
      "bad-credentials",
      "sql",
      "Cannot use sql: the environment variable DATABASE_URL must hold a URL, got none",
    );
  },
} satisfies Record<string, (options?: VenueOptions) => DataSource>;

/** The source of that name. @throws {SourceError} `unsupported` naming those there are. */
export function openSource(name: string, options?: VenueOptions): DataSource {
  if (Object.hasOwn(sources, name)) return sources[name as keyof typeof sources](options);
  if (name.startsWith("ccxt:")) return ccxtSource(name.slice(5), options);
  throw new SourceError(
    "unsupported",
    name,
    `Cannot open source: name must be one of ${
      Object.keys(sources).join(", ")
    } or ccxt:EXCHANGE, got ${name}`,
  );
}

export * from "./source.ts";
export { SourceError, type SourceFault } from "./source_error.ts";
export { alphaVantage, type VenueOptions } from "./alpha_vantage.ts";
export { ccxtSource } from "./ccxt_source.ts";
export { collectPages, concatBars } from "./collect_pages.ts";
export { barsBetween, fileSource } from "./file_source.ts";
export { memorySource } from "./memory_source.ts";
export { oanda, type OandaOptions } from "./oanda.ts";
export { robinhood } from "./robinhood.ts";
export { sqlSource, type SqlSourceOptions } from "./sql_source.ts";
export { timeframeMs } from "./timeframes.ts";
export { VenueFetch, type VenueFetchOptions } from "./venue_fetch.ts";
export { yahoo } from "./yahoo.ts";
