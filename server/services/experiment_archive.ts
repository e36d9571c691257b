/**
 * One experiment as a file: a tar with its rows as JSON, the contents of its artifacts, and a
 * manifest with a SHA-256 of each. It goes into another server, or into the same one under another
 * name once the first is gone, whole or not at all.
 *
 * Not in it: the registry's models, permissions, and evaluation datasets, which belong to more than
 * one experiment.
 * @module
 */
import { createHash, type Hash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import tar from "tar-stream";
import type { Experiment } from "../../lib/contracts/mlflow/mod.ts";
import { putArtifact, registerBlob } from "../db/artifacts.ts";
import type { Database } from "../db/database.ts";
import { findExperiment, findExperimentByName, insertExperiment } from "../db/experiments.ts";
import {
  adoptExperiment,
  dumpExperiment,
  experimentTables,
  findClashes,
  listExperimentArtifacts,
  stageChunk,
  stageExperiment,
} from "../db/experiment_rows.ts";
import { alreadyExists, invalid, notFound } from "../errors.ts";
import { safePath } from "./artifact_service.ts";
import type { BlobStore } from "./blobs/blob_store.ts";
import { storageError } from "./blobs/file_blob_store.ts";
import type { Clock } from "./clock.ts";
import type { EventHub } from "./events.ts";
import { checkExperimentName, parseExperimentId } from "./validation.ts";

/** The first had no issues, label schemas, review queues and scorers. */
const formats = ["tapebook-experiment-1", "tapebook-experiment-2"];
const format = "tapebook-experiment-2";

interface TableSum {
  rows: number;
  sha256: string;
}

interface ArchivedArtifact {
  path: string;
  sha256: string;
  size: number;
  content_type: string | null;
}

interface ArchiveManifest {
  format: string;
  createdAt: string;
  experiment: Experiment;
  tables: Record<string, TableSum>;
  artifacts: { count: number; sha256: string };
}

export interface ImportedExperiment {
  experimentId: string;
  name: string;
  runs: number;
  points: number;
  artifacts: number;
}

export interface ArchiveService {
  /** Writes the archive of one moment; the file is complete or not there. */
  exportExperiment(experimentId: string, file: string): Promise<void>;
  /**
   * Reads an archive into a new experiment, named as it was or by `name`.
   *
   * @throws {ApiError} If the archive is damaged or of a format that is not known, or the name or
   * one of its runs is here already; nothing has changed then.
   */
  importExperiment(file: string, options?: { name?: string }): Promise<ImportedExperiment>;
}

/** No part of an archive that is read into memory may be larger. */
const largestPart = 256 * 1024 * 1024;

const damaged = (reason: string) =>
  invalid(`Cannot import the archive: it is damaged or not an experiment's, ${reason}`);

export function createArchiveService(
  deps: { db: Database; blobs: BlobStore; clock: Clock; events: EventHub },
): ArchiveService {
  const { db, blobs, clock, events } = deps;

  /** Writes the archive of one moment into `pack`. */
  async function write(pack: tar.Pack, id: number): Promise<void> {
    const add = (name: string, text: string) =>
      new Promise<void>((resolve, reject) => {
        const bytes = new TextEncoder().encode(text);
        pack.entry(
          { name, size: bytes.byteLength },
          bytes as never,
          (error) => error ? reject(error) : resolve(),
        );
      });
    await db.transaction(async (tx) => {
      await tx.query("set transaction isolation level repeatable read read only");
      const experiment = await findExperiment(tx, id);
      if (!experiment) throw notFound(`No Experiment with id=${id} exists`);
      const sums = new Map<string, { rows: number; hash: Hash; parts: number }>();
      for await (const { table, rows, json } of dumpExperiment(tx, id)) {
        const sum = sums.get(table) ?? { rows: 0, hash: createHash("sha256"), parts: 0 };
        sums.set(table, sum);
        sum.rows += rows;
        sum.hash.update(json);
        await add(`tables/${table}/${String(sum.parts++).padStart(8, "0")}.json`, json);
      }
      const artifacts = await listExperimentArtifacts(tx, id);
      const listed = JSON.stringify(artifacts);
      await add("artifacts.json", listed);
      const sizes = new Map(artifacts.map((a) => [a.sha256, a.size]));
      for (const [sha256, size] of sizes) {
        const entry = pack.entry({ name: `blobs/${sha256}`, size });
        await pipeline(Readable.fromWeb(await blobs.get(sha256) as never), entry as never);
      }
      const manifest: ArchiveManifest = {
        format,
        createdAt: new Date(clock.now()).toISOString(),
        experiment,
        tables: Object.fromEntries(
          [...sums].map(([table, { rows, hash }]) => [table, { rows, sha256: hash.digest("hex") }]),
        ),
        artifacts: {
          count: artifacts.length,
          sha256: createHash("sha256").update(listed).digest("hex"),
        },
      };
      await add("manifest.json", JSON.stringify(manifest, null, 2));
    });
    pack.finalize();
  }

  async function textOf(entry: Readable, name: string, size: number | undefined): Promise<string> {
    if ((size ?? 0) > largestPart) throw damaged(`${name} has ${size} bytes`);
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry) chunks.push(chunk);
    return new TextDecoder().decode(await new Blob(chunks as BlobPart[]).arrayBuffer());
  }

  function parsed<T>(text: string, name: string): T {
    try {
      return JSON.parse(text) as T;
    } catch {
      throw damaged(`${name} is not JSON`);
    }
  }

  type Entry = Readable & { header: { name: string; size?: number } };

  /** The parts of the archive, one after the other. */
  async function* entriesOf(file: string): AsyncGenerator<Entry> {
    const extract = tar.extract();
    createReadStream(file).on("error", (error) => extract.destroy(error)).pipe(extract as never);
    try {
      yield* extract as unknown as AsyncIterable<Entry>;
    } catch (error) {
      // tar-stream's own words about what it cannot read.
      if (/tar header|Unexpected end/i.test((error as Error).message)) {
        throw damaged((error as Error).message);
      }
      throw error;
    }
  }

  /** Compares every part with the manifest, and keeps the contents of artifacts. */
  async function verify(file: string) {
    const sums = new Map<string, { rows: number; hash: Hash }>();
    const contents = new Set<string>();
    let manifest: ArchiveManifest | null = null;
    let artifacts: ArchivedArtifact[] = [];
    let artifactsSum = "";
    const unknown: string[] = [];
    for await (const entry of entriesOf(file)) {
      const { name, size } = entry.header;
      const [kind, key] = name.split("/");
      if (kind === "blobs") {
        const kept = await blobs.put(
          Readable.toWeb(entry) as unknown as ReadableStream<Uint8Array>,
        );
        // Known at once, so that garbage collection frees it when the import is refused.
        await registerBlob(db, kept);
        if (kept.sha256 !== key) throw damaged(`${name} has other contents than its name says`);
        contents.add(kept.sha256);
      } else if (kind === "tables" && experimentTables.includes(key)) {
        const text = await textOf(entry, name, size);
        const sum = sums.get(key) ?? { rows: 0, hash: createHash("sha256") };
        sums.set(key, sum);
        sum.hash.update(text);
        sum.rows += parsed<unknown[]>(text, name).length;
      } else if (name === "artifacts.json") {
        const text = await textOf(entry, name, size);
        artifactsSum = createHash("sha256").update(text).digest("hex");
        artifacts = parsed<ArchivedArtifact[]>(text, name);
      } else if (name === "manifest.json") {
        manifest = parsed<ArchiveManifest>(await textOf(entry, name, size), name);
      } else {
        unknown.push(name.slice(0, 100));
        entry.resume();
      }
    }
    if (typeof manifest?.format !== "string") throw damaged("it has no manifest");
    if (!formats.includes(manifest.format)) {
      throw invalid(
        `Cannot import the archive: its format must be one of ${formats.join(", ")}, ` +
          `got ${manifest.format.slice(0, 100)}; another version of Tapebook wrote it`,
      );
    }
    if (unknown.length > 0) throw damaged(`${unknown[0]} does not belong in it`);
    for (const table of new Set([...Object.keys(manifest.tables), ...sums.keys()])) {
      const said = manifest.tables[table];
      const found = sums.get(table);
      if (said?.rows !== found?.rows || said?.sha256 !== found?.hash.digest("hex")) {
        throw damaged(`table ${table} is not what the manifest says`);
      }
    }
    if (manifest.artifacts?.sha256 !== artifactsSum) {
      throw damaged("its list of artifacts is not what the manifest says");
    }
    const absent = artifacts.find((a) => !contents.has(a.sha256));
    if (absent) throw damaged(`the contents of ${absent.path} are not in it`);
    return { manifest, artifacts };
  }

  return {
    async exportExperiment(experimentId, file) {
      const temporary = `${file}.${crypto.randomUUID()}.partial`;
      const pack = tar.pack();
      const written = pipeline(pack, createWriteStream(temporary, { mode: 0o600 }));
      try {
        await write(pack, parseExperimentId(experimentId));
        await written;
        await rename(temporary, file);
      } catch (error) {
        pack.destroy(error as Error);
        await written.catch(() => {});
        await rm(temporary, { force: true });
        throw storageError(error);
      }
    },

    async importExperiment(file, { name } = {}) {
      const { manifest, artifacts } = await verify(file);
      const { experiment, tables } = manifest;
      const made = await db.transaction(async (tx): Promise<ImportedExperiment> => {
        await stageExperiment(tx);
        for await (const entry of entriesOf(file)) {
          const [kind, table] = entry.header.name.split("/");
          if (kind !== "tables") entry.resume();
          else await stageChunk(tx, table, await textOf(entry, table, entry.header.size));
        }
        const chosen = name ?? experiment.name;
        checkExperimentName(chosen);
        if (await findExperimentByName(tx, chosen)) {
          throw alreadyExists(
            `Cannot import the archive: experiment '${chosen}' is here already; give another name`,
          );
        }
        const clashes = await findClashes(tx);
        if (clashes.length > 0) {
          throw alreadyExists(
            `Cannot import the archive: ${clashes.join(", ")} of it are here already`,
          );
        }
        const id = (await insertExperiment(tx, {
          name: chosen,
          tags: [],
          now: experiment.creation_time ?? clock.now(),
        }))!;
        await adoptExperiment(tx, Number(id), Number(experiment.experiment_id));
        for (const { path, sha256, size, content_type } of artifacts) {
          await putArtifact(tx, {
            path: `${id}/${safePath(path)}`,
            sha256,
            size,
            contentType: content_type ?? undefined,
          });
        }
        return {
          experimentId: String(id),
          name: chosen,
          runs: tables.runs?.rows ?? 0,
          points: tables.metric_points?.rows ?? 0,
          artifacts: artifacts.length,
        };
      });
      events.emit({
        kind: "experiment.created",
        id: made.experimentId,
        experimentId: made.experimentId,
        data: { name: made.name },
      });
      return made;
    },
  };
}
