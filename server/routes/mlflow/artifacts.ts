/** `/mlflow-artifacts/…`, and the pages' ways to a run's files. @module */
import { type Context, Hono } from "hono";
import type { AppEnv } from "../../env.ts";
import { ApiError, invalid } from "../../errors.ts";
import { safePath } from "../../services/artifact_service.ts";
import { answer } from "./_answer.ts";
import { listUnder, sendArtifact } from "./_files.ts";
import { optional, readRequest, required, t } from "./_request.ts";

/** What follows `marker` in the request's path, decoded. */
function pathAfter(c: Context<AppEnv>, marker: string): string {
  const path = new URL(c.req.url).pathname;
  const raw = path.slice(path.indexOf(marker) + marker.length);
  try {
    return safePath(decodeURIComponent(raw));
  } catch (error) {
    throw error instanceof ApiError ? error : invalid("Invalid path");
  }
}

const proxied = new Hono<AppEnv>();

proxied.get("/artifacts", async (c) => {
  const { path = "" } = await readRequest(c, { path: optional(t.text) });
  const folder = safePath(path);
  const found = await c.get("services").artifacts.list(folder);
  const files = found.map((file) => ({
    path: file.path.slice(file.path.lastIndexOf("/") + 1),
    is_dir: file.isDir,
    file_size: file.size,
  }));
  return answer(c, { files });
});

proxied.get("/artifacts/*", async (c) => await sendArtifact(c, pathAfter(c, "/artifacts/")));

proxied.put("/artifacts/*", async (c) => {
  const path = pathAfter(c, "/mlflow-artifacts/artifacts/");
  const body = c.req.raw.body ?? new Uint8Array();
  await c.get("services").artifacts.write(path, body);
  return answer(c);
});

proxied.delete("/artifacts/*", async (c) => {
  await c.get("services").artifacts.remove(pathAfter(c, "/mlflow-artifacts/artifacts/"));
  return answer(c);
});

export const proxiedArtifactRoutes = proxied;

/** `/mlflow/artifacts/…`. */
export const artifactRoutes = new Hono<AppEnv>();

artifactRoutes.get("/list", async (c) => {
  const { run_id, path = "" } = await readRequest(c, {
    run_id: required(t.text),
    path: optional(t.text),
    page_token: optional(t.text),
  });
  if (path.startsWith("/")) throw invalid("Invalid path");
  const folder = safePath(path);
  const { tracking, artifacts } = c.get("services");
  const { artifact_uri } = (await tracking.getRun(run_id)).info;
  return answer(c, {
    root_uri: artifact_uri,
    files: await listUnder(artifacts, artifact_uri, folder),
  });
});

/** Outside the API's prefix: what MLflow's pages and its `download_artifacts` ask. */
export const fileRoutes = new Hono<AppEnv>();

fileRoutes.get("/get-artifact", async (c) => {
  const runId = c.req.query("run_id") ?? c.req.query("run_uuid") ?? "";
  const path = safePath(c.req.query("path") ?? "");
  if (!path) throw invalid("Request must specify path.");
  const { info } = await c.get("services").tracking.getRun(runId);
  return await sendArtifact(
    c,
    `${await c.get("services").artifacts.resolve(info.artifact_uri)}/${path}`,
  );
});

fileRoutes.get("/model-versions/get-artifact", async (c) => {
  const { name, version } = await readRequest(c, {
    name: required(t.text),
    version: required(t.text),
    path: optional(t.text),
  });
  const { registry, artifacts } = c.get("services");
  const path = safePath(c.req.query("path") ?? "");
  const root = await artifacts.resolve(await registry.getDownloadUri(name, version));
  return await sendArtifact(c, `${root}/${path}`);
});

const uploadLimit = 10 * 1024 * 1024;

export const uploadRoutes = new Hono<AppEnv>();

uploadRoutes.post("/upload-artifact", async (c) => {
  const runId = c.req.query("run_uuid");
  if (!runId) throw invalid("Request must specify run_uuid.");
  const given = c.req.query("path");
  if (!given) throw invalid("Request must specify path.");
  const path = safePath(given);
  const tooLarge = () => invalid("Artifact size is too large. Max size is 10MB.");
  if (Number(c.req.header("content-length") ?? 0) > uploadLimit) throw tooLarge();
  let size = 0;
  const chunks: Uint8Array[] = [];
  for await (const chunk of c.req.raw.body ?? []) {
    size += chunk.byteLength;
    if (size > uploadLimit) throw tooLarge();
    chunks.push(chunk);
  }
  if (size === 0) throw invalid("Request must specify data.");
  const { tracking, artifacts } = c.get("services");
  const { info } = await tracking.getRun(runId);
  const body = new Blob(chunks as BlobPart[]).stream() as ReadableStream<Uint8Array>;
  await artifacts.write(`${await artifacts.resolve(info.artifact_uri)}/${path}`, body);
  return answer(c);
});
