/**
 * DuckDB, loaded when first asked for: an in-memory instance that reads and writes files.
 * @module
 */
import type { DuckDBConnection, DuckDBResult } from "@duckdb/node-api";
import { DataError } from "./data_error.ts";
import { DoubleColumn } from "./double_column.ts";

export type { DuckDBConnection };

/** A text as an SQL literal. */
export function sqlText(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}

/** A name as an SQL identifier. */
export function sqlName(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/**
 * Runs `body` with a connection of a fresh in-memory database and closes both afterwards.
 *
 * @throws {DataError} `unreadable` if the native add-on cannot be loaded on this machine.
 */
export async function withDuckDb<T>(
  body: (connection: DuckDBConnection) => Promise<T>,
): Promise<T> {
  let duckdb: typeof import("@duckdb/node-api");
  try {
    duckdb = await import("@duckdb/node-api");
  } catch (cause) {
    throw new DataError(
      "unreadable",
      `Cannot read or write Parquet: @duckdb/node-api must load, got ${(cause as Error).message}`,
      {},
      { cause },
    );
  }
  const instance = await duckdb.DuckDBInstance.create(":memory:");
  try {
    const connection = await instance.connect();
    try {
      return await body(connection);
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

/** All rows of a query as one Float64Array per column; every column is cast by the query to DOUBLE. NULL gives NaN. */
export async function queryDoubles(
  connection: DuckDBConnection,
  sql: string,
): Promise<Float64Array[]> {
  const result: DuckDBResult = await connection.stream(sql);
  const columns = Array.from({ length: result.columnCount }, () => new DoubleColumn());
  for (;;) {
    const chunk = await result.fetchChunk();
    if (!chunk || chunk.rowCount === 0) break;
    const rows = chunk.rowCount;
    for (let c = 0; c < columns.length; c++) {
      const vector = chunk.getColumnVector(c);
      const { values, at } = columns[c].reserve(rows);
      for (let r = 0; r < rows; r++) {
        const item = vector.getItem(r) as number | null;
        values[at + r] = item === null ? NaN : item;
      }
    }
  }
  return columns.map((column) => column.take());
}

/** Rows of a small query as objects of plain values. */
export async function queryRows(
  connection: DuckDBConnection,
  sql: string,
): Promise<Record<string, unknown>[]> {
  const reader = await connection.runAndReadAll(sql);
  return reader.getRowObjectsJS() as Record<string, unknown>[];
}
