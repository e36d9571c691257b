/** `/mlflow/traces/…`: traces and assessments of MLflow 3, and traces as MLflow 2 has them. @module */
import { type Context, Hono } from "hono";
import type { TraceInfo, TraceState } from "../../db/traces.ts";
import { traceStates } from "../../db/traces.ts";
import type { AppEnv } from "../../env.ts";
import { invalid, notFound } from "../../errors.ts";
import type { AssessmentMessage } from "../../services/assessment_rows.ts";
import { spanDictionaryText } from "../../services/span_dictionary.ts";
import { missingValue } from "../../services/validation.ts";
import { answer, answerAsIs } from "./_answer.ts";
import { correlation } from "./_correlation.ts";
import { attachment } from "./_files.ts";
import { keyValues, toKeyValues } from "./_messages.ts";
import { atMost, optional, readJson, readRequest, required, t } from "./_request.ts";

/** A time as protobuf's JSON writes it. */
const isoTime = (ms: number) => new Date(ms).toISOString().replace(".000Z", "Z");

const duration = (ms: number) => `${ms % 1000 ? (ms / 1000).toFixed(3) : ms / 1000}s`;

function durationMs(text: unknown): number | undefined {
  const match = /^(-?\d+(?:\.\d+)?)s$/.exec(String(text ?? ""));
  return match ? Math.round(Number(match[1]) * 1000) : undefined;
}

function traceMessage(info: TraceInfo) {
  return {
    trace_id: info.traceId,
    client_request_id: info.clientRequestId ?? undefined,
    trace_location: {
      type: "MLFLOW_EXPERIMENT",
      mlflow_experiment: { experiment_id: String(info.experimentId) },
    },
    request_preview: info.requestPreview ?? undefined,
    response_preview: info.responsePreview ?? undefined,
    request_time: isoTime(info.requestTime),
    execution_duration: info.executionDuration === null
      ? undefined
      : duration(info.executionDuration),
    state: info.state,
    trace_metadata: info.metadata,
    tags: info.tags,
    assessments: info.assessments.length ? info.assessments : undefined,
  };
}

const pairsOf = (values: Record<string, string>) =>
  Object.entries(values).map(([key, value]) => ({ key, value }));

function traceMessageV2(info: TraceInfo) {
  return {
    request_id: info.traceId,
    experiment_id: String(info.experimentId),
    timestamp_ms: info.requestTime,
    execution_time_ms: info.executionDuration ?? 0,
    status: info.state === "STATE_UNSPECIFIED" ? "TRACE_STATUS_UNSPECIFIED" : info.state,
    request_metadata: pairsOf(info.metadata),
    tags: pairsOf(info.tags),
  };
}

function stateOf(value: unknown): TraceState {
  if (value === "TRACE_STATUS_UNSPECIFIED" || value === undefined) return "STATE_UNSPECIFIED";
  const state = typeof value === "number" ? traceStates[value] : value;
  if (traceStates.includes(state as TraceState)) return state as TraceState;
  throw invalid(`state must be one of ${traceStates.join(", ")}, got ${value}`);
}

function stringMap(value: unknown, name: string): Record<string, string> {
  if (value === undefined || value === null) return {};
  const entries = typeof value === "object" && !Array.isArray(value) ? Object.entries(value) : null;
  if (!entries || entries.some(([, v]) => typeof v !== "string")) {
    throw invalid(`${name} must be an object of strings`);
  }
  return Object.fromEntries(entries);
}

const toMap = (list: { key?: string; value?: string }[] | undefined) =>
  Object.fromEntries(toKeyValues(list).map(({ key, value }) => [key, value]));

/** Objects whose fields are theirs to say. */
const anyObject = {
  parse: (value: unknown) =>
    typeof value === "object" && value !== null && !Array.isArray(value)
      ? value as Record<string, unknown>
      : undefined,
};

const app = new Hono<AppEnv>();

