import { type Bar, makeBars } from "../bars.ts";
import { DataError } from "../data_error.ts";
import { parseTime } from "../parse_time.ts";
import { validateBars } from "../validate_bars.ts";
import { collectPages } from "./collect_pages.ts";
import { barsBetween } from "./file_source.ts";
import type { BarQuery, DataSource } from "./source.ts";
import { SourceError } from "./source_error.ts";

/** See {@linkcode sqlSource}. */
export interface SqlSourceOptions {
  /** `postgres://…`; its password is never shown. */
  url: string;
  /** Table or view, `schema.table` allowed. Default `bars`. */
  table?: string;
  /** Names of the table's columns where they are not the bars' own. */
  columns?: Partial<Record<keyof Bar | "symbol" | "timeframe", string>>;
  /** Whether the table has a timeframe column to filter by. Default true. */
  hasTimeframe?: boolean;
  pageRows?: number;
}

/**
 * A PostgreSQL table of bars as a source, read through a cursor page by page. Its time column may be a
 * timestamp or a number since 1970.
 */
export function sqlSource(options: SqlSourceOptions): DataSource {
  const { url, table = "bars", columns = {}, hasTimeframe = true, pageRows = 50_000 } = options;
  const name = (field: keyof Bar | "symbol" | "timeframe") => columns[field] ?? field;
  async function* pages(query: BarQuery) {
    const { default: postgres } = await import("postgres");
    const sql = postgres(url, {
      max: 1,
      onnotice: () => {},
      connect_timeout: 10,
      // Times as PostgreSQL writes them: parseTime() reads one without a zone as UTC.
      types: { date: { to: 1184, from: [1082, 1114, 1184], serialize: String, parse: String } },
      connection: { TimeZone: "UTC" },
    });
    try {
      const rows = sql`
        SELECT ${sql(name("time"))} AS time, ${sql(name("open"))}::float8 AS open,
          ${sql(name("high"))}::float8 AS high, ${sql(name("low"))}::float8 AS low,
          ${sql(name("close"))}::float8 AS close, ${sql(name("volume"))}::float8 AS volume
        FROM ${sql(table)}
        WHERE ${sql(name("symbol"))} = ${query.symbol}
          ${hasTimeframe ? sql`AND ${sql(name("timeframe"))} = ${query.timeframe}` : sql``}
        ORDER BY ${sql(name("time"))}`.cursor(pageRows);
      let seen = 0;
      for await (const page of rows) {
        query.signal?.throwIfAborted();
        const pick = (field: keyof Bar) =>
          Float64Array.from(page, (row) => row[field] === null ? NaN : Number(row[field]));
        const bars = makeBars({
          time: Float64Array.from(page, (row) => parseTime(row.time as string | number)),
          open: pick("open"),
          high: pick("high"),
          low: pick("low"),
          close: pick("close"),
          volume: pick("volume"),
          symbol: query.symbol,
          timeframe: query.timeframe,
        });
        validateBars(bars, { path: `table ${table}, rows from ${seen + 1}` });
        seen += bars.length;
        const part = barsBetween(bars, query);
        if (part.length > 0) yield part;
      }
      if (seen === 0) {
        throw new SourceError(
          "unknown-symbol",
          "sql",
          `Cannot get bars from table ${table}: symbol and timeframe must be in it, got ${query.symbol} ${query.timeframe}`,
          { symbol: query.symbol },
        );
      }
    } catch (error) {
      throw asSourceError(error, url, table);
    } finally {
      await sql.end({ timeout: 1 });
    }
  }
  return {
    describe: () => ({
      name: "sql",
      title: "PostgreSQL table",
      capabilities: {
        bars: true,
        quotes: false,
        trades: false,
        stream: false,
        prices: "raw",
        timeframes: [],
      },
      credentials: ["DATABASE_URL"],
    }),
    pages,
    bars: (query) => collectPages(pages(query)),
  };
}

/** PostgreSQL's errors by their SQLSTATE, without the URL's password. */
function asSourceError(error: unknown, url: string, table: string): unknown {
  if (error instanceof SourceError || error instanceof DataError) return error;
  const { code = "", message } = error as { code?: string; message: string };
  let password = "";
  try {
    password = decodeURIComponent(new URL(url).password);
  } catch { /* no URL, no password */ }
  const text = password ? message.replaceAll(password, "***") : message;
  const fault = /^28/.test(code)
    ? "bad-credentials"
    : /^42(P01|703|501)/.test(code)
    ? "schema-changed"
    : "unavailable";
  return new SourceError(fault, "sql", `Cannot read table ${table}: ${text}`, {});
}
