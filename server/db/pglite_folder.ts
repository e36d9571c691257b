/** The folder of a PGlite database, whose commits wait for the disk. @module */
import { closeSync, existsSync, fdatasyncSync, fsyncSync, openSync } from "node:fs";
import { opendir } from "node:fs/promises";
import { join } from "node:path";
import type { PGlite } from "@electric-sql/pglite";
import { NodeFS } from "@electric-sql/pglite/nodefs";

/** What is used of Emscripten's file system over the system's. */
interface NodeFileSystem {
  stream_ops: { fsync?: (stream: { nfd: number; node: { mode: number } }) => number };
  tryFSOperation<T>(run: () => T): T;
}

const typeBits = 0o170000;
const directoryBits = 0o040000;
const isWindows = Deno.build.os === "windows";

/** Waits until an open file or directory is on the disk. Windows opens no directory for this. */
function sync(descriptor: number, isDirectory: boolean): void {
  if (!isDirectory) fdatasyncSync(descriptor);
  else if (!isWindows) fsyncSync(descriptor);
}

/**
 * Files in a folder, with the one operation that PGlite's own lacks: when PostgreSQL asks for what
 * it wrote to be on the disk, it is answered when it is.
 */
export class PgliteFolder extends NodeFS {
  readonly #isNew: boolean;
  #syncs = 0;

  constructor(folder: string) {
    super(folder);
    this.#isNew = !existsSync(join(folder, "PG_VERSION"));
  }

  /** How often PostgreSQL has waited for the disk. */
  get syncs(): number {
    return this.#syncs;
  }

  /**
   * What PGlite is started with to make use of it: it turns waiting off by itself, and of the ways to
   * ask for it only `fsync` leaves the WebAssembly.
   */
  static startParams(defaults: readonly string[]): string[] {
    return [...defaults.filter((param) => param !== "-F"), "-c", "wal_sync_method=fsync"];
  }

  override async init(pg: PGlite, options: Parameters<NodeFS["init"]>[1]) {
    const { emscriptenOpts } = await super.init(pg, options);
    const hook = (module: object) => {
      const files = (module as { NODEFS: NodeFileSystem }).NODEFS;
      files.stream_ops.fsync = ({ nfd, node }) => {
        this.#syncs++;
        files.tryFSOperation(() => sync(nfd, (node.mode & typeBits) === directoryBits));
        return 0;
      };
    };
    const preRun = [emscriptenOpts.preRun ?? []].flat();
    return { emscriptenOpts: { ...emscriptenOpts, preRun: [...preRun, hook] } };
  }

  /** Waits for the files that a new database begins with, which were made without waiting. */
  async syncWhenNew(): Promise<void> {
    if (this.#isNew) await syncFolder(this.rootDir);
  }
}

async function syncFolder(folder: string): Promise<void> {
  for await (const entry of await opendir(folder)) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) await syncFolder(path);
    else if (entry.isFile()) syncPath(path, false);
  }
  syncPath(folder, true);
}

function syncPath(path: string, isDirectory: boolean): void {
  if (isDirectory && isWindows) return;
  const descriptor = openSync(path, isDirectory ? "r" : "r+");
  try {
    sync(descriptor, isDirectory);
  } finally {
    closeSync(descriptor);
  }
}
