/** SQL of traces, their spans, and what they are linked to. @module */
import { storableText, textArray } from "./arrays.ts";
import type { Sql } from "./database.ts";
import { Params } from "./filter_sql.ts";

export const traceStates = ["STATE_UNSPECIFIED", "OK", "ERROR", "IN_PROGRESS"] as const;
export type TraceState = typeof traceStates[number];

/** What is known of a trace, times in milliseconds. */
export interface TraceInfo {
  traceId: string;
  experimentId: number;
  requestTime: number;
  executionDuration: number | null;
  state: TraceState;
  clientRequestId: string | null;
  requestPreview: string | null;
  responsePreview: string | null;
  tags: Record<string, string>;
  metadata: Record<string, string>;
  /** Their JSON as MLflow's messages have it, oldest first. */
  assessments: Record<string, unknown>[];
}

/** One span; `content` is its JSON as OpenTelemetry has it, times in nanoseconds as text. */
export interface SpanRow {
  traceId: string;
  spanId: string;
  parentSpanId: string | null;
  name: string;
  spanType: string | null;
  status: string;
  startNano: string;
  endNano: string | null;
  content: string;
  /** In dollars. */
  inputCost: number | null;
  outputCost: number | null;
  totalCost: number | null;
  modelName: string | null;
  modelProvider: string | null;
}

/** A row of `traceColumns`. */
export interface TraceRow extends Record<string, unknown> {
  trace_id: string;
  experiment_id: number;
  request_time: number;
  execution_duration: number | null;
  state: TraceState;
  client_request_id: string | null;
  request_preview: string | null;
  response_preview: string | null;
  tags: Record<string, string> | null;
  metadata: Record<string, string> | null;
  assessments: { content: string; is_valid: boolean }[] | null;
}

const pairs = (table: string) =>
  `(select json_object_agg(x.key, x.value order by x.key) from ${table} x
    where x.trace_id = t.trace_id)`;

/** What a trace is made of, from `traces t`. */
export const traceColumns =
  `t.trace_id, t.experiment_id, t.request_time, t.execution_duration, t.state,
  t.client_request_id, t.request_preview, t.response_preview,
  ${pairs("trace_tags")} as tags, ${pairs("trace_metadata")} as metadata,
  (select json_agg(json_build_object('content', a.content, 'is_valid', a.is_valid)
     order by a.created_time, a.assessment_id)
   from trace_assessments a where a.trace_id = t.trace_id) as assessments`;

export const toTraceInfo = (row: TraceRow): TraceInfo => ({
  traceId: row.trace_id,
  experimentId: row.experiment_id,
  requestTime: row.request_time,
  executionDuration: row.execution_duration,
  state: row.state,
  clientRequestId: row.client_request_id,
  requestPreview: row.request_preview,
  responsePreview: row.response_preview,
  tags: row.tags ?? {},
  metadata: row.metadata ?? {},
  assessments: (row.assessments ?? []).map(({ content, is_valid }) => ({
    ...JSON.parse(content),
    valid: is_valid,
  })),
});

/** The traces of these ids that are there, in the order of the ids. */
export async function findTraces(sql: Sql, traceIds: readonly string[]): Promise<TraceInfo[]> {
  const rows = await sql.query<TraceRow>(
    `select ${traceColumns} from traces t
     join unnest($1::text::text[]) with ordinality asked(id, place) on asked.id = t.trace_id
     order by asked.place`,
    [textArray(traceIds)],
  );
  return rows.map(toTraceInfo);
}

/** The experiments that these traces belong to. */
export async function experimentsOfTraces(
  sql: Sql,
  traceIds: readonly string[],
): Promise<{ experiment_id: number }[]> {
  return await sql.query(
    `select distinct experiment_id from traces where trace_id = any($1::text::text[])`,
    [textArray(traceIds)],
  );
}

