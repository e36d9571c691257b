/** `/mlflow/experiments/…`. @module */
import { Hono } from "hono";
import { viewTypes } from "../../../lib/contracts/mlflow/mod.ts";
import type { AppEnv } from "../../env.ts";
import { notFound } from "../../errors.ts";
import { answer } from "./_answer.ts";
import { keyValues, toKeyValues } from "./_messages.ts";
import { optional, readRequest, required, t } from "./_request.ts";

const id = { experiment_id: required(t.text) };

const search = {
  view_type: optional(t.oneOf(viewTypes, 1)),
  max_results: optional(t.int),
  order_by: optional(t.list(t.text)),
  filter: optional(t.text),
  page_token: optional(t.text),
};

const app = new Hono<AppEnv>();

app.post("/create", async (c) => {
  const request = await readRequest(c, {
    name: required(t.text),
    artifact_location: optional(t.text),
    tags: optional(keyValues),
  });
  const experiment_id = await c.get("services").tracking.createExperiment(request.name, {
    artifactLocation: request.artifact_location,
    tags: toKeyValues(request.tags),
  });
  return answer(c, { experiment_id });
});

app.get("/get", async (c) => {
  const { experiment_id } = await readRequest(c, id);
  return answer(c, { experiment: await c.get("services").tracking.getExperiment(experiment_id) });
});

app.get("/get-by-name", async (c) => {
  const { experiment_name } = await readRequest(c, { experiment_name: required(t.text) });
  const experiment = await c.get("services").tracking.getExperimentByName(experiment_name);
  if (!experiment) throw notFound(`Could not find experiment with name '${experiment_name}'`);
  return answer(c, { experiment });
});

app.post("/delete", async (c) => {
  const { experiment_id } = await readRequest(c, id);
  await c.get("services").tracking.deleteExperiment(experiment_id);
  return answer(c);
});

app.post("/restore", async (c) => {
  const { experiment_id } = await readRequest(c, id);
  await c.get("services").tracking.restoreExperiment(experiment_id);
  return answer(c);
});

app.post("/update", async (c) => {
  const { experiment_id, new_name } = await readRequest(c, { ...id, new_name: required(t.text) });
  await c.get("services").tracking.renameExperiment(experiment_id, new_name);
  return answer(c);
});

app.post("/set-experiment-tag", async (c) => {
  const { experiment_id, key, value = "" } = await readRequest(c, {
    ...id,
    key: required(t.text),
    value: optional(t.text),
  });
  await c.get("services").tracking.setExperimentTag(experiment_id, key, value);
  return answer(c);
});

app.post("/delete-experiment-tag", async (c) => {
  const { experiment_id, key } = await readRequest(c, { ...id, key: required(t.text) });
  await c.get("services").tracking.deleteExperimentTag(experiment_id, key);
  return answer(c);
});

app.on(["GET", "POST"], "/search", async (c) => {
  const request = await readRequest(c, search);
  const page = await c.get("services").tracking.searchExperiments({
    filter: request.filter,
    orderBy: request.order_by,
    maxResults: request.max_results,
    pageToken: request.page_token,
    viewType: request.view_type,
  });
  return answer(c, { experiments: page.items, next_page_token: page.nextPageToken });
});

export const experimentRoutes = app;
