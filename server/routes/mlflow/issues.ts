/** `/mlflow/issues…` of MLflow 3. @module */
import { Hono } from "hono";
import type { AppEnv } from "../../env.ts";
import { answer } from "./_answer.ts";
import { optional, readRequest, required, t } from "./_request.ts";

const app = new Hono<AppEnv>();

app.post("/", async (c) => {
  const request = await readRequest(c, {
    name: required(t.text),
    description: required(t.text),
    experiment_id: required(t.text),
    status: optional(t.text),
    severity: optional(t.text),
    root_causes: optional(t.list(t.text)),
    categories: optional(t.list(t.text)),
    source_run_id: optional(t.text),
    created_by: optional(t.text),
  });
  const issue = await c.get("services").issues.create({
    experimentId: request.experiment_id,
    name: request.name,
    description: request.description,
    status: request.status,
    severity: request.severity,
    rootCauses: request.root_causes,
    categories: request.categories,
    sourceRunId: request.source_run_id,
    createdBy: request.created_by,
  });
  return answer(c, { issue });
});

app.post("/search", async (c) => {
  const request = await readRequest(c, {
    experiment_id: optional(t.text),
    filter_string: optional(t.text),
    max_results: optional(t.int),
    page_token: optional(t.text),
    include_trace_count: optional(t.bool),
  });
  const page = await c.get("services").issues.search({
    experimentId: request.experiment_id,
    filter: request.filter_string,
    maxResults: request.max_results,
    pageToken: request.page_token,
    countTraces: request.include_trace_count,
  });
  return answer(c, { issues: page.items, next_page_token: page.nextPageToken ?? "" });
});

app.get(
  "/:id",
  async (c) => answer(c, { issue: await c.get("services").issues.get(c.req.param("id")) }),
);

app.patch("/:id", async (c) => {
  const { status, severity, name, description } = await readRequest(c, {
    issue_id: required(t.text),
    status: optional(t.text),
    severity: optional(t.text),
    name: optional(t.text),
    description: optional(t.text),
  });
  const change = { status, severity, name, description };
  return answer(c, { issue: await c.get("services").issues.update(c.req.param("id"), change) });
});

export const issueRoutes = app;
