/** Blobs as files: `<root>/sha256/ab/cdef…`. @module */
import { createHash } from "node:crypto";
import { mkdir, open, rename, rm, stat, unlink } from "node:fs/promises";
import { ApiError } from "../../errors.ts";
import type { BlobStore } from "./blob_store.ts";

const full = new Set(["ENOSPC", "EDQUOT", "EFBIG"]);

/** A full disk is told as such; anything else as it is. */
export function storageError(error: unknown): unknown {
  const code = (error as { code?: string })?.code;
  if (code && full.has(code)) {
    return new ApiError(
      "INSUFFICIENT_STORAGE",
      "Cannot store the artifact: no space is left where artifacts are kept",
    );
  }
  return error;
}

/** A store in `root`, made when it is not there. */
export async function fileBlobStore(root: string): Promise<BlobStore> {
  const incoming = `${root}/incoming`;
  await mkdir(incoming, { recursive: true });
  const pathOf = (sha256: string) => `${root}/sha256/${sha256.slice(0, 2)}/${sha256.slice(2)}`;
  return {
    async put(body) {
      const temporary = `${incoming}/${crypto.randomUUID()}`;
      const hash = createHash("sha256");
      let size = 0;
      try {
        const file = await open(temporary, "wx");
        try {
          for await (const chunk of body) {
            hash.update(chunk);
            size += chunk.byteLength;
            for (let from = 0; from < chunk.byteLength;) {
              from += (await file.write(chunk, from)).bytesWritten;
            }
          }
          await file.sync();
        } finally {
          await file.close();
        }
        const sha256 = hash.digest("hex");
        const path = pathOf(sha256);
        await mkdir(path.slice(0, path.lastIndexOf("/")), { recursive: true });
        await rename(temporary, path);
        return { sha256, size };
      } catch (error) {
        await rm(temporary, { force: true });
        throw storageError(error);
      }
    },
    async get(sha256, range) {
      const file = await Deno.open(pathOf(sha256), { read: true });
      if (!range) return file.readable;
      await file.seek(range.start, Deno.SeekMode.Start);
      let left = range.end - range.start;
      return file.readable.pipeThrough(
        new TransformStream<Uint8Array, Uint8Array>({
          transform(chunk, controller) {
            if (left > 0) controller.enqueue(chunk.subarray(0, left));
            left -= chunk.byteLength;
            if (left <= 0) controller.terminate();
          },
        }),
      );
    },
    async has(sha256) {
      return await stat(pathOf(sha256)).then(() => true, () => false);
    },
    async remove(sha256, graceMs = 0) {
      const info = await stat(pathOf(sha256)).catch(() => null);
      if (!info || graceMs > 0 && Date.now() - info.mtimeMs < graceMs) return;
      await unlink(pathOf(sha256)).catch((error) => {
        if (error.code !== "ENOENT") throw error;
      });
    },
    async close() {},
  };
}
