import { createReadStream } from "node:fs";
import { parse } from "csv-parse";
import { findBarColumns } from "./bar_columns.ts";
import { type Bars, makeBars } from "./bars.ts";
import { DataError, type DataFault } from "./data_error.ts";
import { DoubleColumn } from "./double_column.ts";
import { parseTime } from "./parse_time.ts";
import type { ReadBarsOptions } from "./read_bars.ts";

const priceFields = ["open", "high", "low", "close"] as const;

/**
 * The bars of a CSV file with a header line; separator comma, semicolon or tab, found from the header.
 *
 * Values are parsed strictly: a price that is no plain decimal number, or a time that cannot be read
 * in one way only, is an error with its row. An empty volume is NaN.
 */
export async function readCsvBars(path: string, options: ReadBarsOptions): Promise<Bars> {
  const fail = (fault: DataFault, rule: string, row: number, field: string, value: unknown) => {
    const shown = typeof value === "string" ? `"${value}"` : value;
    return new DataError(
      fault,
      `Cannot read ${path}: ${field} ${rule}, got ${shown} in row ${row}`,
      {
        row,
        field,
        value,
        path,
      },
    );
  };
  const delimiter = options.delimiter ?? sniffDelimiter(await readHead(path));
  const parser = createReadStream(path).pipe(
    parse({ bom: true, trim: true, skip_empty_lines: true, delimiter, relax_column_count: true }),
  );
  const columns = {
    time: new DoubleColumn(),
    open: new DoubleColumn(),
    high: new DoubleColumn(),
    low: new DoubleColumn(),
    close: new DoubleColumn(),
    volume: new DoubleColumn(),
  };
  let header: string[] | undefined;
  let index: ReturnType<typeof findBarColumns> | undefined;
  let row = 0;
  try {
    for await (const record of parser as AsyncIterable<string[]>) {
      if (!header || !index) {
        header = record;
        index = findBarColumns(record, { path, columns: options.columns });
        continue;
      }
      row++;
      if (record.length !== header.length) {
        throw new DataError(
          "wrong-field-count",
          `Cannot read ${path}: row ${row} must have ${header.length} fields as the header has, got ${record.length}`,
          { row, value: record.length, path },
        );
      }
      const time = parseTime(record[index.time]);
      if (time !== time) {
        throw fail("bad-time", "must be a date or time", row, "time", record[index.time]);
      }
      columns.time.push(time);
      for (const field of priceFields) {
        const text = record[index[field]];
        const value = parseNumber(text);
        if (value !== value) throw fail("not-a-number", "must be a number", row, field, text);
        columns[field].push(value);
      }
      if (index.volume >= 0) {
        const text = record[index.volume];
        const value = text === "" ? NaN : parseNumber(text);
        if (value !== value && text !== "") {
          throw fail("not-a-number", "must be a number or empty", row, "volume", text);
        }
        columns.volume.push(value);
      } else columns.volume.push(NaN);
      if (options.adjusted && index.adjusted >= 0) {
        const text = record[index.adjusted];
        const adjusted = parseNumber(text);
        if (adjusted !== adjusted) {
          throw fail("not-a-number", "must be a number", row, "adjclose", text);
        }
        const close = columns.close.last();
        const factor = close === 0 ? 1 : adjusted / close;
        for (const field of priceFields) columns[field].scaleLast(factor);
        columns.close.setLast(adjusted);
      }
    }
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(
      "unreadable",
      `Cannot read ${path}: the text must be CSV, got ${(error as Error).message}`,
      { path, row: row + 1 },
      { cause: error },
    );
  } finally {
    parser.destroy();
  }
  if (!header) {
    throw new DataError("empty", `Cannot read ${path}: there must be a header line, got none`, {
      path,
    });
  }
  return makeBars({
    time: columns.time.take(),
    open: columns.open.take(),
    high: columns.high.take(),
    low: columns.low.take(),
    close: columns.close.take(),
    volume: columns.volume.take(),
  });
}

/** A plain decimal number, or NaN: no thousands separators, no hexadecimal, no infinities. */
export function parseNumber(text: string): number {
  const value = Number(text);
  if (value - value !== 0 || text.length === 0) return NaN;
  // Number() also takes blanks and 0x, 0o, 0b.
  const second = text.charCodeAt(1);
  return second > 65 && /^0[xob]/i.test(text) || text.trim() === "" ? NaN : value;
}

async function readHead(path: string): Promise<string> {
  const file = await Deno.open(path, { read: true });
  try {
    const buffer = new Uint8Array(4096);
    const count = await file.read(buffer);
    return new TextDecoder().decode(buffer.subarray(0, count ?? 0));
  } finally {
    file.close();
  }
}

function sniffDelimiter(head: string): string {
  const line = head.split(/\r?\n/, 1)[0];
  const count = (mark: string) => line.split(mark).length;
  return [";", "\t"].reduce((best, mark) => count(mark) > count(best) ? mark : best, ",");
}