async function upsertPairs(
  sql: Sql,
  table: "trace_tags" | "trace_metadata",
  traceId: string,
  values: Record<string, string>,
  keep = false,
): Promise<void> {
  const keys = Object.keys(values);
  if (keys.length === 0) return;
  await sql.query(
    `insert into ${table} (trace_id, key, value)
     select $1, k, v from unnest($2::text::text[], $3::text::text[]) u(k, v) order by k
     on conflict (trace_id, key) ${keep ? "do nothing" : "do update set value = excluded.value"}`,
    [
      traceId,
      textArray(keys.map(storableText)),
      textArray(Object.values(values).map((v) => storableText(String(v)))),
    ],
  );
}

export const upsertTraceTags = (sql: Sql, traceId: string, tags: Record<string, string>) =>
  upsertPairs(sql, "trace_tags", traceId, tags);

/**
 * Writes what a client says of a trace, over what its spans said. `isFinal` holds it against spans
 * that come later.
 */
export async function upsertTrace(
  sql: Sql,
  trace: Omit<TraceInfo, "assessments">,
  isFinal: boolean,
): Promise<void> {
  await sql.query(
    `insert into traces (trace_id, experiment_id, request_time, execution_duration, state,
       client_request_id, request_preview, response_preview, is_final)
     values ($1, $2, $3, $4, $5, $6, $7, $8, $9)
     on conflict (trace_id) do update set
       request_time = case when not traces.is_final or excluded.is_final
         then excluded.request_time else traces.request_time end,
       execution_duration = case when not traces.is_final or excluded.is_final
         then coalesce(excluded.execution_duration, traces.execution_duration)
         else traces.execution_duration end,
       state = case when not traces.is_final or excluded.is_final
         then excluded.state else traces.state end,
       client_request_id = coalesce(excluded.client_request_id, traces.client_request_id),
       request_preview = case when excluded.is_final
         then coalesce(excluded.request_preview, traces.request_preview)
         else coalesce(traces.request_preview, excluded.request_preview) end,
       response_preview = case when excluded.is_final
         then coalesce(excluded.response_preview, traces.response_preview)
         else coalesce(traces.response_preview, excluded.response_preview) end,
       is_final = traces.is_final or excluded.is_final`,
    [
      trace.traceId,
      trace.experimentId,
      trace.requestTime,
      trace.executionDuration,
      trace.state,
      trace.clientRequestId,
      trace.requestPreview === null ? null : storableText(trace.requestPreview),
      trace.responsePreview === null ? null : storableText(trace.responsePreview),
      isFinal,
    ],
  );
  await upsertPairs(sql, "trace_tags", trace.traceId, trace.tags, !isFinal);
  await upsertPairs(sql, "trace_metadata", trace.traceId, trace.metadata, !isFinal);
}

/** Writes metadata over what is there. */
export const upsertTraceMetadata = (sql: Sql, traceId: string, values: Record<string, string>) =>
  upsertPairs(sql, "trace_metadata", traceId, values);

/** Of these keys, those that the trace has metadata under. */
export async function knownMetadata(
  sql: Sql,
  traceId: string,
  keys: readonly string[],
): Promise<Set<string>> {
  const rows = await sql.query<{ key: string }>(
    "select key from trace_metadata where trace_id = $1 and key = any($2::text::text[])",
    [traceId, textArray(keys)],
  );
  return new Set(rows.map((row) => row.key));
}

/** A trace's tree; `content` only of spans that may report tokens or costs. */
export async function readSpanTree(
  sql: Sql,
  traceId: string,
): Promise<{ span_id: string; parent_span_id: string | null; content: string | null }[]> {
  return await sql.query(
    `select span_id, parent_span_id,
       case when content ~ '[tT]oken|mlflow[.]llm[.]cost' then content end as content
     from trace_spans where trace_id = $1`,
    [traceId],
  );
}

