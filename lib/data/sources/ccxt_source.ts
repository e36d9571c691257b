import type { Bar } from "../bars.ts";
import type { VenueOptions } from "./alpha_vantage.ts";
import { collectPages } from "./collect_pages.ts";
import type { BarQuery, DataSource } from "./source.ts";
import { SourceError, type SourceFault } from "./source_error.ts";
import { timeframeMs } from "./timeframes.ts";
import { VenueFetch } from "./venue_fetch.ts";
import { pageOfRows, venueNumber } from "./venue_number.ts";

/** What is used of a ccxt exchange. */
interface Exchange {
  timeframes: Record<string, string>;
  fetchImplementation: typeof fetch;
  loadMarkets(): Promise<unknown>;
  fetchOHLCV(
    symbol: string,
    timeframe: string,
    since?: number,
    limit?: number,
  ): Promise<(number | undefined)[][]>;
  fetchTicker(symbol: string): Promise<Record<string, unknown>>;
  fetchTrades(
    symbol: string,
    since?: number,
    limit?: number,
    params?: { until?: number },
  ): Promise<Record<string, unknown>[]>;
  close?(): Promise<unknown>;
}

/** Timeframes that are asked for under their common names; an exchange may know fewer. */
const timeframes = ["1m", "5m", "15m", "30m", "1h", "2h", "4h", "6h", "1d", "1w"];

/**
 * Coinbase, or any other exchange that `ccxt` knows, by its id there: candles page by page, tickers,
 * trades. Public data needs no key. Volume is in the base currency.
 *
 * Keys, where wanted, come from NAME_API_KEY and NAME_API_SECRET, NAME the id in capitals.
 */
