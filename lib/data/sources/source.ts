import type { Bars } from "../bars.ts";

/** Which bars are asked for. Times are ms UTC; a bar belongs to the range by its close. */
export interface BarQuery {
  symbol: string;
  /** As `1m`, `1h`, `1d`; must be among the source's timeframes. */
  timeframe: string;
  from?: number;
  to?: number;
  /** Prices adjusted for splits and dividends, where the source can. Default false. */
  adjusted?: boolean;
  signal?: AbortSignal;
}

/** Best bid and ask of a symbol at a time (ms UTC). */
export interface Quote {
  symbol: string;
  time: number;
  bid: number;
  ask: number;
  bidSize: number;
  askSize: number;
}

/** One trade, or one price update taken as such. */
export interface Trade {
  symbol: string;
  time: number;
  price: number;
  size: number;
}

/** What a source can do, for lists and for choosing one. */
export interface SourceDescription {
  name: string;
  title: string;
  capabilities: {
    bars: boolean;
    quotes: boolean;
    trades: boolean;
    stream: boolean;
    /** Which prices it gives. */
    prices: "raw" | "adjusted" | "both";
    timeframes: readonly string[];
  };
  /** Requests per interval that it keeps to. */
  rateLimit?: { requests: number; perMs: number };
  /** Names of environment variables from which it takes credentials. */
  credentials: readonly string[];
  /** Where the venue documents what is used here. */
  documentation?: string;
}

/** A place that bars come from. */
export interface DataSource {
  describe(): SourceDescription;
  /** All bars of the range, oldest first. @throws {SourceError} */
  bars(query: BarQuery): Promise<Bars>;
  /** The same in pages, oldest first, as they arrive: what a resumable download takes. */
  pages(query: BarQuery): AsyncIterable<Bars>;
  /** Current best bid and ask. */
  quotes?(symbols: readonly string[], signal?: AbortSignal): Promise<Quote[]>;
  /** Latest trades, oldest first. */
  trades?(query: { symbol: string; from?: number; signal?: AbortSignal }): Promise<Trade[]>;
  /** Quotes as they come, until the signal aborts. */
  stream?(symbols: readonly string[], signal: AbortSignal): AsyncIterable<Quote>;
}