async function startTrace(c: Context<AppEnv>, trace: Record<string, unknown>) {
  const info = anyObject.parse(trace.trace_info);
  if (!info) throw invalid(missingValue("trace.trace_info"));
  const location = anyObject.parse(info.trace_location)?.mlflow_experiment;
  const experimentId = anyObject.parse(location)?.experiment_id;
  const requestTime = Date.parse(String(info.request_time ?? ""));
  if (typeof info.trace_id !== "string" || !/^[\w.:/-]{1,250}$/.test(info.trace_id)) {
    throw invalid(`trace_id must be a name of at most 250 characters, got ${info.trace_id}`);
  }
  const text = (name: string) => {
    const value = info[name];
    if (value === undefined || value === null || value === "") return undefined;
    if (typeof value !== "string") throw invalid(`${name} must be a string, got ${value}`);
    return value;
  };
  const started = await c.get("services").traces.start({
    traceId: info.trace_id,
    experimentId: String(experimentId ?? ""),
    requestTime: Number.isNaN(requestTime) ? c.get("services").clock.now() : requestTime,
    executionDuration: durationMs(info.execution_duration),
    state: stateOf(info.state),
    clientRequestId: text("client_request_id"),
    requestPreview: text("request_preview"),
    responsePreview: text("response_preview"),
    tags: stringMap(info.tags, "tags"),
    metadata: stringMap(info.trace_metadata, "trace_metadata"),
    assessments: Array.isArray(info.assessments) ? info.assessments : [],
  });
  return answerAsIs(c, { trace: { trace_info: traceMessage(started) } });
}

app.post("/", async (c) => {
  const raw = await readJson(c);
  const trace = anyObject.parse(raw.trace);
  if (trace) return await startTrace(c, trace);
  const request = await readRequest(c, {
    experiment_id: required(t.text),
    timestamp_ms: required(t.int),
    request_metadata: optional(keyValues),
    tags: optional(keyValues),
  });
  const info = await c.get("services").traces.start({
    traceId: crypto.randomUUID().replaceAll("-", ""),
    experimentId: request.experiment_id,
    requestTime: request.timestamp_ms,
    state: "IN_PROGRESS",
    tags: toMap(request.tags),
    metadata: toMap(request.request_metadata),
  });
  return answer(c, { trace_info: traceMessageV2(info) });
});

const searchSpec = {
  filter: optional(t.text),
  max_results: optional(t.int, atMost(500)),
  order_by: optional(t.list(t.text)),
  page_token: optional(t.text),
};

app.get("/", async (c) => {
  const request = await readRequest(c, {
    experiment_ids: required(t.list(t.text)),
    ...searchSpec,
  });
  const page = await c.get("services").traces.search(request.experiment_ids, {
    filter: request.filter,
    orderBy: request.order_by,
    maxResults: request.max_results,
    pageToken: request.page_token,
  });
  return answer(c, {
    traces: page.items.map(traceMessageV2),
    next_page_token: page.nextPageToken,
  });
});

app.post("/search", async (c) => {
  const request = await readRequest(c, {
    locations: required(t.list(t.message({
      mlflow_experiment: t.message({ experiment_id: t.text }),
    }))),
    ...searchSpec,
  });
  const experimentIds = request.locations
    .flatMap((l) => l.mlflow_experiment?.experiment_id ?? []);
  const page = await c.get("services").traces.search(experimentIds, {
    filter: request.filter,
    orderBy: request.order_by,
    maxResults: request.max_results,
    pageToken: request.page_token,
  });
  return answerAsIs(c, {
    traces: page.items.map(traceMessage),
    next_page_token: page.nextPageToken,
  });
});

app.get("/get", async (c) => {
  const { trace_id } = await readRequest(c, {
    trace_id: required(t.text),
    allow_partial: optional(t.bool),
  });
  const { info, spans } = await c.get("services").traces.get(trace_id);
  return answerAsIs(c, { trace: { trace_info: traceMessage(info), spans } });
});

const manySpec = { trace_ids: required(t.list(t.text)), experiment_ids: optional(t.list(t.text)) };

app.get("/batchGet", async (c) => {
  const { trace_ids, experiment_ids } = await readRequest(c, manySpec);
  const found = await c.get("services").traces.getMany(trace_ids, {
    spans: true,
    experimentIds: experiment_ids,
  });
  return answerAsIs(c, {
    traces: found.map(({ info, spans }) => ({ trace_info: traceMessage(info), spans })),
  });
});

app.post("/batchGetInfos", async (c) => {
  const { trace_ids, experiment_ids } = await readRequest(c, manySpec);
  const found = await c.get("services").traces.getMany(trace_ids, {
    spans: false,
    experimentIds: experiment_ids,
  });
  return answerAsIs(c, { trace_infos: found.map(({ info }) => traceMessage(info)) });
});

app.post("/delete-traces", async (c) => {
  const request = await readRequest(c, {
    experiment_id: required(t.text),
    max_timestamp_millis: optional(t.int),
    max_traces: optional(t.int),
    request_ids: optional(t.list(t.text)),
  });
  const traces_deleted = await c.get("services").traces.remove(request.experiment_id, {
    maxTimestamp: request.max_timestamp_millis,
    maxTraces: request.max_traces,
    traceIds: request.request_ids,
  });
  return answer(c, { traces_deleted });
});

