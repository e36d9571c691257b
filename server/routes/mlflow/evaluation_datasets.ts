/** `/mlflow/datasets/…`: evaluation datasets of MLflow 3. @module */
import { type Context, Hono } from "hono";
import type { AppEnv } from "../../env.ts";
import { invalid } from "../../errors.ts";
import type { DatasetRecordInput, EvaluationDataset } from "../../services/evaluation_datasets.ts";
import { answer } from "./_answer.ts";
import { optional, readRequest, required, t } from "./_request.ts";

/** JSON that travels as text within JSON. */
function parsed(text: string | undefined, name: string): unknown {
  if (!text) return undefined;
  try {
    return JSON.parse(text);
  } catch {
    throw invalid(`${name} must be JSON text, got ${text.slice(0, 100)}`);
  }
}

function tagsOf(text: string | undefined): Record<string, string> {
  const tags = parsed(text, "tags") ?? {};
  if (typeof tags !== "object" || Array.isArray(tags)) {
    throw invalid("tags must be the JSON of an object");
  }
  return tags as Record<string, string>;
}

const ids = { experiment_ids: optional(t.list(t.text)) };

/** MLflow leaves the experiments out of all answers but that of a creation. */
const plain = ({ experiment_ids: _, ...dataset }: EvaluationDataset) => dataset;

const app = new Hono<AppEnv>();

app.post("/create", async (c) => {
  const { name, tags, experiment_ids } = await readRequest(c, {
    name: required(t.text),
    tags: optional(t.text),
    ...ids,
  });
  const dataset = await c.get("services").evaluationDatasets.create({
    name,
    tags: tagsOf(tags),
    experimentIds: experiment_ids,
  });
  return answer(c, { dataset });
});

async function search(c: Context<AppEnv>) {
  const request = await readRequest(c, {
    ...ids,
    filter_string: optional(t.text),
    max_results: optional(t.int),
    order_by: optional(t.list(t.text)),
    page_token: optional(t.text),
  });
  const page = await c.get("services").evaluationDatasets.search({
    experimentIds: request.experiment_ids,
    filter: request.filter_string,
    orderBy: request.order_by,
    maxResults: request.max_results,
    pageToken: request.page_token,
  });
  return answer(c, { datasets: page.items, next_page_token: page.nextPageToken });
}

app.get("/search", search);
app.post("/search", search);

app.get("/:id", async (c) => {
  const dataset = await c.get("services").evaluationDatasets.get(c.req.param("id"));
  return answer(c, { dataset: plain(dataset) });
});

app.delete("/:id", async (c) => {
  await c.get("services").evaluationDatasets.remove(c.req.param("id"));
  return answer(c);
});

app.get("/:id/experiment-ids", async (c) => {
  const experiment_ids = await c.get("services").evaluationDatasets
    .experimentIds(c.req.param("id"));
  return answer(c, { experiment_ids });
});

app.post("/:id/add-experiments", async (c) => {
  const { experiment_ids = [] } = await readRequest(c, ids);
  const dataset = await c.get("services").evaluationDatasets
    .addExperiments(c.req.param("id"), experiment_ids);
  return answer(c, { dataset: plain(dataset) });
});

app.post("/:id/remove-experiments", async (c) => {
  const { experiment_ids = [] } = await readRequest(c, ids);
  const dataset = await c.get("services").evaluationDatasets
    .removeExperiments(c.req.param("id"), experiment_ids);
  return answer(c, { dataset: plain(dataset) });
});

app.get("/:id/records", async (c) => {
  const request = await readRequest(c, {
    max_results: optional(t.int),
    page_token: optional(t.text),
  });
  const page = await c.get("services").evaluationDatasets.records(c.req.param("id"), {
    maxResults: request.max_results,
    pageToken: request.page_token,
  });
  return answer(c, {
    records: JSON.stringify(page.items),
    next_page_token: page.nextPageToken,
  });
});

app.post("/:id/records", async (c) => {
  const request = await readRequest(c, { records: required(t.text) });
  const records = parsed(request.records, "records");
  const isObject = (r: unknown) => typeof r === "object" && r !== null && !Array.isArray(r);
  if (!Array.isArray(records) || !records.every(isObject)) {
    throw invalid("records must be the JSON of a list of objects");
  }
  const { inserted, updated } = await c.get("services").evaluationDatasets
    .upsertRecords(c.req.param("id"), records as DatasetRecordInput[]);
  return answer(c, { inserted_count: inserted, updated_count: updated });
});

app.delete("/:id/records", async (c) => {
  const { dataset_record_ids } = await readRequest(c, {
    dataset_record_ids: required(t.list(t.text)),
  });
  const deleted_count = await c.get("services").evaluationDatasets
    .deleteRecords(c.req.param("id"), dataset_record_ids);
  return answer(c, { deleted_count });
});

app.patch("/:id/tags", async (c) => {
  const { tags } = await readRequest(c, { tags: required(t.text) });
  await c.get("services").evaluationDatasets.setTags(c.req.param("id"), tagsOf(tags));
  return answer(c);
});

app.delete("/:id/tags/:key", async (c) => {
  const { id, key } = c.req.param();
  await c.get("services").evaluationDatasets.deleteTag(id, key);
  return answer(c);
});

export const evaluationDatasetRoutes = app;
