import { type Bar, type Bars, barsFromRows } from "../bars.ts";
import { SourceError } from "./source_error.ts";

/** The credential that an environment variable holds. @throws {SourceError} `bad-credentials` */
export function credential(
  source: string,
  name: string,
  env: (name: string) => string | undefined,
): string {
  const value = env(name)?.trim();
  if (!value) {
    throw new SourceError(
      "bad-credentials",
      source,
      `Cannot use ${source}: the environment variable ${name} must hold a credential, got none`,
      { field: name },
    );
  }
  return value;
}

/** The number in a venue's answer. @throws {SourceError} `schema-changed` naming the field. */
export function venueNumber(source: string, value: unknown, field: string): number {
  const number = typeof value === "string" && value.trim() !== "" ? Number(value) : value;
  if (typeof number !== "number" || !Number.isFinite(number)) {
    throw schemaError(source, field, "must be a number", value);
  }
  return number;
}

/** The error for an answer in another shape than documented. */
export function schemaError(
  source: string,
  field: string,
  rule: string,
  value: unknown,
): SourceError {
  const shown = JSON.stringify(value) ?? "nothing";
  return new SourceError(
    "schema-changed",
    source,
    `Cannot read the answer of ${source}: ${field} ${rule}, got ${
      shown.length > 80 ? shown.slice(0, 77) + "..." : shown
    }`,
    { field },
  );
}

/** Rows sorted by time, cut to the range, doubles dropped (the later one stays). */
export function pageOfRows(
  rows: Bar[],
  { symbol, timeframe, from = -Infinity, to = Infinity }: {
    symbol: string;
    timeframe: string;
    from?: number;
    to?: number;
  },
): Bars {
  const sorted = rows.filter((row) => row.time >= from && row.time <= to)
    .sort((a, b) => a.time - b.time);
  const unique = sorted.filter((row, k) =>
    k + 1 === sorted.length || sorted[k + 1].time !== row.time
  );
  return barsFromRows(unique, { symbol, timeframe });
}
