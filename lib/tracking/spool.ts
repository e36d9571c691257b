/**
 * Operations that wait on disk while the server is away.
 *
 * One file per process: lines of JSON, appended and synced; a delivered operation gets a line with
 * its number. A file whose process is gone (its lock is free) is adopted by the next tracker of the
 * same server, which delivers what has no such line. Delivering twice does no harm: see deliver.ts.
 *
 * ```
 * {"seq":1,"op":{"kind":"create","run":"pending-…",…}}
 * {"seq":2,"op":{"kind":"batch","run":"pending-…","fragment":"\"metrics\":[…]"}}
 * {"ack":1,"runId":"4f…"}
 * ```
 * @module
 */
import { join } from "node:path";
import type { Operation } from "./operation.ts";

/** An operation on disk. */
export interface SpooledOperation {
  readonly spool: SpoolFile;
  readonly seq: number;
  read(): Operation;
}

/** What a delivered `create` learned. */
export interface RunIdentity {
  runId: string;
  artifactUri: string;
  experimentId: string;
}

const encoder = new TextEncoder();

function writeAll(file: Deno.FsFile, bytes: Uint8Array): void {
  for (let at = 0; at < bytes.length;) at += file.writeSync(bytes.subarray(at));
}

/** One append-only file, locked by the process that writes it. */
export class SpoolFile {
  readonly path: string;
  readonly #file: Deno.FsFile;
  #size: number;
  #waiting = 0;

  private constructor(path: string, file: Deno.FsFile, size: number) {
    this.path = path;
    this.#file = file;
    this.#size = size;
  }

  /** A new file in `dir`, or null when the folder cannot be written. */
  static create(dir: string): SpoolFile {
    Deno.mkdirSync(dir, { recursive: true, mode: 0o700 });
    const path = join(dir, `${Date.now()}-${crypto.randomUUID()}.jsonl`);
    const file = Deno.openSync(path, { createNew: true, read: true, write: true, mode: 0o600 });
    file.tryLockSync(true);
    return new SpoolFile(path, file, 0);
  }

  /**
   * A file that a dead process left, with the operations that still wait and the runs that it had
   * made; null when the file is in use or empty of work (then it is removed).
   */
  static adopt(
    path: string,
  ): { spool: SpoolFile; waiting: SpooledOperation[]; runs: Map<string, RunIdentity> } | null {
    let file: Deno.FsFile;
    try {
      file = Deno.openSync(path, { read: true, write: true });
    } catch {
      return null;
    }
    if (!file.tryLockSync(true)) {
      file.close();
      return null;
    }
    const bytes = Deno.readFileSync(path);
    // A crash may have torn the last line: what was not synced whole was never promised.
    const whole = bytes.lastIndexOf(10) + 1;
    const text = new TextDecoder().decode(bytes.subarray(0, whole));
    if (whole < bytes.length) file.truncateSync(whole);
    const operations = new Map<number, Operation>();
    const runs = new Map<string, RunIdentity>();
    for (const line of text.split("\n")) {
      if (line === "") continue;
      const record = parseLine(line);
      if (record === null) continue;
      if ("op" in record) operations.set(record.seq, record.op);
      else {
        const operation = operations.get(record.ack);
        if (operation?.kind === "create" && record.run) runs.set(operation.run, record.run);
        operations.delete(record.ack);
      }
    }
    const spool = new SpoolFile(path, file, whole);
    if (operations.size === 0) {
      spool.#remove();
      return null;
    }
    file.seekSync(0, Deno.SeekMode.End);
    spool.#waiting = operations.size;
    const waiting = [...operations].sort((a, b) => a[0] - b[0]).map(([seq, op]) => ({
      spool,
      seq,
      read: () => op,
    }));
    return { spool, waiting, runs };
  }

  /** Appends operations and syncs once. */
  append(items: { seq: number; operation: Operation }[]): SpooledOperation[] {
    const lines = items.map(({ seq, operation }) =>
      encoder.encode(JSON.stringify({ seq, op: operation }) + "\n")
    );
    const spooled = lines.map((line, i) => {
      const offset = this.#size;
      writeAll(this.#file, line);
      this.#size += line.length;
      return {
        spool: this,
        seq: items[i].seq,
        read: () => this.#read(offset, line.length),
      };
    });
    this.#file.syncDataSync();
    this.#waiting += items.length;
    return spooled;
  }

  /** Notes that the operation was delivered, or refused for good. */
  acknowledge(seq: number, run?: RunIdentity): void {
    const line = encoder.encode(JSON.stringify(run ? { ack: seq, run } : { ack: seq }) + "\n");
    writeAll(this.#file, line);
    this.#size += line.length;
    this.#waiting--;
  }

  /** Number of operations without a note of delivery. */
  get waiting(): number {
    return this.#waiting;
  }

  /** Closes the file; removes it when nothing waits in it. */
  close(): void {
    if (this.#waiting === 0) this.#remove();
    else {
      this.#file.syncDataSync();
      this.#file.close();
    }
  }

  #read(offset: number, length: number): Operation {
    const bytes = new Uint8Array(length);
    this.#file.seekSync(offset, Deno.SeekMode.Start);
    for (let at = 0; at < length;) {
      const n = this.#file.readSync(bytes.subarray(at));
      if (n === null) throw new Error(`Cannot read spool: ${this.path} ends at ${offset + at}`);
      at += n;
    }
    this.#file.seekSync(0, Deno.SeekMode.End);
    return JSON.parse(new TextDecoder().decode(bytes)).op;
  }

  #remove(): void {
    try {
      Deno.removeSync(this.path);
    } catch { /* somebody cleaned up before */ }
    this.#file.close();
  }
}

type Line = { seq: number; op: Operation } | { ack: number; run?: RunIdentity };

function parseLine(line: string): Line | null {
  try {
    return JSON.parse(line);
  } catch {
    return null;
  }
}

/** Files of dead processes in `dir`, oldest first. */
export function leftoverFiles(dir: string): string[] {
  try {
    return [...Deno.readDirSync(dir)].filter((e) => /^\d+-.*\.jsonl$/.test(e.name))
      .map((e) => join(dir, e.name)).sort();
  } catch {
    return [];
  }
}

/** An artifact's bytes move to a file of their own in `spoolDir`; other operations are as they are. */
export function withContentOnDisk(operation: Operation, spoolDir: string): Operation {
  if (operation.kind !== "artifact") return operation;
  const { content } = operation;
  if (!(content instanceof Uint8Array) && content.owned) return operation;
  const dir = join(spoolDir, "artifacts");
  Deno.mkdirSync(dir, { recursive: true, mode: 0o700 });
  const file = join(dir, crypto.randomUUID());
  if (content instanceof Uint8Array) {
    const handle = Deno.openSync(file, { createNew: true, write: true, mode: 0o600 });
    for (let at = 0; at < content.length;) at += handle.writeSync(content.subarray(at));
    handle.syncDataSync();
    handle.close();
  } else Deno.copyFileSync(content.file, file);
  return { ...operation, content: { file, owned: true } };
}