app.post("/link-to-run", async (c) => {
  const { trace_ids, run_id } = await readRequest(c, {
    trace_ids: required(t.list(t.text)),
    run_id: required(t.text),
  });
  await c.get("services").traces.linkRun(run_id, trace_ids);
  return answer(c);
});

app.post("/link-prompts", async (c) => {
  const { trace_id, prompt_versions } = await readRequest(c, {
    trace_id: required(t.text),
    prompt_versions: required(t.list(t.message({ name: t.text, version: t.text }))),
  });
  await c.get("services").traces.linkPrompts(
    trace_id,
    prompt_versions.map(({ name = "", version = "" }) => ({ name, version })),
  );
  return answer(c);
});

app.post("/calculate-filter-correlation", async (c) => {
  const request = await readRequest(c, {
    experiment_ids: required(t.list(t.text)),
    filter_string1: required(t.text),
    filter_string2: required(t.text),
    base_filter: optional(t.text),
  });
  const counts = await c.get("services").traces.correlate(request.experiment_ids, {
    one: request.filter_string1,
    two: request.filter_string2,
    base: request.base_filter,
  });
  return answer(c, correlation(counts));
});

app.get("/:id/info", async (c) => {
  const info = await c.get("services").traces.getInfo(c.req.param("id"));
  return answer(c, { trace_info: traceMessageV2(info) });
});

app.get("/:id", async (c) => {
  const info = await c.get("services").traces.getInfo(c.req.param("id"));
  return answerAsIs(c, { trace: { trace_info: traceMessage(info) } });
});

app.patch("/:id", async (c) => {
  const request = await readRequest(c, {
    timestamp_ms: required(t.int),
    status: required(t.text),
    request_metadata: optional(keyValues),
    tags: optional(keyValues),
  });
  const info = await c.get("services").traces.end(c.req.param("id"), {
    endTime: request.timestamp_ms,
    state: stateOf(request.status),
    metadata: toMap(request.request_metadata),
    tags: toMap(request.tags),
  });
  return answer(c, { trace_info: traceMessageV2(info) });
});

app.patch("/:id/tags", async (c) => {
  const { key, value = "" } = await readRequest(c, {
    key: required(t.text),
    value: optional(t.text),
  });
  await c.get("services").traces.setTag(c.req.param("id"), key, value);
  return answer(c);
});

app.delete("/:id/tags", async (c) => {
  const { key } = await readRequest(c, { key: required(t.text) });
  await c.get("services").traces.deleteTag(c.req.param("id"), key);
  return answer(c);
});

app.post("/:id/assessments", async (c) => {
  const { assessment } = await readRequest(c, { assessment: required(anyObject) });
  const made = await c.get("services").traces.createAssessment(
    c.req.param("id"),
    assessment as AssessmentMessage,
  );
  return answerAsIs(c, { assessment: made });
});

app.get("/:id/assessments/:assessment_id", async (c) => {
  const { id, assessment_id } = c.req.param();
  const assessment = await c.get("services").traces.getAssessment(id, assessment_id);
  return answerAsIs(c, { assessment });
});

app.patch("/:id/assessments/:assessment_id", async (c) => {
  const { id, assessment_id } = c.req.param();
  const { assessment, update_mask = "" } = await readRequest(c, {
    assessment: required(anyObject),
    update_mask: optional(t.text),
  });
  const changed = await c.get("services").traces.updateAssessment(
    id,
    assessment_id,
    assessment as AssessmentMessage,
    update_mask.split(",").map((m) => m.trim()).filter(Boolean),
  );
  return answerAsIs(c, { assessment: changed });
});

app.delete("/:id/assessments/:assessment_id", async (c) => {
  const { id, assessment_id } = c.req.param();
  await c.get("services").traces.deleteAssessment(id, assessment_id);
  return answer(c);
});

export const traceRoutes = app;

/** The pages' way to a trace's spans, as the file that older clients wrote them to. */
export const traceArtifactRoutes = new Hono<AppEnv>();

traceArtifactRoutes.get("/get-trace-artifact", async (c) => {
  const traceId = c.req.query("request_id") ?? c.req.query("trace_id") ?? "";
  if (!traceId) throw notFound("Request must specify request_id.");
  const { spans } = await c.get("services").traces.get(traceId);
  return c.body(`{"spans":[${spans.map(spanDictionaryText).join(",")}]}`, 200, {
    "Content-Type": "application/json",
    "Content-Disposition": attachment("traces.json"),
  });
});
