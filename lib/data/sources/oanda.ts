import type { Bar } from "../bars.ts";
import { parseTime } from "../parse_time.ts";
import type { VenueOptions } from "./alpha_vantage.ts";
import { collectPages } from "./collect_pages.ts";
import type { BarQuery, DataSource, Quote } from "./source.ts";
import { SourceError } from "./source_error.ts";
import { timeframeMs } from "./timeframes.ts";
import { keepVenue } from "./venue_fetch.ts";
import { credential, pageOfRows, schemaError, venueNumber } from "./venue_number.ts";

const name = "oanda";
const granularities: Record<string, string> = {
  "5s": "S5",
  "15s": "S15",
  "30s": "S30",
  "1m": "M1",
  "5m": "M5",
  "15m": "M15",
  "30m": "M30",
  "1h": "H1",
  "4h": "H4",
  "12h": "H12",
  "1d": "D",
  "1w": "W",
};

interface Candle {
  complete?: boolean;
  volume?: number;
  time?: string;
  mid?: { o: string; h: string; l: string; c: string };
}

/** See {@linkcode oanda}. */
export interface OandaOptions extends VenueOptions {
  /** Host of the price stream; another in tests. */
  streamUrl?: string;
  /** Candles per page, at most the venue's 5,000. */
  pageBars?: number;
  /** The stream is taken as dead after so long without a heartbeat (the venue sends one each 5 s). */
  silenceMs?: number;
}

/**
 * OANDA v20: currencies and CFDs, mid prices, by pages of up to 5,000 candles; current prices and the
 * price stream. Token from OANDA_API_TOKEN, account from OANDA_ACCOUNT_ID (prices only);
 * OANDA_ENVIRONMENT is `practice` (default) or `live`.
 *
 * Volume is the number of price changes. Only complete candles are given; days end at 17:00 New York.
 */
export function oanda(options: OandaOptions = {}): DataSource {
  const { env = Deno.env.get, pageBars = 5000, silenceMs = 15_000 } = options;
  const live = () => env("OANDA_ENVIRONMENT") === "live";
  const rest = () =>
    options.baseUrl ?? `https://api-${live() ? "fxtrade" : "fxpractice"}.oanda.com`;
  const streams = () =>
    options.streamUrl ?? `https://stream-${live() ? "fxtrade" : "fxpractice"}.oanda.com`;
  const venueOf = keepVenue({
    rateLimit: { requests: 100, perMs: 1000 },
    ...options,
    source: name,
  });
  const connect = () => {
    const token = credential(name, "OANDA_API_TOKEN", env);
    const venue = venueOf(token);
    const headers = {
      authorization: `Bearer ${token}`,
      "accept-datetime-format": "RFC3339",
    };
    return { venue, headers };
  };

  async function* pages(query: BarQuery) {
    const granularity = granularities[query.timeframe];
    if (!granularity) throw unsupported("timeframe", Object.keys(granularities), query.timeframe);
    const { venue, headers } = connect();
    const length = timeframeMs(query.timeframe);
    const to = query.to ?? venue.venueTime();
    // Candles are stamped at their start, our bars at their close.
    let start = (query.from ?? to - pageBars * length) - length;
    while (start < to) {
      const url = new URL(`/v3/instruments/${encodeURIComponent(query.symbol)}/candles`, rest());
      url.searchParams.set("granularity", granularity);
      url.searchParams.set("price", "M");
      url.searchParams.set("from", new Date(start).toISOString());
      url.searchParams.set("count", String(pageBars));
      if (length >= 86_400_000) url.searchParams.set("alignmentTimezone", "America/New_York");
      const { status, json } = await venue.request(url.href, { headers, signal: query.signal });
      check(status, json, query.symbol, (text) => venue.redact(text));
      const candles = (json as { candles?: Candle[] } | undefined)?.candles;
      if (!Array.isArray(candles)) throw schemaError(name, "candles", "must be a list", json);
      const rows = candles.filter((c) => c.complete !== false).map((c) => readCandle(c, length));
      const page = pageOfRows(rows, query);
      if (page.length > 0) yield page;
      const last = candles.at(-1);
      if (!last || candles.length < pageBars) return;
      const next = parseTime(String(last.time)) + 1;
      if (!(next > start)) throw schemaError(name, "candles", "must move on in time", last.time);
      start = next;
    }
  }

  return {
    describe: () => ({
      name,
      title: "OANDA v20",
      capabilities: {
        bars: true,
        quotes: true,
        trades: false,
        stream: true,
        prices: "raw",
        timeframes: Object.keys(granularities),
      },
      rateLimit: { requests: 100, perMs: 1000 },
      credentials: ["OANDA_API_TOKEN", "OANDA_ACCOUNT_ID", "OANDA_ENVIRONMENT"],
      documentation: "https://developer.oanda.com/rest-live-v20/introduction/",
    }),
    pages,
    bars: (query) => collectPages(pages(query)),
    async quotes(symbols, signal) {
      const { venue, headers } = connect();
      const account = credential(name, "OANDA_ACCOUNT_ID", env);
      const url = new URL(`/v3/accounts/${encodeURIComponent(account)}/pricing`, rest());
      url.searchParams.set("instruments", symbols.join(","));
      const { status, json } = await venue.request(url.href, { headers, signal });
      check(status, json, symbols.join(","), (text) => venue.redact(text));
      const prices = (json as { prices?: unknown[] } | undefined)?.prices;
      if (!Array.isArray(prices)) throw schemaError(name, "prices", "must be a list", json);
      return prices.map(readPrice);
    },
    async *stream(symbols, signal) {
      const { headers, venue } = connect();
      const account = credential(name, "OANDA_ACCOUNT_ID", env);
      const url = new URL(`/v3/accounts/${encodeURIComponent(account)}/pricing/stream`, streams());
      url.searchParams.set("instruments", symbols.join(","));
      const response = await (options.fetch ?? fetch)(url.href, { headers, signal });
      if (!response.ok || !response.body) {
        const text = await response.text();
        check(response.status, tryJson(text), symbols.join(","), (text) => venue.redact(text));
        throw new SourceError("unavailable", name, "Cannot stream from oanda: it must answer");
      }
      const lines = response.body.pipeThrough(new TextDecoderStream()).getReader();
      let rest = "";
      try {
        for (;;) {
          const { value, done } = await withSilence(lines.read(), silenceMs);
          if (done) return;
          const parts = (rest + value).split("\n");
          rest = parts.pop()!;
          for (const line of parts) {
            if (line.trim() === "") continue;
            const message = tryJson(line) as { type?: string } | undefined;
            if (message?.type === "PRICE") yield readPrice(message);
            else if (message?.type !== "HEARTBEAT") {
              throw schemaError(name, "type", "must be PRICE or HEARTBEAT", line);
            }
          }
        }
      } finally {
        await lines.cancel().catch(() => {});
      }
    },
  };
}

