/**
 * Blobs in an S3-compatible bucket: `<prefix>/sha256/ab/cdef…`. Credentials and region come from the
 * environment as the AWS SDK reads it; AWS_ENDPOINT_URL_S3 names another service than Amazon's.
 * @module
 */
import { createHash } from "node:crypto";
import { createReadStream } from "node:fs";
import { mkdtemp, open, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ApiError } from "../../errors.ts";
import type { BlobStore } from "./blob_store.ts";
import { storageError } from "./file_blob_store.ts";

/** Larger contents are sent in parts of this size. */
const partBytes = 64 * 1024 * 1024;

function isMissing(error: unknown): boolean {
  const { name, $metadata } = error as { name?: string; $metadata?: { httpStatusCode?: number } };
  return name === "NotFound" || name === "NoSuchKey" || $metadata?.httpStatusCode === 404;
}

/** The bucket is away or refuses: a reason to try again, and no fault of the caller. */
function bucketError(error: unknown): unknown {
  if (error instanceof ApiError) return error;
  const { name, message } = error as Error;
  return new ApiError(
    "TEMPORARILY_UNAVAILABLE",
    `The bucket that keeps artifacts did not answer as it should (${name}: ${message})`,
  );
}

/** A store in `s3://bucket/prefix`. @throws {Error} If the address has no bucket. */
export async function s3BlobStore(place: string): Promise<BlobStore> {
  const { hostname: bucket, pathname } = new URL(place);
  if (!bucket) {
    throw new Error(`Cannot open ${place}: TAPEBOOK_ARTIFACTS must be s3://bucket/prefix`);
  }
  const prefix = pathname.replace(/^\/+|\/+$/g, "");
  const s3 = await import("@aws-sdk/client-s3");
  const client = new s3.S3Client({
    region: Deno.env.get("AWS_REGION") ?? "us-east-1",
    // Services other than Amazon's rarely have a name for each bucket.
    forcePathStyle: Boolean(
      Deno.env.get("AWS_ENDPOINT_URL_S3") ?? Deno.env.get("AWS_ENDPOINT_URL"),
    ),
    requestChecksumCalculation: "WHEN_REQUIRED",
    responseChecksumValidation: "WHEN_REQUIRED",
  });
  const spool = await mkdtemp(join(tmpdir(), "tapebook-s3-"));
  const keyOf = (sha256: string) =>
    `${prefix ? `${prefix}/` : ""}sha256/${sha256.slice(0, 2)}/${sha256.slice(2)}`;
  const at = (sha256: string) => ({ Bucket: bucket, Key: keyOf(sha256) });

  async function putInParts(file: string, sha256: string, size: number): Promise<void> {
    const target = at(sha256);
    const { UploadId } = await client.send(new s3.CreateMultipartUploadCommand(target));
    try {
      const parts: { PartNumber: number; ETag?: string }[] = [];
      for (let start = 0; start < size; start += partBytes) {
        const end = Math.min(start + partBytes, size);
        const PartNumber = parts.length + 1;
        const { ETag } = await client.send(
          new s3.UploadPartCommand({
            ...target,
            UploadId,
            PartNumber,
            Body: createReadStream(file, { start, end: end - 1 }) as never,
            ContentLength: end - start,
          }),
        );
        parts.push({ PartNumber, ETag });
      }
      await client.send(
        new s3.CompleteMultipartUploadCommand({
          ...target,
          UploadId,
          MultipartUpload: { Parts: parts },
        }),
      );
    } catch (error) {
      await client.send(new s3.AbortMultipartUploadCommand({ ...target, UploadId }))
        .catch(() => {});
      throw error;
    }
  }

  const store: BlobStore = {
    // The name is the digest of all bytes, so they are gathered in a file before they are sent.
    async put(body) {
      const file = join(spool, crypto.randomUUID());
      const hash = createHash("sha256");
      let size = 0;
      try {
        const out = await open(file, "wx");
        try {
          for await (const chunk of body) {
            hash.update(chunk);
            size += chunk.byteLength;
            for (let from = 0; from < chunk.byteLength;) {
              from += (await out.write(chunk, from)).bytesWritten;
            }
          }
        } catch (error) {
          throw storageError(error);
        } finally {
          await out.close();
        }
        const sha256 = hash.digest("hex");
        try {
          if (size > partBytes) await putInParts(file, sha256, size);
          else {
            const Body = size === 0 ? new Uint8Array() : createReadStream(file);
            await client.send(
              new s3.PutObjectCommand({ ...at(sha256), Body: Body as never, ContentLength: size }),
            );
          }
        } catch (error) {
          throw bucketError(error);
        }
        return { sha256, size };
      } finally {
        await rm(file, { force: true });
      }
    },

    async get(sha256, range) {
      if (range && range.start >= range.end) return new Blob([]).stream();
      const Range = range ? `bytes=${range.start}-${range.end - 1}` : undefined;
      try {
        const { Body } = await client.send(new s3.GetObjectCommand({ ...at(sha256), Range }));
        return Body!.transformToWebStream() as ReadableStream<Uint8Array>;
      } catch (error) {
        throw bucketError(error);
      }
    },

    async presign(sha256, seconds, { contentType, contentDisposition }) {
      const { getSignedUrl } = await import("@aws-sdk/s3-request-presigner");
      const command = new s3.GetObjectCommand({
        ...at(sha256),
        ResponseContentType: contentType,
        ResponseContentDisposition: contentDisposition,
      });
      return await getSignedUrl(client, command, { expiresIn: seconds });
    },

    async has(sha256) {
      try {
        await client.send(new s3.HeadObjectCommand(at(sha256)));
        return true;
      } catch (error) {
        if (isMissing(error)) return false;
        throw bucketError(error);
      }
    },

    async remove(sha256, graceMs = 0) {
      try {
        if (graceMs > 0) {
          const { LastModified } = await client.send(new s3.HeadObjectCommand(at(sha256)));
          if (LastModified && Date.now() - LastModified.getTime() < graceMs) return;
        }
        await client.send(new s3.DeleteObjectCommand(at(sha256)));
      } catch (error) {
        if (!isMissing(error)) throw bucketError(error);
      }
    },

    async close() {
      client.destroy();
      await rm(spool, { recursive: true, force: true });
    },
  };
  return store;
}
