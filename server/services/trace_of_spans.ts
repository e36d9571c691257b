/** What is known of a trace from its spans alone. @module */
import type { SpanRow, TraceInfo } from "../db/traces.ts";
import { type Attribute, plainValues } from "./otlp_attributes.ts";

/** The tag that says where a trace's files lie. */
export const artifactLocationTag = "mlflow.artifactLocation";

const previewLength = 1000;

interface OtlpValue {
  string_value?: string;
}

/** Metadata of a trace that any of its spans may bring, by the attributes that do. */
const carried: Record<string, string[]> = {
  "mlflow.trace.session": ["session.id", "gen_ai.conversation.id"],
  "mlflow.trace.user": ["user.id"],
};

/** What the first span that says it says under one of the names. */
function said(spans: readonly SpanRow[], names: readonly string[]): string | undefined {
  for (const span of spans) {
    if (!names.some((name) => span.content.includes(`"${name}"`))) continue;
    const attributes = plainValues(JSON.parse(span.content).attributes as Attribute[]);
    const value = names.map((name) => attributes[name]).find(Boolean);
    if (value !== undefined) return typeof value === "string" ? value : JSON.stringify(value);
  }
}

/** What a trace's spans say of it. */
export function traceOfSpans(
  traceId: string,
  experiment: { id: number; root: string },
  spans: readonly SpanRow[],
  runId: string | undefined,
): Omit<TraceInfo, "assessments"> {
  const toMs = (nano: string) => Number(BigInt(nano) / 1_000_000n);
  const start = Math.min(...spans.map((s) => toMs(s.startNano)));
  const ends = spans.flatMap((s) => s.endNano === null ? [] : [toMs(s.endNano)]);
  const root = spans.find((s) => s.parentSpanId === null);
  const attributes = new Map(
    root
      ? ((JSON.parse(root.content).attributes ?? []) as { key: string; value?: OtlpValue }[])
        .map(({ key, value }) => [key, value?.string_value])
      : [],
  );
  const tags: Record<string, string> = {
    [artifactLocationTag]: `${experiment.root}/traces/${traceId}/artifacts`,
    "mlflow.trace.spansLocation": "TRACKING_STORE",
  };
  if (root) tags["mlflow.traceName"] = root.name;
  for (const [key, value] of attributes) {
    const name = /^mlflow\.traceTag\.(.+)$/.exec(key)?.[1];
    if (name && value !== undefined) tags[name] = value;
  }
  const metadata: Record<string, string> = { "mlflow.trace_schema.version": "3" };
  if (runId) metadata["mlflow.sourceRun"] = runId;
  for (const [key, names] of Object.entries(carried)) {
    const value = said(spans, names);
    if (value) metadata[key] = value;
  }
  return {
    traceId,
    experimentId: experiment.id,
    requestTime: start,
    executionDuration: ends.length ? Math.max(...ends) - start : null,
    state: !root ? "IN_PROGRESS" : root.status === "ERROR" ? "ERROR" : "OK",
    clientRequestId: null,
    requestPreview: attributes.get("mlflow.spanInputs")?.slice(0, previewLength) ?? null,
    responsePreview: attributes.get("mlflow.spanOutputs")?.slice(0, previewLength) ?? null,
    tags,
    metadata,
  };
}
