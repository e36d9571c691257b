import { DataError } from "./data_error.ts";
import type { BarField } from "./bars.ts";

/** Names under which files carry a bar's fields, lower case, without blanks and underscores. */
const aliases: Record<"time" | BarField | "adjusted", readonly string[]> = {
  time: ["time", "date", "datetime", "timestamp", "ts"],
  open: ["open", "o"],
  high: ["high", "h"],
  low: ["low", "l"],
  close: ["close", "c"],
  volume: ["volume", "vol", "v"],
  adjusted: ["adjclose", "adjustedclose"],
};

/** Index of each bar field among a file's columns; -1 for a volume or adjusted close it lacks. */
export type BarColumnIndex = Record<keyof typeof aliases, number>;

/**
 * Finds the columns of bars in a header, ignoring case, blanks and underscores.
 *
 * @throws {DataError} `missing-column` naming the field and what the header has.
 */
export function findBarColumns(
  header: readonly string[],
  options: { path: string; columns?: Partial<Record<keyof typeof aliases, string>> },
): BarColumnIndex {
  const plain = header.map((name) => name.trim().toLowerCase().replace(/[\s_]/g, ""));
  const index = {} as BarColumnIndex;
  for (const field of Object.keys(aliases) as (keyof typeof aliases)[]) {
    const wanted = options.columns?.[field];
    const at = wanted !== undefined
      ? header.indexOf(wanted)
      : aliases[field].map((alias) => plain.indexOf(alias)).find((i) => i >= 0) ?? -1;
    if (at < 0 && (wanted !== undefined || (field !== "volume" && field !== "adjusted"))) {
      const names = wanted ?? (field === "time" ? "time or date" : field);
      throw new DataError(
        "missing-column",
        `Cannot read ${options.path}: there must be a column ${names}, got ${
          header.map((h) => h.trim()).join(", ") || "no columns"
        }`,
        { field, path: options.path },
      );
    }
    index[field] = at;
  }
  return index;
}
