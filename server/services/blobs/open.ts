/** Opens the place where artifact bytes are kept. @module */
import type { BlobStore } from "./blob_store.ts";
import { fileBlobStore } from "./file_blob_store.ts";

/** A folder's path, or `s3://bucket/prefix`. */
export async function openBlobStore(place: string): Promise<BlobStore> {
  return await fileBlobStore(place);
}
