/** `/mlflow/model-versions/…`. @module */
import { Hono } from "hono";
import type { AppEnv } from "../../env.ts";
import { answer } from "./_answer.ts";
import { keyValues, toKeyValues, versionMessage } from "./_messages.ts";
import { optional, readRequest, required, t } from "./_request.ts";

const id = { name: required(t.text), version: required(t.text) };

const app = new Hono<AppEnv>();

app.post("/create", async (c) => {
  const request = await readRequest(c, {
    name: required(t.text),
    source: required(t.text),
    run_id: optional(t.text),
    tags: optional(keyValues),
    run_link: optional(t.text),
    description: optional(t.text),
    model_id: optional(t.text),
  });
  const services = c.get("services");
  const tags = toKeyValues(request.tags);
  const lineage = await services.versionSources.check({
    source: request.source,
    runId: request.run_id,
    modelId: request.model_id,
    isPrompt: tags.some((tag) => tag.key === "mlflow.prompt.is_prompt" && tag.value === "true"),
  });
  const model_version = await services.registry.createVersion({
    name: request.name,
    ...lineage,
    runLink: request.run_link,
    description: request.description,
    tags,
  });
  if (lineage.modelId) {
    await services.loggedModels.noteVersion(
      lineage.modelId,
      model_version.name,
      model_version.version,
    );
  }
  return answer(c, { model_version: versionMessage(model_version) });
});

app.get("/get", async (c) => {
  const { name, version } = await readRequest(c, id);
  const found = await c.get("services").registry.getVersion(name, version);
  return answer(c, { model_version: versionMessage(found) });
});

app.patch("/update", async (c) => {
  const { name, version, description = "" } = await readRequest(c, {
    ...id,
    description: optional(t.text),
  });
  const model_version = await c.get("services").registry.updateVersion(name, version, description);
  return answer(c, { model_version: versionMessage(model_version) });
});

app.post("/transition-stage", async (c) => {
  const { name, version, stage, archive_existing_versions = false } = await readRequest(c, {
    ...id,
    stage: required(t.text),
    archive_existing_versions: optional(t.bool),
  });
  const model_version = await c.get("services").registry.transitionStage(
    name,
    version,
    stage,
    archive_existing_versions,
  );
  return answer(c, { model_version: versionMessage(model_version) });
});

app.delete("/delete", async (c) => {
  const { name, version } = await readRequest(c, id);
  await c.get("services").registry.deleteVersion(name, version);
  return answer(c);
});

app.get("/search", async (c) => {
  const request = await readRequest(c, {
    filter: optional(t.text),
    max_results: optional(t.int),
    order_by: optional(t.list(t.text)),
    page_token: optional(t.text),
  });
  const page = await c.get("services").registry.searchVersions({
    filter: request.filter,
    maxResults: request.max_results ?? 200_000,
    orderBy: request.order_by,
    pageToken: request.page_token,
  });
  return answer(c, {
    model_versions: page.items.map(versionMessage),
    next_page_token: page.nextPageToken,
  });
});

app.get("/get-download-uri", async (c) => {
  const { name, version } = await readRequest(c, id);
  const artifact_uri = await c.get("services").registry.getDownloadUri(name, version);
  return answer(c, { artifact_uri });
});

app.post("/set-tag", async (c) => {
  const { name, version, key, value = "" } = await readRequest(c, {
    ...id,
    key: required(t.text),
    value: optional(t.text),
  });
  await c.get("services").registry.setVersionTag(name, version, key, value);
  return answer(c);
});

app.delete("/delete-tag", async (c) => {
  const { name, version, key } = await readRequest(c, { ...id, key: required(t.text) });
  await c.get("services").registry.deleteVersionTag(name, version, key);
  return answer(c);
});

export const modelVersionRoutes = app;
