/** `/mlflow/runs/…`. @module */
import { Hono } from "hono";
import { limits, runStatuses, viewTypes } from "../../../lib/contracts/mlflow/mod.ts";
import type { AppEnv } from "../../env.ts";
import { invalid } from "../../errors.ts";
import { answer, answerPage } from "./_answer.ts";
import {
  datasetInputs,
  keyValues,
  metricMessage,
  modelInputs,
  toDatasetInputs,
  toKeyValues,
  toMetric,
} from "./_messages.ts";
import {
  atMost,
  fieldsPresent,
  optional,
  parseFields,
  readJson,
  readRequest,
  required,
  t,
} from "./_request.ts";

const id = { run_id: required(t.text) };

const app = new Hono<AppEnv>();

app.post("/create", async (c) => {
  const request = await readRequest(c, {
    experiment_id: optional(t.text),
    start_time: optional(t.int),
    run_name: optional(t.text),
    user_id: optional(t.text),
    tags: optional(keyValues),
  });
  const run = await c.get("services").tracking.createRun({
    experimentId: request.experiment_id || "0",
    startTime: request.start_time,
    runName: request.run_name,
    userId: request.user_id,
    tags: toKeyValues(request.tags),
  });
  return answer(c, { run });
});

app.get("/get", async (c) => {
  const { run_id } = await readRequest(c, id);
  return answer(c, { run: await c.get("services").tracking.getRun(run_id) });
});

app.post("/update", async (c) => {
  const request = await readRequest(c, {
    ...id,
    end_time: optional(t.int),
    status: optional(t.oneOf(runStatuses, 1)),
    run_name: optional(t.text),
  });
  const run_info = await c.get("services").tracking.updateRun(request.run_id, {
    status: request.status,
    endTime: request.end_time,
    runName: request.run_name,
  });
  return answer(c, { run_info });
});

app.post("/delete", async (c) => {
  const { run_id } = await readRequest(c, id);
  await c.get("services").tracking.deleteRun(run_id);
  return answer(c);
});

app.post("/restore", async (c) => {
  const { run_id } = await readRequest(c, id);
  await c.get("services").tracking.restoreRun(run_id);
  return answer(c);
});

app.post("/search", async (c) => {
  const request = await readRequest(c, {
    experiment_ids: optional(t.list(t.text)),
    filter: optional(t.text),
    max_results: optional(t.int, atMost(50_000)),
    order_by: optional(t.list(t.text)),
    run_view_type: optional(t.oneOf(viewTypes, 1)),
    page_token: optional(t.text),
  });
  const page = await c.get("services").tracking.searchRunsJson(request.experiment_ids ?? [], {
    filter: request.filter,
    orderBy: request.order_by,
    maxResults: request.max_results,
    pageToken: request.page_token,
    viewType: request.run_view_type,
  });
  const list = page.items.length ? `[${page.items.join(",")}]` : null;
  return answerPage(c, "runs", list, page.nextPageToken);
});

app.post("/log-metric", async (c) => {
  const request = await readRequest(c, {
    ...id,
    key: required(t.text),
    value: required(t.double),
    timestamp: required(t.int),
    step: optional(t.int),
    model_id: optional(t.text),
    dataset_name: optional(t.text),
    dataset_digest: optional(t.text),
  });
  await c.get("services").tracking.logMetrics(request.run_id, [toMetric(request)]);
  return answer(c);
});

app.post("/log-parameter", async (c) => {
  const { run_id, key, value = "" } = await readRequest(c, {
    ...id,
    key: required(t.text),
    value: optional(t.text),
  });
  await c.get("services").tracking.logParams(run_id, [{ key, value }]);
  return answer(c);
});

app.post("/set-tag", async (c) => {
  const { run_id, key, value = "" } = await readRequest(c, {
    ...id,
    key: required(t.text),
    value: optional(t.text),
  });
  await c.get("services").tracking.setTags(run_id, [{ key, value }]);
  return answer(c);
});

app.post("/delete-tag", async (c) => {
  const { run_id, key } = await readRequest(c, { ...id, key: required(t.text) });
  await c.get("services").tracking.deleteTag(run_id, key);
  return answer(c);
});

app.post("/log-batch", async (c) => {
  const raw = await readJson(c);
  const size = Number(c.req.header("content-length") ?? 0);
  if (size > limits.batchBytes) {
    throw invalid(
      `Batched logging API requests must be at most ${limits.batchBytes} bytes, ` +
        `got a request of size ${size}.`,
    );
  }
  const request = parseFields(raw, {
    ...id,
    metrics: optional(t.list(metricMessage), fieldsPresent("key", "value", "timestamp")),
    params: optional(keyValues, fieldsPresent("key")),
    tags: optional(keyValues, fieldsPresent("key")),
  });
  await c.get("services").tracking.logBatch(request.run_id, {
    metrics: request.metrics?.map(toMetric),
    params: toKeyValues(request.params),
    tags: toKeyValues(request.tags),
  });
  return answer(c);
});

app.post("/log-inputs", async (c) => {
  const request = await readRequest(c, {
    ...id,
    datasets: optional(datasetInputs),
    models: optional(modelInputs),
  });
  await c.get("services").tracking.logInputs(request.run_id, {
    datasets: toDatasetInputs(request.datasets),
    models: request.models?.map(({ model_id = "" }) => ({ model_id })),
  });
  return answer(c);
});

app.post("/outputs", async (c) => {
  const { run_id, models } = await readRequest(c, { ...id, models: required(modelInputs) });
  await c.get("services").tracking.logOutputs(
    run_id,
    models.map(({ model_id = "", step }) => ({ model_id, step })),
  );
  return answer(c);
});

/** What MLflow 2's log_model records in a tag of the run. */
app.post("/log-model", async (c) => {
  const { run_id, model_json } = await readRequest(c, { ...id, model_json: required(t.text) });
  let model: Record<string, unknown>;
  try {
    model = JSON.parse(model_json);
  } catch {
    throw invalid(`Malformed model info. \n ${model_json} \n is not a valid JSON.`);
  }
  const absent = ["artifact_path", "flavors", "utc_time_created", "run_id"]
    .filter((field) => typeof model !== "object" || model === null || !(field in model));
  if (absent.length) {
    throw invalid(
      `Model json is missing mandatory fields: {${absent.map((f) => `'${f}'`).join(", ")}}`,
    );
  }
  await c.get("services").tracking.recordModel(run_id, model);
  return answer(c);
});

export const runRoutes = app;
