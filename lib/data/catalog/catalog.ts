import { type Bars, firstBarAt, sliceBars } from "../bars.ts";
import { DataError } from "../data_error.ts";
import { type DuckDBConnection, withDuckDb } from "../duckdb.ts";
import { fingerprintBars } from "../fingerprint_bars.ts";
import type { QualityReport } from "../quality/quality_report.ts";
import { validateBars } from "../validate_bars.ts";
import { copyCatalog } from "./copy_catalog.ts";
import { type ConflictPolicy, mergeBars } from "./merge_bars.ts";
import {
  keyOf,
  type Manifest,
  type PartitionKey,
  partitionPath,
  periodEnd,
  periodOf,
  type Segment,
} from "./partition.ts";
import { readSegments, writeSegment } from "./segment_file.ts";

/** How bars are put into the catalog. */
export interface CatalogWriteOptions {
  /** Which bar stays where a stored one has the same time. Default `replace`. */
  conflict?: ConflictPolicy;
  /** Kept with the data, without its lists of rows. */
  quality?: QualityReport;
  about?: Manifest["about"];
}

/** A time range in ms UTC, both ends included. */
export interface CatalogRange {
  from?: number;
  to?: number;
}

/** A finding of {@linkcode Catalog.verify}. */
export interface CatalogFault {
  key: PartitionKey;
  file: string;
  problem: "missing" | "unreadable" | "changed";
}

/** Unreferenced files younger than this stay for readers that opened the manifest before. */
const graceMs = 10 * 60_000;

/**
 * Bars on disk: Parquet files in folders `source/symbol/timeframe`, one file per calendar year (or
 * month, for bars shorter than a day), under a manifest that says what they hold.
 *
 * Files never change: a write makes new ones and then replaces the manifest by one rename, so that a
 * reader sees the state before or after a write, and a crash in between leaves the state before. One
 * writer per partition at a time (a lock that the system frees when a process dies), any number of
 * readers. A read opens only the files whose range it needs.
 */
export class Catalog {
  constructor(readonly root: string) {}

