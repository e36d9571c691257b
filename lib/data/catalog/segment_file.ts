import { barFields, type Bars, makeBars } from "../bars.ts";
import { DataError } from "../data_error.ts";
import { type DuckDBConnection, queryDoubles, sqlText } from "../duckdb.ts";

const columns = ["time", ...barFields].map((name) => `${name} DOUBLE`).join(", ");

/** Writes bars as a Parquet file of doubles, in order of time. */
export async function writeSegment(
  connection: DuckDBConnection,
  path: string,
  bars: Bars,
): Promise<void> {
  const { DuckDBDataChunk, DOUBLE } = await import("@duckdb/node-api");
  await connection.run(`CREATE OR REPLACE TABLE segment (${columns})`);
  const appender = await connection.createAppender("segment");
  const fields = ["time", ...barFields] as const;
  const types = fields.map(() => DOUBLE);
  for (let from = 0; from < bars.length; from += 2048) {
    const to = Math.min(bars.length, from + 2048);
    const chunk = DuckDBDataChunk.create(types, to - from);
    chunk.setColumns(fields.map((field) => Array.from(bars[field].subarray(from, to))));
    appender.appendDataChunk(chunk);
  }
  appender.closeSync();
  await connection.run(
    `COPY (SELECT * FROM segment ORDER BY time) TO ${
      sqlText(path)
    } (FORMAT parquet, COMPRESSION zstd)`,
  );
  await connection.run("DROP TABLE segment");
}

/** The bars of segment files whose time lies in [from, to], in order of time. */
export async function readSegments(
  connection: DuckDBConnection,
  paths: readonly string[],
  from: number,
  to: number,
): Promise<Bars> {
  if (paths.length === 0) {
    return makeBars({ time: [], open: [], high: [], low: [], close: [], volume: [] });
  }
  const bounds = [
    ...Number.isFinite(from) ? [`time >= ${from}`] : [],
    ...Number.isFinite(to) ? [`time <= ${to}`] : [],
  ];
  const where = bounds.length > 0 ? `WHERE ${bounds.join(" AND ")}` : "";
  try {
    const [time, open, high, low, close, volume] = await queryDoubles(
      connection,
      `SELECT time, ${barFields.join(", ")} FROM read_parquet([${
        paths.map(sqlText).join(", ")
      }]) ${where} ORDER BY time`,
    );
    return makeBars({ time, open, high, low, close, volume });
  } catch (cause) {
    throw new DataError(
      "unreadable",
      `Cannot read the catalog: its files must be whole, got ${
        (cause as Error).message.split("\n")[0]
      }`,
      { path: paths[0] },
      { cause },
    );
  }
}
