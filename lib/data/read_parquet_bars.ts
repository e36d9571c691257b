import { findBarColumns } from "./bar_columns.ts";
import { barFields, type Bars, makeBars } from "./bars.ts";
import { DataError } from "./data_error.ts";
import { queryDoubles, queryRows, sqlName, sqlText, withDuckDb } from "./duckdb.ts";
import { parseTime } from "./parse_time.ts";
import type { ReadBarsOptions } from "./read_bars.ts";

/**
 * The bars of a Parquet file, in the file's order of rows.
 *
 * The time column may be a date, a timestamp of any precision, text, or a number since 1970.
 * A missing price is an error of the row (by {@linkcode validateBars}); a missing volume is NaN.
 */
export function readParquetBars(path: string, options: ReadBarsOptions): Promise<Bars> {
  return withDuckDb(async (connection) => {
    const from = `read_parquet(${sqlText(path)}, file_row_number = true)`;
    let described: Record<string, unknown>[];
    try {
      described = await queryRows(connection, `DESCRIBE SELECT * FROM ${from}`);
    } catch (cause) {
      throw new DataError(
        "unreadable",
        `Cannot read ${path}: the file must be Parquet, got ${firstLine(cause)}`,
        { path },
        { cause },
      );
    }
    const types = new Map(
      described.map((d) => [String(d.column_name), String(d.column_type)] as const),
    );
    types.delete("file_row_number");
    const names = [...types.keys()];
    const index = findBarColumns(names, { path, columns: options.columns });
    for (const field of barFields) {
      const name = names[index[field]];
      const type = name && types.get(name)!;
      if (type && !/^(DOUBLE|FLOAT|U?(TINY|SMALL|BIG|HUGE)?INT(EGER)?|DECIMAL.*)$/.test(type)) {
        throw new DataError(
          "not-a-number",
          `Cannot read ${path}: ${field} must be a column of numbers, got ${type}`,
          { path, field, value: type },
        );
      }
    }
    const timeName = sqlName(names[index.time]);
    const timeType = types.get(names[index.time])!;
    const isText = timeType === "VARCHAR";
    const timeSql = isText
      ? "0"
      : timeType === "DATE"
      ? `epoch_ms(${timeName}::TIMESTAMP)`
      : timeType.startsWith("TIMESTAMP")
      ? `epoch_us(${timeName}) / 1000`
      : timeName;
    const price = (field: typeof barFields[number]) => {
      if (index[field] < 0) return "CAST('nan' AS DOUBLE)";
      const value = `CAST(${sqlName(names[index[field]])} AS DOUBLE)`;
      if (!options.adjusted || index.adjusted < 0 || field === "volume") return value;
      const close = `CAST(${sqlName(names[index.close])} AS DOUBLE)`;
      const adjusted = `CAST(${sqlName(names[index.adjusted])} AS DOUBLE)`;
      return field === "close" ? adjusted : `${value} * ${adjusted} / ${close}`;
    };
    const order = "ORDER BY file_row_number";
    const [time, open, high, low, close, volume] = await queryDoubles(
      connection,
      `SELECT CAST(${timeSql} AS DOUBLE), ${barFields.map(price).join(", ")} FROM ${from} ${order}`,
    );
    if (isText) {
      const rows = await queryRows(connection, `SELECT ${timeName} AS t FROM ${from} ${order}`);
      rows.forEach(({ t }, i) => time[i] = parseTime(String(t)));
    } else if (!timeType.startsWith("TIMESTAMP") && timeType !== "DATE") {
      for (let i = 0; i < time.length; i++) time[i] = parseTime(time[i]);
    }
    return makeBars({ time, open, high, low, close, volume });
  });
}

function firstLine(error: unknown): string {
  return (error as Error).message.split("\n")[0];
}