  /** What a partition holds, or null. */
  async manifest(key: PartitionKey): Promise<Manifest | null> {
    const path = `${this.#folder(key)}/manifest.json`;
    let text: string;
    try {
      text = await Deno.readTextFile(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw error;
    }
    try {
      const manifest = JSON.parse(text) as Manifest;
      if (manifest.format !== 1 || !Array.isArray(manifest.segments)) {
        throw new Error("other format");
      }
      return manifest;
    } catch (cause) {
      throw new DataError(
        "unreadable",
        `Cannot read the catalog: ${path} must be a manifest of format 1, got ${
          (cause as Error).message
        }`,
        { path },
        { cause },
      );
    }
  }

  /** Every partition, in order of source, symbol and timeframe. */
  async list(): Promise<Manifest[]> {
    const found: Manifest[] = [];
    const walk = async (path: string, parts: string[]): Promise<void> => {
      if (parts.length === 3) {
        const [source, symbol, timeframe] = parts.map(decodeURIComponent);
        const manifest = await this.manifest({ source, symbol, timeframe });
        if (manifest) found.push(manifest);
        return;
      }
      let entries: Deno.DirEntry[];
      try {
        entries = await Array.fromAsync(Deno.readDir(path));
      } catch (error) {
        if (error instanceof Deno.errors.NotFound) return;
        throw error;
      }
      entries.sort((a, b) => a.name < b.name ? -1 : 1);
      for (const entry of entries) {
        if (entry.isDirectory) await walk(`${path}/${entry.name}`, [...parts, entry.name]);
      }
    };
    await walk(this.root, []);
    return found;
  }

  /**
   * The bars of a range, in order of time.
   *
   * @throws {DataError} `not-found` if the catalog has no such partition, `unreadable` if a file is
   * damaged.
   */
  async read(key: PartitionKey, range: CatalogRange = {}): Promise<Bars> {
    const { from = -Infinity, to = Infinity } = range;
    for (let attempt = 0;; attempt++) {
      const manifest = await this.manifest(key);
      if (!manifest) throw this.#notFound(key);
      const segments = manifest.segments.filter((s) => s.to >= from && s.from <= to);
      try {
        const bars = await withDuckDb((connection) =>
          readSegments(connection, segments.map((s) => this.#path(key, s)), from, to)
        );
        bars.symbol = key.symbol;
        bars.timeframe = key.timeframe;
        return bars;
      } catch (error) {
        // A writer may have replaced the files between the manifest and the read: look again.
        const newer = await this.manifest(key);
        if (attempt >= 3 || newer?.version === manifest.version) throw error;
      }
    }
  }

  /** Which files a read of the range would open. */
  async filesOf(key: PartitionKey, range: CatalogRange = {}): Promise<string[]> {
    const { from = -Infinity, to = Infinity } = range;
    const segments = (await this.manifest(key))?.segments ?? [];
    return segments.filter((s) => s.to >= from && s.from <= to).map((s) => s.file);
  }

  /**
   * One fingerprint of a range: that of its bars, as `fingerprintBars()` gives it for a run's record.
   */
  async fingerprint(key: PartitionKey, range: CatalogRange = {}): Promise<string> {
    return await fingerprintBars(await this.read(key, range));
  }

  /**
   * Adds bars to a partition, or replaces those of the same times. Atomic: all of them or none.
   *
   * @throws {DataError} If a bar is not sound, another writer holds the partition (`bad-request`), or
   * bars conflict under `reject`.
   */
  async write(
    key: PartitionKey,
    bars: Bars,
    options: CatalogWriteOptions = {},
  ): Promise<Manifest> {
    validateBars(bars, { action: "write the catalog" });
    return await this.#locked(key, async () => {
      const before = await this.manifest(key);
      const segments = new Map((before?.segments ?? []).map((s) => [s.period, s]));
      await withDuckDb(async (connection) => {
        let from = 0;
        while (from < bars.length) {
          const period = periodOf(bars.time[from], key.timeframe);
          const to = firstBarAt(bars, periodEnd(period));
          const fresh = sliceBars(bars, from, to);
          const stored = segments.get(period);
          const old = stored &&
            await readSegments(connection, [this.#path(key, stored)], -Infinity, Infinity);
          const merged = old ? mergeBars(old, fresh, options.conflict ?? "replace") : fresh;
          segments.set(period, await this.#store(connection, key, period, merged));
          from = to;
        }
      });
      return await this.#publish(key, {
        ...key,
        format: 1,
        version: (before?.version ?? 0) + 1,
        updatedAt: new Date().toISOString(),
        segments: [...segments.values()].sort((a, b) => a.from - b.from),
        quality: options.quality ? withoutRows(options.quality) : before?.quality,
        about: { ...before?.about, ...options.about },
      });
    });
  }

  /** Keeps a quality report (without its lists of rows) and other facts with a partition. */
  async annotate(
    key: PartitionKey,
    notes: { quality?: QualityReport; about?: Manifest["about"] },
  ): Promise<Manifest> {
    return await this.#locked(key, async () => {
      const before = await this.manifest(key);
      if (!before) throw this.#notFound(key);
      return await this.#publish(key, {
        ...before,
        version: before.version + 1,
        updatedAt: new Date().toISOString(),
        quality: notes.quality ? withoutRows(notes.quality) : before.quality,
        about: { ...before.about, ...notes.about },
      });
    });
  }

  /** Drops bars before `keepFrom` (ms UTC); the segment that holds it is cut. Gives the rows dropped. */
  async retain(key: PartitionKey, keepFrom: number): Promise<number> {
    return await this.#locked(key, async () => {
      const before = await this.manifest(key);
      if (!before) throw this.#notFound(key);
      let dropped = 0;
      const segments: Segment[] = [];
      await withDuckDb(async (connection) => {
        for (const segment of before.segments) {
          if (segment.to < keepFrom) dropped += segment.rows;
          else if (segment.from >= keepFrom) segments.push(segment);
          else {
            const path = this.#path(key, segment);
            const kept = await readSegments(connection, [path], keepFrom, Infinity);
            dropped += segment.rows - kept.length;
            segments.push(await this.#store(connection, key, segment.period, kept));
          }
        }
      });
      if (dropped > 0) {
        await this.#publish(key, {
          ...before,
          version: before.version + 1,
          updatedAt: new Date().toISOString(),
          segments,
        });
      }
      return dropped;
    });
  }

  /** Takes a partition out of the catalog with its files. */
  async remove(key: PartitionKey): Promise<void> {
    await this.#locked(key, async () => {
      if (!await this.manifest(key)) throw this.#notFound(key);
      await Deno.remove(`${this.#folder(key)}/manifest.json`);
      await this.#sweep(key, [], 0);
    });
  }

  /** Reads every file again and holds it against its fingerprint. */
  async verify(): Promise<CatalogFault[]> {
    const faults: CatalogFault[] = [];
    for (const manifest of await this.list()) {
      const key = keyOf(manifest);
      await withDuckDb(async (connection) => {
        for (const segment of manifest.segments) {
          const path = this.#path(key, segment);
          const fault = (problem: CatalogFault["problem"]) =>
            faults.push({ key, file: segment.file, problem });
          try {
            await Deno.stat(path);
          } catch {
            fault("missing");
            continue;
          }
          try {
            const bars = await readSegments(connection, [path], -Infinity, Infinity);
            if (await fingerprintBars(bars) !== segment.fingerprint) fault("changed");
          } catch {
            fault("unreadable");
          }
        }
      });
    }
    return faults;
  }

  /** Copies the catalog's present state to an empty or missing folder. Gives the files copied. */
  async backup(to: string): Promise<number> {
    return await copyCatalog(this, new Catalog(to), "back up");
  }

  /** Brings a backup's partitions into this catalog, which must be empty. Gives the files copied. */
  async restore(from: string): Promise<number> {
    const backup = new Catalog(from);
    const faults = await backup.verify();
    if (faults.length > 0) {
      throw new DataError(
        "unreadable",
        `Cannot restore the catalog: the backup's files must be whole, got ${faults[0].file} ${
          faults[0].problem
        }`,
        { path: from },
      );
    }
    return await copyCatalog(backup, this, "restore");
  }

  /** Path of a segment's file. */
  pathOf(key: PartitionKey, segment: Segment): string {
    return this.#path(key, segment);
  }

  #folder(key: PartitionKey): string {
    return `${this.root}/${partitionPath(key)}`;
  }

  #path(key: PartitionKey, segment: Segment): string {
    return `${this.#folder(key)}/${segment.file}`;
  }

  async #store(
    connection: DuckDBConnection,
    key: PartitionKey,
    period: string,
    bars: Bars,
  ): Promise<Segment> {
    const fingerprint = await fingerprintBars(bars);
    const file = `${period}-${fingerprint.slice(0, 16)}.parquet`;
    const path = `${this.#folder(key)}/${file}`;
    const existing = await Deno.stat(path).catch(() => null);
    if (!existing) {
      const scratch = `${path}.${crypto.randomUUID().slice(0, 8)}.tmp`;
      try {
        await writeSegment(connection, scratch, bars);
        await syncFile(scratch);
        await Deno.rename(scratch, path);
      } catch (error) {
        await Deno.remove(scratch).catch(() => {});
        throw error;
      }
    }
    return {
      file,
      period,
      from: bars.time[0],
      to: bars.time[bars.length - 1],
      rows: bars.length,
      fingerprint,
      bytes: (await Deno.stat(path)).size,
    };
  }

  async #publish(key: PartitionKey, manifest: Manifest): Promise<Manifest> {
    const path = `${this.#folder(key)}/manifest.json`;
    await Deno.writeTextFile(`${path}.tmp`, JSON.stringify(manifest, null, 1) + "\n");
    await syncFile(`${path}.tmp`);
    await Deno.rename(`${path}.tmp`, path);
    await this.#sweep(key, manifest.segments, graceMs);
    return manifest;
  }

  /** Removes files that no manifest names, once readers are done with them. */
  async #sweep(key: PartitionKey, segments: readonly Segment[], graceMs: number): Promise<void> {
    const named = new Set(segments.map((s) => s.file));
    const folder = this.#folder(key);
    for await (const { name } of Deno.readDir(folder)) {
      if (!/\.(parquet|tmp)$/.test(name) || named.has(name)) continue;
      const { mtime } = await Deno.stat(`${folder}/${name}`);
      if (Date.now() - (mtime?.getTime() ?? 0) >= graceMs) await Deno.remove(`${folder}/${name}`);
    }
  }

  async #locked<T>(key: PartitionKey, body: () => Promise<T>): Promise<T> {
    const folder = this.#folder(key);
    await Deno.mkdir(folder, { recursive: true });
    using file = await Deno.open(`${folder}/writer.lock`, { create: true, write: true });
    if (!await file.tryLock(true)) {
      throw new DataError(
        "bad-request",
        `Cannot write the catalog: ${key.source}/${key.symbol}/${key.timeframe} must have one writer at a time, got a second`,
        { path: folder },
      );
    }
    try {
      return await body();
    } finally {
      await file.unlock();
    }
  }

  #notFound({ source, symbol, timeframe }: PartitionKey): DataError {
    return new DataError(
      "not-found",
      `Cannot read the catalog: ${source}/${symbol}/${timeframe} must be in ${this.root}; "data list" shows what is`,
      { value: `${source}/${symbol}/${timeframe}` },
    );
  }
}

function withoutRows(report: QualityReport): unknown {
  return { ...report, issues: report.issues.map(({ rows: _rows, ...issue }) => issue) };
}

async function syncFile(path: string): Promise<void> {
  using file = await Deno.open(path, { read: true, write: true });
  await file.sync();
}