export function ccxtSource(id = "coinbase", options: VenueOptions = {}): DataSource {
  const { env = Deno.env.get } = options;
  const prefix = id.toUpperCase().replace(/\W/g, "_");
  let opened: Promise<Exchange> | undefined;
  const open = () => opened ??= connect();
  let redact = (text: string) => text;
  /** Status of the last answer: ccxt's errors do not tell it. */
  let lastStatus = 0;

  async function connect(): Promise<Exchange> {
    const { default: ccxt } = await import("ccxt");
    const Class = (ccxt as unknown as Record<string, new (o: object) => Exchange>)[id];
    const known = (ccxt as unknown as { exchanges: string[] }).exchanges;
    if (!known.includes(id)) {
      throw new SourceError(
        "unsupported",
        id,
        `Cannot use an exchange: id must be one that ccxt knows (${known.length} of them), got ${id}`,
      );
    }
    const apiKey = env(`${prefix}_API_KEY`);
    const secret = env(`${prefix}_API_SECRET`);
    const venue = new VenueFetch({
      rateLimit: { requests: 10, perMs: 1000 },
      ...options,
      source: id,
      secrets: [apiKey ?? "", secret ?? ""],
    });
    const exchange = new Class({
      enableRateLimit: false,
      ...apiKey && secret ? { apiKey, secret } : {},
    });
    redact = (text) => venue.redact(text);
    const request = venue.asFetch();
    exchange.fetchImplementation = async (...args) => {
      const answer = await request(...args);
      lastStatus = answer.status;
      return answer;
    };
    return exchange;
  }

  /** Runs a request; what ccxt throws becomes a named fault without credentials in it. */
  async function guarded<T>(symbol: string, body: () => Promise<T>): Promise<T> {
    try {
      lastStatus = 0;
      return await body();
    } catch (error) {
      if (error instanceof SourceError) throw error;
      const { name, message, cause } = error as Error;
      if (cause instanceof SourceError) throw cause;
      const kind = (error as object).constructor.name;
      const fault = faults.find(([pattern]) => pattern.test(kind) || pattern.test(name))?.[1] ??
        (lastStatus === 401 || lastStatus === 403 ? "bad-credentials" : "bad-request");
      throw new SourceError(
        fault,
        id,
        redact(`Cannot get prices of ${symbol} from ${id}: ${message}`).slice(0, 300),
        { symbol, ...lastStatus ? { status: lastStatus } : {} },
      );
    }
  }

  async function* pages(query: BarQuery) {
    const exchange = await open();
    if (!Object.hasOwn(exchange.timeframes, query.timeframe)) {
      throw new SourceError(
        "unsupported",
        id,
        `Cannot get bars from ${id}: timeframe must be one of ${
          Object.keys(exchange.timeframes).join(", ")
        }, got ${query.timeframe}`,
      );
    }
    const length = timeframeMs(query.timeframe);
    const now = (options.now ?? Date.now)();
    const to = Math.min(query.to ?? now, now);
    const pageBars = 300;
    // Candles are stamped at their start, our bars at their close.
    let since = Math.ceil((query.from ?? to - pageBars * length) / length - 1) * length;
    while (since + length <= to) {
      query.signal?.throwIfAborted();
      const rows = await guarded(query.symbol, async () => {
        await exchange.loadMarkets();
        return await exchange.fetchOHLCV(query.symbol, query.timeframe, since, pageBars);
      });
      const bars = rows.map((row): Bar => {
        const [start, open, high, low, close, volume] = [
          "time",
          "open",
          "high",
          "low",
          "close",
          "volume",
        ]
          .map((field, k) => venueNumber(id, row[k], `${field} of candle ${row[0]}`));
        return { time: start + length, open, high, low, close, volume };
      }).filter((bar) => bar.time <= now); // the candle under way is not a bar yet
      const page = pageOfRows(bars, { ...query, to });
      if (page.length > 0) yield page;
      // A stretch without trades has no candles: go on by the page's span, never back.
      since = Math.max(since + pageBars * length, (rows.at(-1)?.[0] ?? 0) + length);
    }
  }

  return {
    describe: () => ({
      name: id,
      title: id === "coinbase" ? "Coinbase" : `${id} (ccxt)`,
      capabilities: {
        bars: true,
        quotes: true,
        trades: true,
        stream: false,
        prices: "raw",
        timeframes,
      },
      rateLimit: { requests: 10, perMs: 1000 },
      credentials: [`${prefix}_API_KEY`, `${prefix}_API_SECRET`],
    }),
    pages,
    bars: (query) => collectPages(pages(query)),
    async quotes(symbols) {
      const exchange = await open();
      return await Promise.all(symbols.map((symbol) =>
        guarded(symbol, async () => {
          await exchange.loadMarkets();
          const ticker = await exchange.fetchTicker(symbol);
          return {
            symbol,
            time: Number(ticker.timestamp ?? (options.now ?? Date.now)()),
            bid: venueNumber(id, ticker.bid, "bid"),
            ask: venueNumber(id, ticker.ask, "ask"),
            bidSize: Number(ticker.bidVolume ?? NaN),
            askSize: Number(ticker.askVolume ?? NaN),
          };
        })
      ));
    },
    async trades({ symbol, from }) {
      const exchange = await open();
      return await guarded(symbol, async () => {
        await exchange.loadMarkets();
        // Coinbase takes a start with an end only.
        const until = from !== undefined && id === "coinbase"
          ? { until: (options.now ?? Date.now)() }
          : {};
        const trades = await exchange.fetchTrades(symbol, from, undefined, until);
        return trades.map((trade) => ({
          symbol,
          time: venueNumber(id, trade.timestamp, "timestamp"),
          price: venueNumber(id, trade.price, "price"),
          size: venueNumber(id, trade.amount, "amount"),
        })).sort((a, b) => a.time - b.time);
      });
    },
  };
}

/** ccxt's error classes as ours. */
const faults: [RegExp, SourceFault][] = [
  [/^(AuthenticationError|PermissionDenied|AccountSuspended)$/, "bad-credentials"],
  [/^(BadSymbol|MarketClosed)$/, "unknown-symbol"],
  [/^(RateLimitExceeded|DDoSProtection)$/, "rate-limited"],
  [/^(RequestTimeout)$/, "timeout"],
  [/^(NotSupported)$/, "unsupported"],
  [/^(NetworkError|ExchangeNotAvailable|OnMaintenance)$/, "unavailable"],
  [/^(BadResponse|NullResponse|TypeError|SyntaxError)$/, "schema-changed"],
];
