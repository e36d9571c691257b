/**
 * Addresses from which clients fetch artifacts without this server, where the bucket gives such;
 * elsewhere the refusals at which MLflow's client falls back to this server.
 * @module
 */
import { Hono } from "hono";
import type { AppEnv } from "../../env.ts";
import { ApiError, invalid } from "../../errors.ts";
import { safePath } from "../../services/artifact_service.ts";
import { attachment, contentType } from "./_files.ts";
import { optional, readRequest, required, t } from "./_request.ts";

const secondsValid = 900;

/** `/mlflow-artifacts/presigned/<path>`. */
export const presignedRoutes = new Hono<AppEnv>().get("/*", async (c) => {
  const { pathname } = new URL(c.req.url);
  const marker = "/presigned/";
  let path: string;
  try {
    path = safePath(decodeURIComponent(pathname.slice(pathname.indexOf(marker) + marker.length)));
  } catch {
    throw invalid("Invalid path");
  }
  const { artifacts, blobs } = c.get("services");
  if (!blobs.presign) {
    throw new ApiError(
      "NOT_IMPLEMENTED",
      "Multipart download is not supported for the current artifact repository",
    );
  }
  const { sha256, size } = await artifacts.stat(path);
  const url = await blobs.presign(sha256, secondsValid, {
    contentType: contentType(path),
    contentDisposition: attachment(path),
  });
  return c.json({ url, headers: {}, file_size: size });
});

const proxied = (what: string, of: string, rest: string) =>
  invalid(
    `Presigned ${what} is not supported for ${of}proxied artifact storage (artifact URI scheme: ` +
      `mlflow-artifacts). This endpoint requires a ${rest}direct cloud storage artifact URI.`,
  );

/** `/mlflow/artifacts/presigned-…`: only for runs whose files lie elsewhere, which we never sign. */
export const directPresignedRoutes = new Hono<AppEnv>()
  .post("/presigned-download-url", async (c) => {
    const { run_id } = await readRequest(c, {
      run_id: required(t.text),
      path: required(t.text),
      expiration: optional(t.int),
    });
    await c.get("services").tracking.getRun(run_id);
    throw proxied("download", "runs with ", "run with a ");
  })
  .post("/presigned-upload-url", async (c) => {
    const { run_id, model_id } = await readRequest(c, {
      run_id: optional(t.text),
      model_id: optional(t.text),
      path: required(t.text),
      expiration: optional(t.int),
    });
    if (Boolean(run_id) === Boolean(model_id)) {
      throw invalid("Exactly one of run_id and model_id must be provided.");
    }
    if (run_id) await c.get("services").tracking.getRun(run_id);
    else await c.get("services").loggedModels.get(model_id!);
    throw proxied("upload", "", "");
  });
