/** SQL of traces, their spans, and what they are linked to. @module */
import type { Comparison, Filter } from "../search/filter.ts";
import type { Order } from "../search/order.ts";
import { numberArray, storableText, textArray } from "./arrays.ts";
import type { Sql } from "./database.ts";
import {
  filterSql,
  keyValueCondition,
  numberCondition,
  Params,
  textCondition,
} from "./filter_sql.ts";
import { queryPage, type SortColumn } from "./paging.ts";

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
}

interface Row extends Record<string, unknown> {
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

const columns = `t.trace_id, t.experiment_id, t.request_time, t.execution_duration, t.state,
  t.client_request_id, t.request_preview, t.response_preview,
  ${pairs("trace_tags")} as tags, ${pairs("trace_metadata")} as metadata,
  (select json_agg(json_build_object('content', a.content, 'is_valid', a.is_valid)
     order by a.created_time, a.assessment_id)
   from trace_assessments a where a.trace_id = t.trace_id) as assessments`;

const toInfo = (row: Row): TraceInfo => ({
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
  const rows = await sql.query<Row>(
    `select ${columns} from traces t
     join unnest($1::text::text[]) with ordinality asked(id, place) on asked.id = t.trace_id
     order by asked.place`,
    [textArray(traceIds)],
  );
  return rows.map(toInfo);
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

export async function upsertSpans(sql: Sql, spans: readonly SpanRow[]): Promise<void> {
  const texts = (of: (span: SpanRow) => string | null) =>
    textArray(spans.map((s) => of(s)).map((v) => v === null ? null : storableText(v)));
  await sql.query(
    `insert into trace_spans (trace_id, span_id, parent_span_id, name, span_type, status,
       start_nano, end_nano, content)
     select t, s, p, n, k, st, a::bigint, z::bigint, c from unnest($1::text::text[],
       $2::text::text[], $3::text::text[], $4::text::text[], $5::text::text[], $6::text::text[],
       $7::text::text[], $8::text::text[], $9::text::text[]) u(t, s, p, n, k, st, a, z, c)
     on conflict (trace_id, span_id) do update set parent_span_id = excluded.parent_span_id,
       name = excluded.name, span_type = excluded.span_type, status = excluded.status,
       start_nano = excluded.start_nano, end_nano = excluded.end_nano, content = excluded.content`,
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

const traceColumns: Record<string, string> = {
  request_id: "t.trace_id",
  experiment_id: "t.experiment_id::text",
  client_request_id: "t.client_request_id",
  status: "t.state",
  timestamp_ms: "t.request_time",
  execution_time_ms: "t.execution_duration",
  end_time_ms: "(t.request_time + t.execution_duration)",
};

const owner = "kv.trace_id = t.trace_id";

function attributeCondition(comparison: Comparison, params: Params): string {
  const { key, comparator } = comparison;
  switch (key) {
    case "name":
      return keyValueCondition(
        "trace_tags",
        owner,
        { ...comparison, key: "mlflow.traceName" },
        params,
      );
    case "prompt":
      return `exists (select 1 from trace_prompts kv where ${owner}
        and kv.prompt = ${params.add(comparison.value)}::text)`;
    case "text":
      return `exists (select 1 from trace_spans kv where ${owner}
        and ${textCondition("kv.content", comparison, params)})`;
    case "run_id": {
      const isNegative = comparator === "!=" || comparator === "NOT IN";
      const plain: Comparison = isNegative
        ? { ...comparison, comparator: comparator === "!=" ? "=" : "IN" }
        : comparison;
      const linked = `(exists (select 1 from trace_runs kv where ${owner}
          and ${textCondition("kv.run_id", plain, params)})
        or ${
        keyValueCondition("trace_metadata", owner, { ...plain, key: "mlflow.sourceRun" }, params)
      })`;
      return isNegative ? `not ${linked}` : linked;
    }
    default: {
      const column = traceColumns[key];
      return key.endsWith("_ms")
        ? `coalesce(${numberCondition(`(${column})::float8`, comparison, params)}, false)`
        : `coalesce(${textCondition(column, comparison, params)}, false)`;
    }
  }
}

const spanColumns: Record<string, string> = {
  name: "kv.name",
  type: "kv.span_type",
  status: "kv.status",
  content: "kv.content",
};

function spanCondition(comparison: Comparison, params: Params): string {
  const { key } = comparison;
  if (!key.startsWith("attributes.")) {
    return `exists (select 1 from trace_spans kv where ${owner}
      and ${textCondition(spanColumns[key], comparison, params)})`;
  }
  const name = params.add(key.slice("attributes.".length));
  return `exists (select 1 from trace_spans kv, jsonb_array_elements(kv.content::jsonb -> 'attributes') a
    where ${owner} and a ->> 'key' = ${name}::text and ${
    textCondition(
      "(select v.value from jsonb_each_text(a -> 'value') v limit 1)",
      comparison,
      params,
    )
  })`;
}

/** Values are JSON: `true` and `'true'` both find the boolean, and `'yes'` finds the string. */
function assessmentCondition(comparison: Comparison, params: Params): string {
  const { entity, key, comparator, value } = comparison;
  const exists = `exists (select 1 from trace_assessments kv where ${owner}
    and kv.kind = ${params.add(entity)}::text and kv.name = ${params.add(key)}::text`;
  if (comparator === "IS NOT NULL") return `${exists})`;
  if (comparator === "IS NULL") return `not ${exists})`;
  if ([">", ">=", "<", "<="].includes(comparator)) {
    return `${exists} and kv.value ~ '^-?[0-9]' and kv.value::float8 ${comparator} ${
      params.add(String(value))
    }::text::float8)`;
  }
  const plain = String(value);
  if (comparator === "=" || comparator === "!=") {
    const same = `kv.value in (${params.add(plain)}::text, ${
      params.add(JSON.stringify(plain))
    }::text)`;
    return `${exists} and ${comparator === "=" ? same : `not (${same})`})`;
  }
  return `${exists} and ${textCondition("kv.value", { ...comparison, value: plain }, params)})`;
}

function condition(comparison: Comparison, params: Params): string {
  switch (comparison.entity) {
    case "tag":
      return keyValueCondition("trace_tags", owner, comparison, params);
    case "request_metadata":
      return keyValueCondition("trace_metadata", owner, comparison, params);
    case "span":
      return spanCondition(comparison, params);
    case "attribute":
      return attributeCondition(comparison, params);
    default:
      return assessmentCondition(comparison, params);
  }
}

/** Where the traces of these experiments are that the filter lets through. */
function whereSql(experimentIds: readonly number[], filter: Filter | null, params: Params) {
  const where = [
    `t.experiment_id = any(${params.add(numberArray(experimentIds))}::text::bigint[])`,
  ];
  if (filter) where.push(filterSql(filter, params, condition));
  return where;
}

function sortColumn({ key, ascending }: Order): SortColumn {
  if (key === "name" || key === "run_id") {
    const [table, of] = key === "name"
      ? ["trace_tags", "mlflow.traceName"]
      : ["trace_metadata", "mlflow.sourceRun"];
    const expression =
      `(select x.value from ${table} x where x.trace_id = t.trace_id and x.key = '${of}')`;
    return { expression, type: "text", ascending };
  }
  return {
    expression: traceColumns[key] ?? "t.trace_id",
    type: key.endsWith("_ms") ? "int8" : "text",
    ascending,
  };
}

export async function searchTraces(
  sql: Sql,
  experimentIds: readonly number[],
  options: { filter: Filter | null; orders: Order[]; limit: number; pageToken?: string },
): Promise<{ items: TraceInfo[]; nextPageToken?: string }> {
  const params = new Params();
  const where = whereSql(experimentIds, options.filter, params);
  const sort = options.orders.map(sortColumn);
  if (!options.orders.some((o) => o.key === "timestamp_ms")) {
    sort.push({ expression: "t.request_time", type: "int8", ascending: false });
  }
  if (!options.orders.some((o) => o.key === "request_id")) {
    sort.push({ expression: "t.trace_id", type: "text", ascending: true });
  }
  const { rows, nextPageToken } = await queryPage<Row>(sql, {
    select: columns,
    from: "traces t",
    where,
    params: params.values,
    sort,
    limit: options.limit,
    pageToken: options.pageToken,
  });
  return { items: rows.map(toInfo), nextPageToken };
}

/** How many traces each filter lets through, both do, and there are at all. */
export async function countTraces(
  sql: Sql,
  experimentIds: readonly number[],
  base: Filter | null,
  one: Filter | null,
  two: Filter | null,
): Promise<{ filter1: number; filter2: number; joint: number; total: number }> {
  const params = new Params();
  const where = whereSql(experimentIds, base, params).join(" and ");
  const a = one ? filterSql(one, params, condition) : "true";
  const b = two ? filterSql(two, params, condition) : "true";
  const [row] = await sql.query<{ filter1: number; filter2: number; joint: number; total: number }>(
    `select count(*) filter (where a) as filter1, count(*) filter (where b) as filter2,
       count(*) filter (where a and b) as joint, count(*) as total
     from (select (${a}) as a, (${b}) as b from traces t where ${where}) c`,
    params.values,
  );
  return row;
}