async function withSilence<T>(read: Promise<T>, ms: number): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  try {
    return await Promise.race([
      read,
      new Promise<never>((_, reject) => {
        timer = setTimeout(() =>
          reject(
            new SourceError(
              "timeout",
              name,
              `Cannot stream from oanda: a heartbeat must come within ${ms} ms, got nothing`,
            ),
          ), ms);
      }),
    ]);
  } finally {
    clearTimeout(timer);
  }
}

function tryJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function unsupported(field: string, allowed: string[], value: string): SourceError {
  return new SourceError(
    "unsupported",
    name,
    `Cannot get bars from OANDA: ${field} must be one of ${allowed.join(", ")}, got ${value}`,
  );
}

function check(
  status: number,
  json: unknown,
  symbol: string,
  redact: (text: string) => string,
): void {
  if (status === 200) return;
  const said = redact(String((json as { errorMessage?: string } | undefined)?.errorMessage ?? ""));
  const fault = status === 401 || status === 403
    ? "bad-credentials"
    : status === 404 || /instrument/i.test(said)
    ? "unknown-symbol"
    : "bad-request";
  throw new SourceError(
    fault,
    name,
    `Cannot get prices of ${symbol} from OANDA: it said ${JSON.stringify(said)} (status ${status})`,
    { status, symbol },
  );
}

function readCandle(candle: Candle, length: number): Bar {
  const start = parseTime(String(candle.time));
  if (start !== start) throw schemaError(name, "time", "must be a time", candle.time);
  const at = `of ${candle.time}`;
  if (!candle.mid) throw schemaError(name, `mid ${at}`, "must be there", candle);
  return {
    time: start + length,
    open: venueNumber(name, candle.mid.o, `mid.o ${at}`),
    high: venueNumber(name, candle.mid.h, `mid.h ${at}`),
    low: venueNumber(name, candle.mid.l, `mid.l ${at}`),
    close: venueNumber(name, candle.mid.c, `mid.c ${at}`),
    volume: venueNumber(name, candle.volume, `volume ${at}`),
  };
}

function readPrice(price: unknown): Quote {
  const { instrument, time, bids, asks } = price as {
    instrument?: string;
    time?: string;
    bids?: { price: string; liquidity?: number }[];
    asks?: { price: string; liquidity?: number }[];
  };
  const when = parseTime(String(time));
  if (when !== when) throw schemaError(name, "time", "must be a time", time);
  return {
    symbol: String(instrument),
    time: when,
    bid: venueNumber(name, bids?.[0]?.price, "bids"),
    ask: venueNumber(name, asks?.[0]?.price, "asks"),
    bidSize: bids?.[0]?.liquidity ?? NaN,
    askSize: asks?.[0]?.liquidity ?? NaN,
  };
}
