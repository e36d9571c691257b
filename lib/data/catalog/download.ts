import { formatTime } from "../validate_bars.ts";
import type { BarQuery, DataSource } from "../sources/source.ts";
import type { Catalog } from "./catalog.ts";
import { type PartitionKey, partitionPath } from "./partition.ts";

/** See {@linkcode downloadBars}. */
export interface DownloadOptions {
  /** Name of the partition's source; the source's own by default. */
  as?: string;
  onProgress?: (progress: { rows: number; time: number; to: number }) => void;
}

/** Which query an interrupted download was at, and the last bar that was kept. */
interface Bookmark {
  query: string;
  lastTime: number;
  rows: number;
}

/**
 * Brings a range of bars from a source into the catalog, page by page. Interrupted and started again
 * with the same query, it goes on after the last page kept.
 *
 * @throws {SourceError} If the source fails for good; pages before stay and are not asked for again.
 */
export async function downloadBars(
  source: DataSource,
  catalog: Catalog,
  query: BarQuery,
  options: DownloadOptions = {},
): Promise<{ key: PartitionKey; rows: number; resumedAfter: number | null }> {
  const { name } = source.describe();
  const key = { source: options.as ?? name, symbol: query.symbol, timeframe: query.timeframe };
  const folder = `${catalog.root}/${partitionPath(key)}`;
  const path = `${folder}/download.json`;
  await Deno.mkdir(folder, { recursive: true });
  const { signal: _signal, ...plain } = query;
  const text = JSON.stringify(plain);
  let bookmark: Bookmark | null = null;
  try {
    const found = JSON.parse(await Deno.readTextFile(path)) as Bookmark;
    if (found.query === text) bookmark = found;
  } catch { /* no bookmark, or a broken one: from the start */ }
  let rows = bookmark?.rows ?? 0;
  const from = bookmark ? bookmark.lastTime + 1 : query.from;
  for await (const page of source.pages({ ...query, from })) {
    if (page.length === 0) continue;
    await catalog.write(key, page, { about: { adjusted: query.adjusted ?? false } });
    rows += page.length;
    const lastTime = page.time[page.length - 1];
    await Deno.writeTextFile(
      `${path}.tmp`,
      JSON.stringify({ query: text, lastTime, rows } satisfies Bookmark),
    );
    await Deno.rename(`${path}.tmp`, path);
    options.onProgress?.({ rows, time: lastTime, to: query.to ?? Date.now() });
  }
  await Deno.remove(path).catch(() => {});
  return { key, rows, resumedAfter: bookmark?.lastTime ?? null };
}

/** One line about a download under way. */
export function describeDownload(progress: { rows: number; time: number }): string {
  return `${progress.rows} bars, up to ${formatTime(progress.time)}`;
}
