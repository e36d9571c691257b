import { barFields, type Bars } from "./bars.ts";
import { writeSegment } from "./catalog/segment_file.ts";
import { DataError } from "./data_error.ts";
import { withDuckDb } from "./duckdb.ts";

/**
 * Writes bars as CSV (times in ISO 8601, unknown volumes empty) or Parquet (times in ms UTC as
 * doubles), by the path's ending. `readBars()` gives equal bars back. The file appears whole or not at
 * all.
 *
 * @throws {DataError} `bad-request` for another ending.
 */
export async function writeBars(path: string, bars: Bars): Promise<void> {
  const ending = path.toLowerCase().match(/\.(csv|parquet)$/)?.[1];
  if (!ending) {
    throw new DataError(
      "bad-request",
      `Cannot write ${path}: its name must end in .csv or .parquet`,
      {
        path,
      },
    );
  }
  const scratch = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
  try {
    if (ending === "parquet") {
      await withDuckDb((connection) => writeSegment(connection, scratch, bars));
    } else await writeCsv(scratch, bars);
    await Deno.rename(scratch, path);
  } catch (error) {
    await Deno.remove(scratch).catch(() => {});
    throw error;
  }
}

async function writeCsv(path: string, bars: Bars): Promise<void> {
  using file = await Deno.open(path, { write: true, create: true, truncate: true });
  const encoder = new TextEncoder();
  const write = async (text: string) => {
    let bytes = encoder.encode(text);
    while (bytes.length > 0) bytes = bytes.subarray(await file.write(bytes));
  };
  await write(`time,${barFields.join(",")}\n`);
  let lines = "";
  for (let i = 0; i < bars.length; i++) {
    const iso = new Date(bars.time[i]).toISOString();
    lines += iso.endsWith("T00:00:00.000Z") ? iso.slice(0, 10) : iso;
    for (const field of barFields) {
      const value = bars[field][i];
      lines += value === value ? `,${value}` : ",";
    }
    lines += "\n";
    if (lines.length > 1_000_000) {
      await write(lines);
      lines = "";
    }
  }
  await write(lines);
}