export async function upsertSpans(sql: Sql, spans: readonly SpanRow[]): Promise<void> {
  const texts = (of: (span: SpanRow) => string | null) =>
    textArray(spans.map((s) => of(s)).map((v) => v === null ? null : storableText(v)));
  await sql.query(
    `insert into trace_spans (trace_id, span_id, parent_span_id, name, span_type, status,
       start_nano, end_nano, content, model_name, model_provider, input_cost, output_cost,
       total_cost)
     select t, s, p, n, k, st, a::bigint, z::bigint, c, m, mp, ic::float8, oc::float8, tc::float8
     from unnest($1::text::text[], $2::text::text[], $3::text::text[], $4::text::text[],
       $5::text::text[], $6::text::text[], $7::text::text[], $8::text::text[], $9::text::text[],
       $10::text::text[], $11::text::text[], $12::text::text[], $13::text::text[],
       $14::text::text[]) u(t, s, p, n, k, st, a, z, c, m, mp, ic, oc, tc)
     on conflict (trace_id, span_id) do update set parent_span_id = excluded.parent_span_id,
       name = excluded.name, span_type = excluded.span_type, status = excluded.status,
       start_nano = excluded.start_nano, end_nano = excluded.end_nano, content = excluded.content,
       model_name = excluded.model_name, model_provider = excluded.model_provider,
       input_cost = excluded.input_cost, output_cost = excluded.output_cost,
       total_cost = excluded.total_cost`,
    [
      texts((s) => s.traceId),
      texts((s) => s.spanId),
      texts((s) => s.parentSpanId),
      texts((s) => s.name),
      texts((s) => s.spanType),
      texts((s) => s.status),
      texts((s) => s.startNano),
      texts((s) => s.endNano),
      texts((s) => s.content),
      texts((s) => s.modelName),
      texts((s) => s.modelProvider),
      texts((s) => s.inputCost?.toString() ?? null),
      texts((s) => s.outputCost?.toString() ?? null),
      texts((s) => s.totalCost?.toString() ?? null),
    ],
  );
}

/** Contents of the spans of these traces, by trace, in the order in which they began. */
export async function readSpans(
  sql: Sql,
  traceIds: readonly string[],
): Promise<Map<string, Record<string, unknown>[]>> {
  const rows = await sql.query<{ trace_id: string; content: string }>(
    `select trace_id, content from trace_spans where trace_id = any($1::text::text[])
     order by trace_id, start_nano, span_id`,
    [textArray(traceIds)],
  );
  const found = new Map<string, Record<string, unknown>[]>();
  for (const { trace_id, content } of rows) {
    const list = found.get(trace_id) ?? [];
    list.push(JSON.parse(content));
    found.set(trace_id, list);
  }
  return found;
}

export async function deleteTraceTag(sql: Sql, traceId: string, key: string): Promise<boolean> {
  const rows = await sql.query(
    `delete from trace_tags where trace_id = $1 and key = $2 returning key`,
    [traceId, key],
  );
  return rows.length > 0;
}

/** Deletes traces of the experiment, oldest first; returns how many. */
export async function deleteTraces(
  sql: Sql,
  experimentId: number,
  options: { maxTimestamp?: number; maxTraces?: number; traceIds?: readonly string[] },
): Promise<number> {
  const params = new Params();
  const where = [`experiment_id = ${params.add(experimentId)}`];
  if (options.maxTimestamp !== undefined) {
    where.push(`request_time <= ${params.add(options.maxTimestamp)}`);
  }
  if (options.traceIds?.length) {
    where.push(`trace_id = any(${params.add(textArray(options.traceIds))}::text::text[])`);
  }
  const limit = options.maxTraces === undefined
    ? ""
    : ` order by request_time, trace_id limit ${params.add(options.maxTraces)}`;
  const rows = await sql.query(
    `delete from traces where trace_id in (select trace_id from traces where ${
      where.join(" and ")
    }${limit}) returning trace_id`,
    params.values,
  );
  return rows.length;
}

export async function linkRuns(
  sql: Sql,
  runId: string,
  traceIds: readonly string[],
): Promise<void> {
  await sql.query(
    `insert into trace_runs (run_id, trace_id) select $1, t.trace_id from traces t
     where t.trace_id = any($2::text::text[]) on conflict do nothing`,
    [runId, textArray(traceIds)],
  );
}

export async function linkPrompts(
  sql: Sql,
  traceId: string,
  prompts: readonly string[],
): Promise<void> {
  await sql.query(
    `insert into trace_prompts (trace_id, prompt)
     select $1, p from unnest($2::text::text[]) u(p) on conflict do nothing`,
    [traceId, textArray(prompts)],
  );
}
