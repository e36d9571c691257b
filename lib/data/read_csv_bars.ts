import { createReadStream } from "node:fs";
import { parse } from "csv-parse";
import { parse as parseSync } from "csv-parse/sync";
import { findBarColumns } from "./bar_columns.ts";
import { BarRowReader } from "./bar_row_reader.ts";
import type { Bars } from "./bars.ts";
import { DataError } from "./data_error.ts";
import type { ReadBarsOptions } from "./read_bars.ts";

/**
 * The bars of a CSV file with a header line; separator comma, semicolon or tab, found from the header.
 *
 * Values are parsed strictly: a price that is no plain decimal number, or a time that cannot be read
 * in one way only, is an error with its row. An empty volume is NaN.
 */
export async function readCsvBars(path: string, options: ReadBarsOptions): Promise<Bars> {
  const { header, headerBytes, delimiter } = await readCsvHead(path, options.delimiter);
  const index = findBarColumns(header, { path, columns: options.columns });
  const reader = new BarRowReader(path, header.length, index, options.adjusted ?? false);
  const parser = createReadStream(path, { start: headerBytes }).pipe(
    parse({ trim: true, skip_empty_lines: true, delimiter, relax_column_count: true }),
  );
  try {
    for await (const record of parser as AsyncIterable<string[]>) reader.push(record);
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError(
      "unreadable",
      `Cannot read ${path}: the text must be CSV, got ${(error as Error).message}`,
      { path, row: reader.length + 1 },
      { cause: error },
    );
  } finally {
    parser.destroy();
  }
  return reader.take();
}

/**
 * The header of a CSV file, where the rows after it begin, and the separator.
 *
 * @throws {DataError} `empty` if there is no header line.
 */
export async function readCsvHead(
  path: string,
  delimiter?: string,
): Promise<{ header: string[]; headerBytes: number; delimiter: string }> {
  const buffer = new Uint8Array(65_536);
  let length = 0;
  using file = await Deno.open(path, { read: true });
  while (length < buffer.length) {
    const count = await file.read(buffer.subarray(length));
    if (count === null) break;
    length += count;
  }
  const head = buffer.subarray(0, length);
  let start = head[0] === 0xef && head[1] === 0xbb && head[2] === 0xbf ? 3 : 0;
  while (start < length && (head[start] === 10 || head[start] === 13)) start++;
  const newline = head.indexOf(10, start);
  const end = newline < 0 ? length : newline + 1;
  const line = new TextDecoder().decode(head.subarray(start, end)).trimEnd();
  if (line.trim() === "") {
    throw new DataError("empty", `Cannot read ${path}: there must be a header line, got none`, {
      path,
    });
  }
  const separator = delimiter ?? sniffDelimiter(line);
  const [header] = parseSync(line, { delimiter: separator, trim: true }) as string[][];
  return { header, headerBytes: end, delimiter: separator };
}

function sniffDelimiter(line: string): string {
  const count = (mark: string) => line.split(mark).length;
  return [";", "\t"].reduce((best, mark) => count(mark) > count(best) ? mark : best, ",");
}
