import { formatTime } from "../validate_bars.ts";
import { DataError } from "../data_error.ts";

/** Which series a partition of the catalog holds. */
export interface PartitionKey {
  source: string;
  symbol: string;
  timeframe: string;
}

/** One immutable Parquet file of a partition: the bars of one calendar month or year. */
export interface Segment {
  /** File name, ending in a piece of the fingerprint: other bars, another name. */
  file: string;
  /** `2020` or `2020-03`, UTC. */
  period: string;
  /** First and last time, ms UTC. */
  from: number;
  to: number;
  rows: number;
  /** `fingerprintBars()` of the segment's bars. */
  fingerprint: string;
  bytes: number;
}

/** What a partition holds; replaced as a whole by one rename. */
export interface Manifest extends PartitionKey {
  format: 1;
  /** Counts the writes. */
  version: number;
  updatedAt: string;
  segments: Segment[];
  /** The last quality report without its rows, kept with the data. */
  quality?: unknown;
  /** Whether prices are adjusted for splits and dividends, and other facts the writer states. */
  about?: Record<string, string | number | boolean>;
}

/** Folder of a partition below the catalog's root; every part is a safe file name. */
export function partitionPath({ source, symbol, timeframe }: PartitionKey): string {
  for (const [field, value] of Object.entries({ source, symbol, timeframe })) {
    if (typeof value !== "string" || value.trim() === "" || value.length > 200) {
      throw new DataError(
        "bad-request",
        `Cannot use the catalog: ${field} must be a name of 1 to 200 characters, got ${
          JSON.stringify(value)
        }`,
        { field, value },
      );
    }
  }
  return [source, symbol, timeframe].map(encodeName).join("/");
}

/** Percent-encodes what file systems may refuse, leading dots included. */
function encodeName(name: string): string {
  return encodeURIComponent(name).replace(/[*'()!~]/g, hex).replace(
    /^\.+/,
    (dots) => dots.replace(/\./g, "%2E"),
  );
}

function hex(character: string): string {
  return `%${character.charCodeAt(0).toString(16).toUpperCase()}`;
}

/** The calendar period (UTC) of a time: months for bars shorter than a day, else years. */
export function periodOf(time: number, timeframe: string): string {
  const iso = new Date(time).toISOString();
  return /^\d+(s|m|min|h|tick)$/.test(timeframe) ? iso.slice(0, 7) : iso.slice(0, 4);
}

/** The first time (ms UTC) after a period. */
export function periodEnd(period: string): number {
  const [year, month] = period.split("-").map(Number);
  return month === undefined ? Date.UTC(year + 1, 0, 1) : Date.UTC(year, month, 1);
}

/** A manifest's key alone. */
export function keyOf({ source, symbol, timeframe }: PartitionKey): PartitionKey {
  return { source, symbol, timeframe };
}

/** One line about a partition, for lists. */
export function describePartition(manifest: Manifest): string {
  const rows = manifest.segments.reduce((sum, s) => sum + s.rows, 0);
  const from = manifest.segments[0]?.from ?? NaN;
  const to = manifest.segments.at(-1)?.to ?? NaN;
  return `${manifest.source}/${manifest.symbol}/${manifest.timeframe}  ${rows} bars, ${
    formatTime(from)
  } to ${formatTime(to)}`;
}
