/** Uploads of large artifacts in parts, which may come in any order and be sent again. @module */
import type { Database } from "../db/database.ts";
import { putArtifact } from "../db/artifacts.ts";
import * as store from "../db/uploads.ts";
import { invalid, notFound } from "../errors.ts";
import { safePath } from "./artifact_service.ts";
import type { BlobStore } from "./blobs/blob_store.ts";
import type { EventHub } from "./events.ts";

const mostParts = 10_000;

export interface UploadService {
  /** Begins an upload to `path`; the id is a secret that lets its holder send parts. */
  create(path: string, parts: number): Promise<string>;
  /** Keeps one part and answers with its ETag. */
  putPart(uploadId: string, number: number, body: ReadableStream<Uint8Array>): Promise<string>;
  /** Joins the parts, whose ETags must be those that were answered. */
  complete(
    uploadId: string,
    path: string,
    parts: { part_number?: number; etag?: string }[],
  ): Promise<void>;
  abort(uploadId: string): Promise<void>;
}

export function createUploadService(
  deps: { db: Database; blobs: BlobStore; events: EventHub },
): UploadService {
  const { db, blobs, events } = deps;

  async function find(uploadId: string) {
    const upload = await store.findUpload(db, uploadId);
    if (!upload) throw notFound("No such upload, or it was completed or aborted");
    return upload;
  }

  /** The parts one after the other; each is opened when the one before has been read. */
  async function* joined(parts: readonly store.PartRow[]): AsyncGenerator<Uint8Array> {
    for (const { sha256 } of parts) yield* await blobs.get(sha256);
  }

  return {
    async create(path, parts) {
      const name = safePath(path);
      if (name === "") throw invalid("Invalid path");
      if (!Number.isInteger(parts) || parts < 1 || parts > mostParts) {
        throw invalid(`num_parts must be between 1 and ${mostParts}, got ${parts}`);
      }
      const uploadId = crypto.randomUUID();
      await store.insertUpload(db, { uploadId, path: name, parts });
      return uploadId;
    },

    async putPart(uploadId, number, body) {
      const { num_parts } = await find(uploadId);
      if (!Number.isInteger(number) || number < 1 || number > num_parts) {
        throw invalid(`part_number must be between 1 and ${num_parts}, got ${number}`);
      }
      const { sha256, size } = await blobs.put(body);
      await store.putPart(db, { uploadId, number, sha256, size });
      return `"${sha256}"`;
    },

    async complete(uploadId, path, parts) {
      const upload = await find(uploadId);
      if (upload.path !== safePath(path)) {
        throw invalid("Cannot complete the upload: path must be that of its creation");
      }
      const kept = await store.findParts(db, uploadId);
      const tags = new Map(kept.map((p) => [p.part_number, `"${p.sha256}"`]));
      for (let number = 1; number <= upload.num_parts; number++) {
        if (!tags.has(number)) {
          throw invalid(`Cannot complete the upload: part ${number} was not received`);
        }
      }
      for (const { part_number = 0, etag = "" } of parts) {
        if (tags.get(part_number) !== etag) {
          throw invalid(`Cannot complete the upload: part ${part_number} has another ETag`);
        }
      }
      const { sha256, size } = await blobs.put(
        ReadableStream.from(joined(kept)) as ReadableStream<Uint8Array>,
      );
      await db.transaction(async (tx) => {
        await putArtifact(tx, { path: upload.path, sha256, size });
        await store.deleteUpload(tx, uploadId);
      });
      events.emit({ kind: "artifact.written", id: upload.path, data: { size, sha256 } });
    },

    async abort(uploadId) {
      await store.deleteUpload(db, uploadId);
    },
  };
}
