import type { Bars } from "./bars.ts";
import { DataError } from "./data_error.ts";
import { readCsvBars } from "./read_csv_bars.ts";
import { readParquetBars } from "./read_parquet_bars.ts";
import { validateBars } from "./validate_bars.ts";

/** How {@linkcode readBars} reads a file. */
export interface ReadBarsOptions {
  /** The file's format; by default told by its ending: .csv, .tsv, .txt, .parquet, .pq. */
  format?: "csv" | "parquet";
  /** CSV separator; by default found from the header line. */
  delimiter?: string;
  /** Names of the file's columns where they are not the usual ones. */
  columns?: Partial<
    Record<"time" | "open" | "high" | "low" | "close" | "volume" | "adjusted", string>
  >;
  /** Scale prices by adjusted close / close, where the file has an adjusted close. Default false. */
  adjusted?: boolean;
  /** Check every row and refuse the file at the first bad one. Default true; `false` reads the rows as they are, for the quality check. */
  validate?: boolean;
  symbol?: string;
  timeframe?: string;
}

/**
 * The bars of a CSV or Parquet file: columns `time` or `date`, open, high, low, close and, where
 * there is one, volume, in any order and case; other columns are ignored.
 *
 * Times become milliseconds UTC; a date alone is 00:00 UTC of that date. DuckDB is loaded only for
 * Parquet.
 *
 * @throws {DataError} Naming file, row (from 1, without the header), field and value: the file is
 * missing or no CSV/Parquet, has no rows, lacks a column, or has a bad row.
 */
export async function readBars(path: string, options: ReadBarsOptions = {}): Promise<Bars> {
  const format = options.format ?? formatOf(path);
  try {
    const about = await Deno.stat(path);
    if (!about.isFile) {
      throw new DataError("not-found", `Cannot read ${path}: it must be a file, got a folder`, {
        path,
      });
    }
  } catch (cause) {
    if (!(cause instanceof Deno.errors.NotFound)) throw cause;
    throw new DataError("not-found", `Cannot read ${path}: the file must exist`, { path }, {
      cause,
    });
  }
  const bars = await (format === "csv" ? readCsvBars : readParquetBars)(path, options);
  if (bars.length === 0) {
    throw new DataError("empty", `Cannot read ${path}: there must be at least one row, got none`, {
      path,
    });
  }
  if (options.symbol !== undefined) bars.symbol = options.symbol;
  if (options.timeframe !== undefined) bars.timeframe = options.timeframe;
  return options.validate === false ? bars : validateBars(bars, { path, action: "use bars" });
}

function formatOf(path: string): "csv" | "parquet" {
  const ending = path.toLowerCase().match(/\.(csv|tsv|txt|parquet|pq)$/)?.[1];
  if (ending === undefined) {
    throw new DataError(
      "unreadable",
      `Cannot read ${path}: its name must end in .csv, .tsv, .txt, .parquet or .pq, or options.format must be given`,
      { path },
    );
  }
  return ending === "parquet" || ending === "pq" ? "parquet" : "csv";
}
