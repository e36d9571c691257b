import type { Bar } from "../bars.ts";
import type { VenueOptions } from "./alpha_vantage.ts";
import { collectPages } from "./collect_pages.ts";
import type { BarQuery, DataSource, Quote } from "./source.ts";
import { SourceError } from "./source_error.ts";
import { timeframeMs } from "./timeframes.ts";
import { keepVenue } from "./venue_fetch.ts";
import { pageOfRows, schemaError, venueNumber } from "./venue_number.ts";

const name = "yahoo";
const dayMs = 86_400_000;

/** Intervals, and the days that one request may span. */
const intervals: Record<
  string,
  { interval: "1m" | "5m" | "15m" | "30m" | "1h" | "1d" | "1wk"; days: number }
> = {
  "1m": { interval: "1m", days: 7 },
  "5m": { interval: "5m", days: 59 },
  "15m": { interval: "15m", days: 59 },
  "30m": { interval: "30m", days: 59 },
  "1h": { interval: "1h", days: 729 },
  "1d": { interval: "1d", days: 36_500 },
  "1w": { interval: "1wk", days: 36_500 },
};

/**
 * Yahoo Finance through `yahoo-finance2`: stocks, indices, currencies, crypto; no key. An unofficial
 * interface that may change.
 *
 * Raw prices are adjusted for splits, not for dividends; `adjusted` applies both. Daily bars are
 * stamped with their date at 00:00 UTC, shorter ones at their close. Rows without a price (holidays,
 * halts) are left out.
 */
export function yahoo(options: VenueOptions = {}): DataSource {
  const venueOf = keepVenue({ rateLimit: { requests: 5, perMs: 1000 }, ...options, source: name });
  let client: Promise<YahooClient> | undefined;
  const connect = () => client ??= openClient(venueOf().asFetch());
  async function* pages(query: BarQuery) {
    const spec = intervals[query.timeframe];
    if (!spec) {
      throw new SourceError(
        "unsupported",
        name,
        `Cannot get bars from Yahoo: timeframe must be one of ${
          Object.keys(intervals).join(", ")
        }, got ${query.timeframe}`,
      );
    }
    const now = (options.now ?? Date.now)();
    const isDaily = timeframeMs(query.timeframe) >= dayMs;
    const length = isDaily ? 0 : timeframeMs(query.timeframe);
    const end = Math.min(query.to ?? now, now);
    let from = query.from ?? (isDaily ? 0 : end - spec.days * dayMs);
    from -= length;
    while (from < end) {
      // period2 is not included; a day more for daily bars.
      const to = Math.min(end + (isDaily ? dayMs : 1000), from + spec.days * dayMs);
      const rows = await fetchRows(await connect(), query, spec.interval, from, to, length);
      const page = pageOfRows(rows, query);
      if (page.length > 0) yield page;
      from = to;
    }
  }
  return {
    describe: () => ({
      name,
      title: "Yahoo Finance",
      capabilities: {
        bars: true,
        quotes: true,
        trades: false,
        stream: false,
        prices: "both",
        timeframes: Object.keys(intervals),
      },
      rateLimit: { requests: 5, perMs: 1000 },
      credentials: [],
    }),
    pages,
    bars: (query) => collectPages(pages(query)),
    async quotes(symbols, signal) {
      const opened = await connect();
      let rows: Record<string, unknown>[];
      try {
        rows = await opened.quote([...symbols], { return: "array" }, moduleOptions(signal));
      } catch (error) {
        throw asSourceError(error, "quotes", symbols.join(", "), signal);
      }
      return symbols.map((symbol): Quote => {
        const row = rows.find((row) => row.symbol === symbol);
        if (!row) {
          throw new SourceError(
            "unknown-symbol",
            name,
            `Cannot get quotes of ${symbol} from Yahoo: symbol must be one that it knows, got no answer for it`,
            { symbol },
          );
        }
        const time = row.regularMarketTime;
        if (!(time instanceof Date)) {
          throw schemaError(name, `regularMarketTime of ${symbol}`, "must be a time", time);
        }
        return {
          symbol,
          time: time.getTime(),
          bid: venueNumber(name, row.bid, `bid of ${symbol}`),
          ask: venueNumber(name, row.ask, `ask of ${symbol}`),
          bidSize: Number(row.bidSize ?? NaN),
          askSize: Number(row.askSize ?? NaN),
        };
      });
    },
  };
}

