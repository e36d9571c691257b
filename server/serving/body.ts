/** The bytes of a request's body, decompressed. @module */
import { badRequest, ServingError } from "./errors.ts";

const formats = { gzip: "gzip", "x-gzip": "gzip", deflate: "deflate" } as const;

/**
 * The body of `request`. `Content-Encoding` gzip and deflate are undone, up to `maxBytes`: a small
 * body that grows without end is cut off.
 *
 * @throws {ServingError} If the encoding is unknown, the data is broken or too large.
 */
export async function readBody(request: Request, maxBytes: number): Promise<Uint8Array> {
  const encoding = request.headers.get("content-encoding")?.trim().toLowerCase();
  if (!encoding || encoding === "identity") return new Uint8Array(await request.arrayBuffer());
  if (!(encoding in formats)) {
    throw new ServingError(415, `Content-Encoding must be gzip or deflate, got ${encoding}`);
  }
  const format = formats[encoding as keyof typeof formats];
  const chunks: Uint8Array[] = [];
  let length = 0;
  try {
    const stream = request.body?.pipeThrough(new DecompressionStream(format));
    for await (const chunk of stream ?? []) {
      length += chunk.byteLength;
      if (length > maxBytes) {
        throw new ServingError(413, `The decompressed body must be at most ${maxBytes} bytes`);
      }
      chunks.push(chunk);
    }
  } catch (error) {
    if (error instanceof ServingError) throw error;
    throw badRequest(`Cannot decompress the body: it is no ${encoding} data`);
  }
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    bytes.set(chunk, at);
    at += chunk.byteLength;
  }
  return bytes;
}

/** A compressed copy of `body` where the caller accepts one and it is worth it, with its encoding. */
export async function encodeBody(
  body: Uint8Array<ArrayBuffer>,
  acceptEncoding: string | undefined,
): Promise<{ body: Uint8Array<ArrayBuffer>; encoding?: "gzip" | "deflate" }> {
  if (body.byteLength < 1024) return { body };
  const accepted = (acceptEncoding ?? "").split(",").map((part) => part.trim().split(";")[0]);
  const encoding = accepted.includes("gzip")
    ? "gzip"
    : accepted.includes("deflate")
    ? "deflate"
    : undefined;
  if (!encoding) return { body };
  const stream = new Blob([body]).stream().pipeThrough(new CompressionStream(encoding));
  return { body: new Uint8Array(await new Response(stream).arrayBuffer()), encoding };
}
