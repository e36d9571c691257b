import assert from "node:assert/strict";
import { startS3 } from "../../../tests/support/s3_server.ts";
import { ApiError } from "../../errors.ts";
import type { BlobStore } from "./blob_store.ts";
import { fileBlobStore, storageError } from "./file_blob_store.ts";
import { s3BlobStore } from "./s3_blob_store.ts";

const stream = (...chunks: Uint8Array[]) =>
  ReadableStream.from(chunks) as ReadableStream<Uint8Array>;
const text = async (body: ReadableStream<Uint8Array>) => await new Response(body).text();
const encode = (value: string) => new TextEncoder().encode(value);

/** What every store must do. */
async function checkStore(store: BlobStore): Promise<void> {
  const { sha256, size } = await store.put(stream(encode("hello "), encode("world")));
  assert.equal(sha256, "b94d27b9934d3e08a52e52d7da7dabfac484efe37a5380ee9088f7ace2efcde9");
  assert.equal(size, 11);
  assert.equal(await text(await store.get(sha256)), "hello world");
  assert.equal(await text(await store.get(sha256, { start: 6, end: 9 })), "wor");
  assert.equal(await store.has(sha256), true);
  // The same content again is the same blob.
  assert.equal((await store.put(stream(encode("hello world")))).sha256, sha256);
  const empty = await store.put(stream());
  assert.equal(empty.size, 0);
  assert.equal(await text(await store.get(empty.sha256)), "");
  const failing = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new Error("the client went away")),
  });
  await assert.rejects(store.put(failing), /went away/);
  await store.remove(sha256, 60_000);
  assert.equal(await store.has(sha256), true, "what was stored just now stays");
  await store.remove(sha256);
  assert.equal(await store.has(sha256), false);
  await store.remove(sha256);
}

Deno.test("blobs are kept in files", async () => {
  const root = await Deno.makeTempDir();
  const store = await fileBlobStore(root);
  await checkStore(store);
  assert.deepEqual([...Deno.readDirSync(`${root}/incoming`)], []);
  await store.close();
  await Deno.remove(root, { recursive: true });
});

Deno.test({
  name: "blobs are kept in an S3 bucket, large ones sent in parts",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const server = await startS3();
    const store = await s3BlobStore("s3://models/tapebook");
    try {
      await checkStore(store);
      const block = new Uint8Array(1 << 20).fill(7);
      const { sha256, size } = await store.put(stream(...Array(70).fill(block)));
      assert.equal(size, 70 << 20);
      const back = await store.get(sha256, { start: (70 << 20) - 5, end: 70 << 20 });
      assert.deepEqual(new Uint8Array(await new Response(back).arrayBuffer()), block.slice(0, 5));
      const signed = await store.presign!(sha256, 60, {
        contentType: "text/plain",
        contentDisposition: 'attachment; filename="a.txt"',
      });
      const direct = await fetch(signed, { headers: { range: "bytes=0-2" } });
      assert.deepEqual(new Uint8Array(await direct.arrayBuffer()), block.slice(0, 3));
      assert.equal(direct.headers.get("content-disposition"), 'attachment; filename="a.txt"');
      assert.match(new URL(signed).searchParams.get("X-Amz-Expires") ?? "", /^60$/);
      await server.stop();
      await assert.rejects(
        store.has(sha256),
        (error) => error instanceof ApiError && error.code === "TEMPORARILY_UNAVAILABLE",
      );
    } finally {
      await store.close();
      await server.close();
    }
  },
});

Deno.test("a full disk is told as 507", () => {
  const error = storageError(Object.assign(new Error("ENOSPC"), { code: "ENOSPC" }));
  assert.ok(error instanceof ApiError);
  assert.equal(error.status, 507);
});