/** What is used of yahoo-finance2. */
interface YahooClient {
  chart(symbol: string, options: object, module?: object): Promise<unknown>;
  quote(symbols: string[], options: object, module?: object): Promise<Record<string, unknown>[]>;
}

async function openClient(fetch: typeof globalThis.fetch): Promise<YahooClient> {
  const { default: YahooFinance } = await import("yahoo-finance2");
  return new YahooFinance({
    fetch,
    suppressNotices: ["yahooSurvey"],
    versionCheck: false,
    validation: { logErrors: false, logOptionsErrors: false },
    logger: { info() {}, warn() {}, error() {}, debug() {}, dir() {} },
  }) as unknown as YahooClient;
}

function moduleOptions(signal?: AbortSignal): object {
  return { fetchOptions: signal ? { signal } : undefined };
}

/** What the library throws as a named fault; an abort as itself. */
function asSourceError(
  error: unknown,
  what: string,
  symbol: string,
  signal?: AbortSignal,
): SourceError {
  if (error instanceof SourceError) return error;
  signal?.throwIfAborted();
  const { message, name: kind } = error as Error;
  const fault = /no data found|delisted|not found|symbol/i.test(message)
    ? "unknown-symbol"
    : kind === "FailedYahooValidationError" || error instanceof TypeError
    ? "schema-changed"
    : /unauthorized|crumb/i.test(message)
    ? "bad-credentials"
    : "bad-request";
  return new SourceError(
    fault,
    name,
    `Cannot get ${what} of ${symbol} from Yahoo: ${message.split("\n")[0]}`,
    { symbol },
  );
}

async function fetchRows(
  client: YahooClient,
  query: BarQuery,
  interval: string,
  from: number,
  to: number,
  shiftMs: number,
): Promise<Bar[]> {
  let answer: { meta?: { gmtoffset?: number }; quotes?: Record<string, unknown>[] };
  try {
    answer = await client.chart(query.symbol, {
      period1: Math.floor(from / 1000),
      period2: Math.ceil(to / 1000),
      interval,
      includePrePost: false,
      return: "array",
    }, moduleOptions(query.signal)) as typeof answer;
  } catch (error) {
    throw asSourceError(error, "bars", query.symbol, query.signal);
  }
  if (!Array.isArray(answer.quotes)) {
    throw schemaError(name, "quotes", "must be a list", answer.quotes);
  }
  const rows: Bar[] = [];
  for (const quote of answer.quotes) {
    if (quote.close === null || quote.open === null) continue;
    const date = quote.date as Date;
    const at = `of ${date?.toISOString?.()}`;
    const close = venueNumber(name, quote.close, `close ${at}`);
    const factor = query.adjusted && quote.adjclose !== undefined
      ? venueNumber(name, quote.adjclose, `adjclose ${at}`) / close
      : 1;
    // The session's date where the exchange is, as 00:00 UTC.
    const local = date.getTime() + (answer.meta?.gmtoffset ?? 0) * 1000;
    rows.push({
      time: shiftMs > 0 ? date.getTime() + shiftMs : Math.floor(local / dayMs) * dayMs,
      open: venueNumber(name, quote.open, `open ${at}`) * factor,
      high: venueNumber(name, quote.high, `high ${at}`) * factor,
      low: venueNumber(name, quote.low, `low ${at}`) * factor,
      close: close * factor,
      volume: quote.volume === null || quote.volume === undefined
        ? NaN
        : venueNumber(name, quote.volume, `volume ${at}`),
    });
  }
  return rows;
}
