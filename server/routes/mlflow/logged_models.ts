/** `/mlflow/logged-models…`. @module */
import { Hono } from "hono";
import { loggedModelStatuses } from "../../../lib/contracts/mlflow/mod.ts";
import type { AppEnv } from "../../env.ts";
import { ApiError } from "../../errors.ts";
import { safePath } from "../../services/artifact_service.ts";
import { answer } from "./_answer.ts";
import { listUnder, sendArtifact } from "./_files.ts";
import { keyValues, loggedModelMessage, toKeyValues } from "./_messages.ts";
import { optional, readRequest, required, t } from "./_request.ts";

const app = new Hono<AppEnv>();

app.post("/", async (c) => {
  const request = await readRequest(c, {
    experiment_id: required(t.text),
    name: optional(t.text),
    model_type: optional(t.text),
    source_run_id: optional(t.text),
    params: optional(keyValues),
    tags: optional(keyValues),
  });
  const model = await c.get("services").loggedModels.create({
    experimentId: request.experiment_id,
    name: request.name || undefined,
    modelType: request.model_type,
    sourceRunId: request.source_run_id,
    params: toKeyValues(request.params),
    tags: toKeyValues(request.tags),
  });
  return answer(c, { model: loggedModelMessage(model) });
});

app.post("/search", async (c) => {
  const request = await readRequest(c, {
    experiment_ids: required(t.list(t.text)),
    filter: optional(t.text),
    datasets: optional(t.list(t.message({ dataset_name: t.text, dataset_digest: t.text }))),
    max_results: optional(t.int),
    order_by: optional(t.list(t.message({
      field_name: t.text,
      ascending: t.bool,
      dataset_name: t.text,
      dataset_digest: t.text,
    }))),
    page_token: optional(t.text),
  });
  const page = await c.get("services").loggedModels.search(request.experiment_ids, {
    filter: request.filter,
    datasets: request.datasets,
    orderBy: request.order_by,
    maxResults: request.max_results ?? 50,
    pageToken: request.page_token || undefined,
  });
  return answer(c, {
    models: page.items.map(loggedModelMessage),
    next_page_token: page.nextPageToken,
  });
});

app.get("/:model_id", async (c) => {
  const model = await c.get("services").loggedModels.get(c.req.param("model_id"));
  return answer(c, { model: loggedModelMessage(model) });
});

app.patch("/:model_id", async (c) => {
  const { status } = await readRequest(c, { status: required(t.oneOf(loggedModelStatuses)) });
  const model = await c.get("services").loggedModels.finalize(c.req.param("model_id"), status);
  return answer(c, { model: loggedModelMessage(model) });
});

app.delete("/:model_id", async (c) => {
  await c.get("services").loggedModels.delete(c.req.param("model_id"));
  return answer(c);
});

app.post("/:model_id/params", async (c) => {
  const { params } = await readRequest(c, { params: optional(keyValues) });
  await c.get("services").loggedModels.logParams(c.req.param("model_id"), toKeyValues(params));
  return answer(c);
});

app.patch("/:model_id/tags", async (c) => {
  const { tags } = await readRequest(c, { tags: optional(keyValues) });
  const model = await c.get("services").loggedModels.setTags(
    c.req.param("model_id"),
    toKeyValues(tags),
  );
  return answer(c, { model: loggedModelMessage(model) });
});

app.delete("/:model_id/tags/:key", async (c) => {
  await c.get("services").loggedModels.deleteTag(c.req.param("model_id"), c.req.param("key"));
  return answer(c);
});

app.get("/:model_id/artifacts/directories", async (c) => {
  const services = c.get("services");
  const { info } = await services.loggedModels.get(c.req.param("model_id"));
  const folder = safePath(c.req.query("artifact_directory_path") ?? "");
  const files = await listUnder(services.artifacts, info.artifact_uri, folder);
  return answer(c, { root_uri: info.artifact_uri, files });
});

app.get("/:model_id/artifacts/files", async (c) => {
  const services = c.get("services");
  const path = c.req.query("artifact_file_path");
  if (!path) {
    throw new ApiError(
      "BAD_REQUEST",
      'Request must include the "artifact_file_path" query parameter.',
    );
  }
  const { info } = await services.loggedModels.get(c.req.param("model_id"));
  const root = await services.artifacts.resolve(info.artifact_uri);
  return await sendArtifact(c, `${root}/${safePath(path)}`);
});

export const loggedModelRoutes = app;
