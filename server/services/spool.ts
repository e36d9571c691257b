/**
 * Files in between: what is long in making is written to a file before it is sent, and what is long
 * in coming before it is read, so that no transaction waits for a slow client.
 * @module
 */
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";
import { storageError } from "./blobs/file_blob_store.ts";

async function newFile(home: string): Promise<string> {
  const folder = join(home, "spool");
  await mkdir(folder, { recursive: true, mode: 0o700 });
  return join(folder, crypto.randomUUID());
}

/** The file that `make` writes, as a stream; it is gone when the stream ends or is given up. */
export async function streamFile(
  home: string,
  make: (file: string) => Promise<unknown>,
): Promise<{ body: ReadableStream<Uint8Array>; size: number }> {
  const file = await newFile(home);
  try {
    await make(file);
    const { size } = await stat(file);
    const source = createReadStream(file);
    source.once("close", () => rm(file, { force: true }));
    return { body: Readable.toWeb(source) as unknown as ReadableStream<Uint8Array>, size };
  } catch (error) {
    await rm(file, { force: true });
    throw error;
  }
}

/** Calls `use` with a file that has all of `body`, and removes it then. */
export async function withSpooled<T>(
  home: string,
  body: ReadableStream<Uint8Array> | null,
  use: (file: string) => Promise<T>,
): Promise<T> {
  const file = await newFile(home);
  try {
    const source = body ? Readable.fromWeb(body as never) : Readable.from([]);
    try {
      await pipeline(source, createWriteStream(file, { mode: 0o600 }));
    } catch (error) {
      throw storageError(error);
    }
    return await use(file);
  } finally {
    await rm(file, { force: true });
  }
}
