/** Opens the place where artifact bytes are kept. @module */
import type { BlobStore } from "./blob_store.ts";
import { fileBlobStore } from "./file_blob_store.ts";

/** A folder's path, or `s3://bucket/prefix`. */
export async function openBlobStore(place: string): Promise<BlobStore> {
  if (!place.startsWith("s3:")) return await fileBlobStore(place);
  const { s3BlobStore } = await import("./s3_blob_store.ts");
  return await s3BlobStore(place);
}
