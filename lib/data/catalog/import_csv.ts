import { createReadStream } from "node:fs";
import { type Info, parse } from "csv-parse";
import { findBarColumns } from "../bar_columns.ts";
import type { Bars } from "../bars.ts";
import { BarRowReader } from "../bar_row_reader.ts";
import { readCsvHead } from "../read_csv_bars.ts";
import { DataError } from "../data_error.ts";
import type { ReadBarsOptions } from "../read_bars.ts";
import { validateBars } from "../validate_bars.ts";
import type { Catalog, CatalogWriteOptions } from "./catalog.ts";
import { keyOf, type PartitionKey, partitionPath } from "./partition.ts";

/** How far an import has come. */
export interface ImportProgress {
  rows: number;
  /** Bytes of the file read and kept so far, and all of them. */
  bytes: number;
  totalBytes: number;
}

/** See {@linkcode importCsv}. */
export interface ImportOptions extends Pick<ReadBarsOptions, "columns" | "delimiter" | "adjusted"> {
  /** Rows that are written together; a crash loses at most the reading of so many. Default 100,000. */
  batchRows?: number;
  conflict?: CatalogWriteOptions["conflict"];
  onProgress?: (progress: ImportProgress) => void;
  signal?: AbortSignal;
}

/** Where an interrupted import goes on; kept beside the partition's manifest until it is done. */
interface Bookmark {
  file: string;
  size: number;
  modified: number;
  bytes: number;
  rows: number;
  lastTime: number;
}

/**
 * Brings a CSV file of any size into the catalog, batch by batch, in constant memory.
 *
 * After each batch a bookmark is written; when the import is interrupted and started again with the
 * same unchanged file it goes on from there, and the catalog ends up as after an undisturbed import.
 *
 * @throws {DataError} At the first bad row, named with its row in the file; rows before it that were
 * written in whole batches stay.
 */
export async function importCsv(
  catalog: Catalog,
  key: PartitionKey,
  path: string,
  options: ImportOptions = {},
): Promise<{ rows: number; resumedAt: number }> {
  const { batchRows = 100_000, conflict, onProgress, signal } = options;
  const folder = `${catalog.root}/${partitionPath(keyOf(key))}`;
  const bookmarkPath = `${folder}/import.json`;
  const about = await Deno.stat(path).catch((cause) => {
    throw new DataError("not-found", `Cannot import ${path}: the file must exist`, { path }, {
      cause,
    });
  });
  const size = about.size;
  const modified = about.mtime?.getTime() ?? 0;
  const { header, headerBytes, delimiter } = await readCsvHead(path, options.delimiter);
  const index = findBarColumns(header, { path, columns: options.columns });
  let bookmark = await readBookmark(bookmarkPath);
  if (
    bookmark && (bookmark.file !== path || bookmark.size !== size || bookmark.modified !== modified)
  ) bookmark = null; // another file: from the start
  const start = bookmark?.bytes ?? headerBytes;
  const resumedAt = bookmark?.rows ?? 0;
  let rows = resumedAt;
  let lastTime = bookmark?.lastTime ?? -Infinity;
  const reader = new BarRowReader(path, header.length, index, options.adjusted ?? false, rows);
  await Deno.mkdir(folder, { recursive: true });

  const keep = async (bytes: number) => {
    const bars = reader.take();
    if (bars.length === 0) return;
    checkBatch(bars, rows, lastTime, path);
    await catalog.write(key, bars, { conflict });
    rows += bars.length;
    lastTime = bars.time[bars.length - 1];
    const mark: Bookmark = { file: path, size, modified, bytes: start + bytes, rows, lastTime };
    await Deno.writeTextFile(`${bookmarkPath}.tmp`, JSON.stringify(mark));
    await Deno.rename(`${bookmarkPath}.tmp`, bookmarkPath);
    onProgress?.({ rows, bytes: start + bytes, totalBytes: size });
  };

  onProgress?.({ rows, bytes: start, totalBytes: size });
  const parser = createReadStream(path, { start }).pipe(
    parse({ trim: true, skip_empty_lines: true, delimiter, relax_column_count: true, info: true }),
  );
  try {
    let bytes = 0;
    for await (
      const { record, info } of parser as AsyncIterable<{ record: string[]; info: Info }>
    ) {
      reader.push(record);
      bytes = info.bytes;
      if (reader.length >= batchRows) {
        signal?.throwIfAborted();
        await keep(bytes);
      }
    }
    await keep(size - start);
  } catch (error) {
    if (error instanceof DataError || signal?.aborted) throw error;
    throw new DataError(
      "unreadable",
      `Cannot read ${path}: the text must be CSV, got ${(error as Error).message}`,
      { path, row: rows + reader.length + 1 },
      { cause: error },
    );
  } finally {
    parser.destroy();
  }
  if (rows === 0) {
    throw new DataError("empty", `Cannot read ${path}: there must be at least one row, got none`, {
      path,
    });
  }
  await Deno.remove(bookmarkPath).catch(() => {});
  return { rows, resumedAt };
}

/** Checks a batch as part of the whole file: its rows carry the file's numbers. */
function checkBatch(bars: Bars, rowsBefore: number, lastTime: number, path: string): void {
  if (!(bars.time[0] > lastTime)) {
    const same = bars.time[0] === lastTime;
    throw new DataError(
      same ? "duplicate-time" : "out-of-order",
      `Cannot use bars of ${path}: time ${
        same ? "must not occur twice" : "must be after the row before"
      }, got ${new Date(bars.time[0]).toISOString()} in row ${rowsBefore + 1}`,
      { row: rowsBefore + 1, field: "time", value: bars.time[0], path },
    );
  }
  try {
    validateBars(bars, { path });
  } catch (error) {
    if (!(error instanceof DataError) || error.row === undefined) throw error;
    const row = rowsBefore + error.row;
    throw new DataError(error.fault, error.message.replace(/in row \d+$/, `in row ${row}`), {
      row,
      field: error.field,
      value: error.value,
      path,
    });
  }
}

async function readBookmark(path: string): Promise<Bookmark | null> {
  try {
    return JSON.parse(await Deno.readTextFile(path)) as Bookmark;
  } catch {
    return null;
  }
}
