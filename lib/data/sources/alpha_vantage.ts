import type { Bar } from "../bars.ts";
import { parseTime } from "../parse_time.ts";
import { zonedTimeMs } from "../sessions.ts";
import { collectPages } from "./collect_pages.ts";
import type { BarQuery, DataSource } from "./source.ts";
import { SourceError } from "./source_error.ts";
import { timeframeMs } from "./timeframes.ts";
import { keepVenue, type VenueFetchOptions } from "./venue_fetch.ts";
import { credential, pageOfRows, schemaError, venueNumber } from "./venue_number.ts";

const name = "alphavantage";
const intervals: Record<string, string> = {
  "1m": "1min",
  "5m": "5min",
  "15m": "15min",
  "30m": "30min",
  "1h": "60min",
};
const daily: Record<string, string> = { "1d": "DAILY", "1w": "WEEKLY" };

/** How a venue's source is made; everything has a default. */
export interface VenueOptions extends Partial<VenueFetchOptions> {
  /** Where the venue is; another host in tests. */
  baseUrl?: string;
  /** Reads environment variables. */
  env?: (name: string) => string | undefined;
}

/**
 * Alpha Vantage: stocks, daily and weekly (20 years) and intraday month by month. The key comes from
 * ALPHAVANTAGE_API_KEY; the free one allows 25 requests a day, 5 a minute.
 *
 * Adjusted prices are daily and weekly only, by the close's adjustment; intraday is raw.
 */
export function alphaVantage(options: VenueOptions = {}): DataSource {
  const { baseUrl = "https://www.alphavantage.co", env = Deno.env.get } = options;
  const venueOf = keepVenue({
    rateLimit: { requests: 5, perMs: 60_000 },
    ...options,
    source: name,
  });
  async function* pages(query: BarQuery) {
    const key = credential(name, "ALPHAVANTAGE_API_KEY", env);
    const venue = venueOf(key);
    const call = async (parameters: Record<string, string>) => {
      const url = new URL("/query", baseUrl);
      for (const [k, v] of Object.entries(parameters)) url.searchParams.set(k, v);
      url.searchParams.set("symbol", query.symbol);
      url.searchParams.set("apikey", key);
      const { json } = await venue.request(url.href, { signal: query.signal });
      return readAnswer(json, query.symbol, (text) => venue.redact(text));
    };
    if (query.timeframe in daily) {
      const adjusted = query.adjusted ?? false;
      const series = await call({
        function: `TIME_SERIES_${daily[query.timeframe]}${adjusted ? "_ADJUSTED" : ""}`,
        outputsize: "full",
      });
      const rows = Object.entries(series).map(([time, values]) =>
        readRow(time, values, adjusted, 0)
      );
      yield pageOfRows(rows, query);
      return;
    }
    const interval = intervals[query.timeframe];
    if (!interval) {
      throw new SourceError(
        "unsupported",
        name,
        `Cannot get bars from Alpha Vantage: timeframe must be one of ${
          [...Object.keys(intervals), ...Object.keys(daily)].join(", ")
        }, got ${query.timeframe}`,
      );
    }
    if (query.adjusted) {
      throw new SourceError(
        "unsupported",
        name,
        "Cannot get bars from Alpha Vantage: adjusted must be false for bars within a day, got true",
      );
    }
    const now = (options.now ?? Date.now)();
    const length = timeframeMs(query.timeframe);
    for (const month of months(query.from ?? now - 30 * 86_400_000, query.to ?? now)) {
      const series = await call({
        function: "TIME_SERIES_INTRADAY",
        interval,
        month,
        outputsize: "full",
        adjusted: "false",
      });
      // Stamped at their start, in New York's time.
      const rows = Object.entries(series).map(([time, values]) =>
        readRow(time, values, false, length)
      );
      yield pageOfRows(rows, query);
    }
  }
  return {
    describe: () => ({
      name,
      title: "Alpha Vantage",
      capabilities: {
        bars: true,
        quotes: false,
        trades: false,
        stream: false,
        prices: "both",
        timeframes: [...Object.keys(intervals), ...Object.keys(daily)],
      },
      rateLimit: { requests: 5, perMs: 60_000 },
      credentials: ["ALPHAVANTAGE_API_KEY"],
      documentation: "https://www.alphavantage.co/documentation/",
    }),
    pages,
    bars: (query) => collectPages(pages(query)),
  };
}

/** The series of an answer; Alpha Vantage says what is wrong in words, with status 200. */
function readAnswer(
  json: unknown,
  symbol: string,
  redact: (text: string) => string,
): Record<string, Record<string, string>> {
  const answer = json as Record<string, unknown> | null;
  if (answer === null || typeof answer !== "object") {
    throw schemaError(name, "answer", "must be an object", json);
  }
  const say = (key: string) => typeof answer[key] === "string" ? redact(answer[key] as string) : "";
  const problem = say("Error Message") || say("Information") || say("Note");
  if (problem) {
    const fault = /api ?key/i.test(problem) && /invalid|missing|demo/i.test(problem)
      ? "bad-credentials"
      : /rate limit|call frequency|requests per|higher/i.test(problem)
      ? "rate-limited"
      : /premium/i.test(problem)
      ? "unsupported"
      : /invalid api call/i.test(problem)
      ? "unknown-symbol"
      : "bad-request";
    throw new SourceError(
      fault,
      name,
      `Cannot get bars of ${symbol} from Alpha Vantage: it said ${JSON.stringify(problem)}`,
      { symbol },
    );
  }
  const key = Object.keys(answer).find((k) => /Time Series/.test(k));
  if (!key || typeof answer[key] !== "object") {
    throw schemaError(name, "Time Series", "must be in the answer", Object.keys(answer));
  }
  return answer[key] as Record<string, Record<string, string>>;
}

function readRow(
  text: string,
  values: Record<string, string>,
  adjusted: boolean,
  shiftMs: number,
): Bar {
  const wall = parseTime(text);
  if (wall !== wall) throw schemaError(name, "time", "must be a date or time", text);
  const time = shiftMs > 0 ? zonedTimeMs(wall, "America/New_York") + shiftMs : wall;
  const read = (field: string) => {
    const key = Object.keys(values).find((k) => k.replace(/^\d+\.\s*/, "") === field);
    return venueNumber(name, key === undefined ? undefined : values[key], `${field} of ${text}`);
  };
  const close = read("close");
  const factor = adjusted ? read("adjusted close") / close : 1;
  return {
    time,
    open: read("open") * factor,
    high: read("high") * factor,
    low: read("low") * factor,
    close: close * factor,
    volume: read("volume"),
  };
}

/** Months `2024-03` that overlap a range. */
function months(from: number, to: number): string[] {
  const list: string[] = [];
  const at = new Date(from);
  at.setUTCDate(1);
  at.setUTCHours(0, 0, 0, 0);
  while (at.getTime() <= to) {
    list.push(at.toISOString().slice(0, 7));
    at.setUTCMonth(at.getUTCMonth() + 1);
  }
  return list;
}
