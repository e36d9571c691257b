/** The tables of traces as drizzle knows them. @module */
import { bigint, boolean, doublePrecision, pgTable, primaryKey, text } from "drizzle-orm/pg-core";

export const traces = pgTable("traces", {
  traceId: text("trace_id").primaryKey(),
  experimentId: bigint("experiment_id", { mode: "number" }).notNull(),
  requestTime: bigint("request_time", { mode: "number" }).notNull(),
  executionDuration: bigint("execution_duration", { mode: "number" }),
  state: text("state").notNull(),
  clientRequestId: text("client_request_id"),
  requestPreview: text("request_preview"),
  responsePreview: text("response_preview"),
  isFinal: boolean("is_final").notNull().default(false),
});

const keyValue = () => ({
  traceId: text("trace_id").notNull(),
  key: text("key").notNull(),
  value: text("value").notNull(),
});

export const traceTags = pgTable(
  "trace_tags",
  keyValue(),
  (t) => [primaryKey({ columns: [t.traceId, t.key] })],
);

export const traceMetadata = pgTable(
  "trace_metadata",
  keyValue(),
  (t) => [primaryKey({ columns: [t.traceId, t.key] })],
);

export const traceSpans = pgTable("trace_spans", {
  traceId: text("trace_id").notNull(),
  spanId: text("span_id").notNull(),
  parentSpanId: text("parent_span_id"),
  name: text("name").notNull(),
  spanType: text("span_type"),
  status: text("status").notNull(),
  startNano: bigint("start_nano", { mode: "bigint" }).notNull(),
  endNano: bigint("end_nano", { mode: "bigint" }),
  content: text("content").notNull(),
  inputCost: doublePrecision("input_cost"),
  outputCost: doublePrecision("output_cost"),
  totalCost: doublePrecision("total_cost"),
  modelName: text("model_name"),
  modelProvider: text("model_provider"),
}, (t) => [primaryKey({ columns: [t.traceId, t.spanId] })]);

export const traceAssessments = pgTable("trace_assessments", {
  assessmentId: text("assessment_id").primaryKey(),
  traceId: text("trace_id").notNull(),
  kind: text("kind").notNull(),
  name: text("name").notNull(),
  value: text("value"),
  isValid: boolean("is_valid").notNull().default(true),
  overrides: text("overrides"),
  content: text("content").notNull(),
  createdTime: bigint("created_time", { mode: "number" }).notNull(),
});

export const traceRuns = pgTable("trace_runs", {
  runId: text("run_id").notNull(),
  traceId: text("trace_id").notNull(),
}, (t) => [primaryKey({ columns: [t.runId, t.traceId] })]);

export const tracePrompts = pgTable("trace_prompts", {
  traceId: text("trace_id").notNull(),
  prompt: text("prompt").notNull(),
}, (t) => [primaryKey({ columns: [t.traceId, t.prompt] })]);
