/**
 * Backup and restore of everything a server keeps: one tar file with all tables as JSON, all
 * contents of artifacts, and a manifest with a SHA-256 of each. A backup is taken while the server
 * works, of one moment; it restores on PGlite and on PostgreSQL alike, whichever it came from.
 *
 * ```ts
 * await backup(services, "monday.tar");
 * await restore(services, "monday.tar");
 * ```
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import tar from "tar-stream";
import type { Database, Sql } from "../db/database.ts";
import { beginRestore, dumpTable, endRestore, loadChunk, tablesInOrder } from "../db/dump.ts";
import type { BlobStore } from "./blobs/blob_store.ts";

export interface BackupDeps {
  db: Database;
  blobs: BlobStore;
}

export interface TableSum {
  rows: number;
  /** Of the table's chunks of JSON, in the order of its primary key. */
  sha256: string;
}

export interface Manifest {
  format: "tapebook-backup-1";
  createdAt: string;
  tables: Record<string, TableSum>;
  blobs: { count: number; bytes: number };
}

const skipped = new Set(["schema_migrations"]);

/** What the database holds, as sums by which two can be compared. */
export async function checksums(db: Database): Promise<Record<string, TableSum>> {
  return await snapshot(db, async (tx) => {
    const sums: Record<string, TableSum> = {};
    for (const table of await tablesInOrder(tx)) {
      if (!skipped.has(table)) sums[table] = await sumTable(tx, table);
    }
    return sums;
  });
}

async function sumTable(
  tx: Sql,
  table: string,
  onChunk: (json: string, part: number) => Promise<void> = async () => {},
): Promise<TableSum> {
  const hash: Hash = createHash("sha256");
  let rows = 0;
  let part = 0;
  for await (const chunk of dumpTable(tx, table)) {
    hash.update(chunk.json);
    rows += chunk.rows;
    await onChunk(chunk.json, part++);
  }
  return { rows, sha256: hash.digest("hex") };
}

/** Runs `body` in a transaction that sees one moment. */
async function snapshot<T>(db: Database, body: (tx: Sql) => Promise<T>): Promise<T> {
  return await db.transaction(async (tx) => {
    await tx.query("set transaction isolation level repeatable read read only");
    return await body(tx);
  });
}

/** Writes the backup; the file is complete or not there. */
export async function backup(deps: BackupDeps, file: string): Promise<Manifest> {
  const pack = tar.pack();
  const temporary = `${file}.${crypto.randomUUID()}.partial`;
  const written = pipeline(pack, createWriteStream(temporary, { mode: 0o600 }));
  const add = (name: string, bytes: Uint8Array) =>
    new Promise<void>((resolve, reject) =>
      pack.entry(
        { name, size: bytes.byteLength },
        bytes as never,
        (error) => error ? reject(error) : resolve(),
      )
    );
  try {
    const manifest = await snapshot(deps.db, async (tx): Promise<Manifest> => {
      const tables: Record<string, TableSum> = {};
      const encoder = new TextEncoder();
      for (const table of await tablesInOrder(tx)) {
        if (skipped.has(table)) continue;
        tables[table] = await sumTable(
          tx,
          table,
          (json, part) =>
            add(`tables/${table}/${String(part).padStart(8, "0")}.json`, encoder.encode(json)),
        );
      }
      const contents = await tx.query<{ sha256: string; size: number }>(
        "select sha256, size from artifact_blobs order by sha256",
      );
      let bytes = 0;
      for (const { sha256, size } of contents) {
        const entry = pack.entry({ name: `blobs/${sha256}`, size });
        await pipeline(Readable.fromWeb(await deps.blobs.get(sha256) as never), entry as never);
        bytes += size;
      }
      return {
        format: "tapebook-backup-1",
        createdAt: new Date().toISOString(),
        tables,
        blobs: { count: contents.length, bytes },
      };
    });
    await add("manifest.json", new TextEncoder().encode(JSON.stringify(manifest, null, 2)));
    pack.finalize();
    await written;
    await rename(temporary, file);
    return manifest;
  } catch (error) {
    pack.destroy(error as Error);
    await written.catch(() => {});
    await rm(temporary, { force: true });
    throw error;
  }
}

/**
 * Puts a backup in the place of everything the server keeps, in one transaction: it is all there
 * afterwards, or nothing has changed. The schema must be that of this version.
 *
 * @throws {Error} If the file is damaged: what was written is compared with the manifest's sums.
 */
export async function restore(deps: BackupDeps, file: string): Promise<Manifest> {
  const { db, blobs } = deps;
  return await db.transaction(async (tx) => {
    const tables = (await tablesInOrder(tx)).filter((table) => !skipped.has(table));
    await beginRestore(tx, tables);
    const extract = tar.extract();
    createReadStream(file).on("error", (error) => extract.destroy(error)).pipe(extract as never);
    // Tables come in the order of their foreign keys, and contents by themselves.
    let manifest: Manifest | null = null;
    for await (const entry of extract as AsyncIterable<Readable & { header: { name: string } }>) {
      const { name } = entry.header;
      const [kind, table] = name.split("/");
      if (kind === "blobs") {
        const { sha256 } = await blobs.put(
          Readable.toWeb(entry) as unknown as ReadableStream<Uint8Array>,
        );
        if (sha256 !== table) throw damaged(file, `${name} has other contents than its name says`);
        continue;
      }
      const chunks: Uint8Array[] = [];
      for await (const chunk of entry) chunks.push(chunk);
      const text = new TextDecoder().decode(await new Blob(chunks as BlobPart[]).arrayBuffer());
      if (kind === "manifest.json") manifest = JSON.parse(text) as Manifest;
      else if (kind === "tables" && tables.includes(table)) await loadChunk(tx, table, text);
      else throw damaged(file, `${name} belongs to another version`);
    }
    if (manifest?.format !== "tapebook-backup-1") throw damaged(file, "it has no manifest");
    for (const table of tables) {
      const expected = manifest.tables[table] ?? { rows: 0, sha256: "" };
      const found = await sumTable(tx, table);
      if (found.rows !== expected.rows || expected.rows > 0 && found.sha256 !== expected.sha256) {
        throw damaged(
          file,
          `table ${table} has ${found.rows} rows with another sum than the ${expected.rows} of ` +
            "the manifest",
        );
      }
    }
    await endRestore(tx, tables);
    return manifest;
  });
}

function damaged(file: string, reason: string): Error {
  return new Error(`Cannot restore ${file}: it is damaged or not a backup, ${reason}`);
}
