/** Where the bytes of artifacts lie: contents under their SHA-256, on a disk or in a bucket. @module */

export interface StoredBlob {
  sha256: string;
  size: number;
}

/** What a presigned address answers beside the content. */
export interface PresignedHeaders {
  contentType: string;
  contentDisposition: string;
}

export interface BlobStore {
  /** Keeps the content of the stream; it is durable and complete when this resolves. */
  put(body: ReadableStream<Uint8Array>): Promise<StoredBlob>;
  /** The content, or a range of it, `end` exclusive. */
  get(sha256: string, range?: { start: number; end: number }): Promise<ReadableStream<Uint8Array>>;
  /**
   * An address at which the content may be had without this server for so many seconds; absent
   * where there is none.
   */
  presign?(sha256: string, seconds: number, headers: PresignedHeaders): Promise<string>;
  has(sha256: string): Promise<boolean>;
  /**
   * Removes the content, unless it was stored again within the last `graceMs`: whoever stored it is
   * about to point to it.
   */
  remove(sha256: string, graceMs?: number): Promise<void>;
  close(): Promise<void>;
}
