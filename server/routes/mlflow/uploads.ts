/** `/mlflow-artifacts/mpu/…`: uploads of large files in parts. @module */
import { type Context, Hono } from "hono";
import type { AppEnv } from "../../env.ts";
import { invalid } from "../../errors.ts";
import { safePath } from "../../services/artifact_service.ts";
import { answer } from "./_answer.ts";
import { optional, readRequest, required, t } from "./_request.ts";

/** The artifact's path: the folder of the address and the name of the client's local file. */
function target(c: Context<AppEnv>, verb: string, localFile: string): string {
  const { pathname } = new URL(c.req.url);
  const marker = `/mpu/${verb}/`;
  let folder: string;
  try {
    folder = safePath(decodeURIComponent(pathname.slice(pathname.indexOf(marker) + marker.length)));
  } catch {
    throw invalid("Invalid path");
  }
  const name = localFile.replaceAll("\\", "/").split("/").at(-1)!;
  return safePath(folder ? `${folder}/${name}` : name);
}

const app = new Hono<AppEnv>();

app.post("/create/*", async (c) => {
  const { path, num_parts = 1 } = await readRequest(c, {
    path: required(t.text),
    num_parts: optional(t.int),
  });
  const { uploads, config } = c.get("services");
  const upload_id = await uploads.create(target(c, "create", path), num_parts);
  const url = new URL(c.req.url);
  const origin = config.publicUrl?.replace(/\/$/, "") ?? url.origin;
  const base = url.pathname.slice(0, url.pathname.indexOf("/mpu/"));
  // MLflow's client sends parts with these headers and no others.
  const authorization = c.req.header("authorization");
  const headers = authorization ? { Authorization: authorization } : {};
  const credentials = Array.from({ length: num_parts }, (_, i) => ({
    url: `${origin}${base}/mpu/part/${upload_id}/${i + 1}`,
    part_number: i + 1,
    headers,
  }));
  return answer(c, { upload_id, credentials });
});

app.put("/part/:upload_id/:number", async (c) => {
  const body = c.req.raw.body ?? new Blob([]).stream() as ReadableStream<Uint8Array>;
  const etag = await c.get("services").uploads.putPart(
    c.req.param("upload_id"),
    Number(c.req.param("number")),
    body,
  );
  c.header("ETag", etag);
  return answer(c);
});

app.post("/complete/*", async (c) => {
  const { path, upload_id, parts } = await readRequest(c, {
    path: required(t.text),
    upload_id: required(t.text),
    parts: required(t.list(t.message({ part_number: t.int, etag: t.text, url: t.text }))),
  });
  await c.get("services").uploads.complete(upload_id, target(c, "complete", path), parts);
  return answer(c);
});

app.post("/abort/*", async (c) => {
  const { upload_id } = await readRequest(c, {
    path: required(t.text),
    upload_id: required(t.text),
  });
  await c.get("services").uploads.abort(upload_id);
  return answer(c);
});

export const multipartRoutes = app;
