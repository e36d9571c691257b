/** `/mlflow/registered-models/…`. @module */
import { type Context, Hono } from "hono";
import type { AppEnv } from "../../env.ts";
import { answer } from "./_answer.ts";
import { keyValues, modelMessage, toKeyValues, versionMessage } from "./_messages.ts";
import { atMost, optional, readRequest, required, t } from "./_request.ts";

const named = { name: required(t.text) };

const app = new Hono<AppEnv>();

app.post("/create", async (c) => {
  const { name, tags, description } = await readRequest(c, {
    ...named,
    tags: optional(keyValues),
    description: optional(t.text),
  });
  const registered_model = await c.get("services").registry.createModel(name, {
    tags: toKeyValues(tags),
    description,
  });
  return answer(c, { registered_model: modelMessage(registered_model) });
});

app.get("/get", async (c) => {
  const { name } = await readRequest(c, named);
  const model = await c.get("services").registry.getModel(name);
  return answer(c, { registered_model: modelMessage(model) });
});

app.patch("/update", async (c) => {
  const { name, description = "" } = await readRequest(c, {
    ...named,
    description: optional(t.text),
  });
  const registered_model = await c.get("services").registry.updateModel(name, description);
  return answer(c, { registered_model: modelMessage(registered_model) });
});

app.post("/rename", async (c) => {
  const { name, new_name } = await readRequest(c, { ...named, new_name: required(t.text) });
  const registered_model = await c.get("services").registry.renameModel(name, new_name);
  return answer(c, { registered_model: modelMessage(registered_model) });
});

app.delete("/delete", async (c) => {
  const { name } = await readRequest(c, named);
  await c.get("services").registry.deleteModel(name);
  return answer(c);
});

app.get("/search", async (c) => {
  const request = await readRequest(c, {
    filter: optional(t.text),
    max_results: optional(t.int, atMost(1000)),
    order_by: optional(t.list(t.text)),
    page_token: optional(t.text),
  });
  const page = await c.get("services").registry.searchModels({
    filter: request.filter,
    maxResults: request.max_results,
    orderBy: request.order_by,
    pageToken: request.page_token,
  });
  return answer(c, {
    registered_models: page.items.map(modelMessage),
    next_page_token: page.nextPageToken,
  });
});

app.on(["GET", "POST"], "/get-latest-versions", async (c: Context<AppEnv>) => {
  const { name, stages } = await readRequest(c, { ...named, stages: optional(t.list(t.text)) });
  const model_versions = await c.get("services").registry.getLatestVersions(name, stages);
  return answer(c, { model_versions: model_versions.map(versionMessage) });
});

app.post("/set-tag", async (c) => {
  const { name, key, value = "" } = await readRequest(c, {
    ...named,
    key: required(t.text),
    value: optional(t.text),
  });
  await c.get("services").registry.setModelTag(name, key, value);
  return answer(c);
});

app.delete("/delete-tag", async (c) => {
  const { name, key } = await readRequest(c, { ...named, key: required(t.text) });
  await c.get("services").registry.deleteModelTag(name, key);
  return answer(c);
});

app.post("/alias", async (c) => {
  const { name, alias, version } = await readRequest(c, {
    ...named,
    alias: required(t.text),
    version: required(t.text),
  });
  await c.get("services").registry.setAlias(name, alias, version);
  return answer(c);
});

app.delete("/alias", async (c) => {
  const { name, alias } = await readRequest(c, { ...named, alias: required(t.text) });
  await c.get("services").registry.deleteAlias(name, alias);
  return answer(c);
});

app.get("/alias", async (c) => {
  const { name, alias } = await readRequest(c, { ...named, alias: required(t.text) });
  const model_version = await c.get("services").registry.getVersionByAlias(name, alias);
  return answer(c, { model_version: versionMessage(model_version) });
});

export const registeredModelRoutes = app;
