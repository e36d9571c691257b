/** SQL of searching traces. @module */
import type { Comparison, Filter } from "../search/filter.ts";
import type { Order } from "../search/order.ts";
import { numberArray } from "./arrays.ts";
import type { Sql } from "./database.ts";
import {
  filterSql,
  keyValueCondition,
  numberCondition,
  Params,
  textCondition,
} from "./filter_sql.ts";
import { type Page, queryPage, type SortColumn } from "./paging.ts";
import { toTraceInfo, traceColumns, type TraceInfo } from "./traces.ts";

const columnOf: Record<string, string> = {
  request_id: "t.trace_id",
  experiment_id: "t.experiment_id::text",
  client_request_id: "t.client_request_id",
  status: "t.state",
  timestamp_ms: "t.request_time",
  execution_time_ms: "t.execution_duration",
  end_time_ms: "(t.request_time + t.execution_duration)",
};

const owner = "kv.trace_id = t.trace_id";

/**
 * A span's text as MLflow searches it, `"key":value` for each attribute: the words in which
 * OpenTelemetry wraps keys and values would be found in every span.
 */
const spanText = String.raw`regexp_replace(regexp_replace(kv.content,
  '\{"key":("(?:[^"\\]|\\.)*"),"value":\{', '\1:', 'g'),
  '(?<!\\)"(?:string|int|double|bool|bytes|array|kvlist)_value":', '', 'g')`;

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
        and ${textCondition(spanText, comparison, params)})`;
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
      const column = columnOf[key];
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
  content: spanText,
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
    expression: columnOf[key] ?? "t.trace_id",
    type: key.endsWith("_ms") ? "int8" : "text",
    ascending,
  };
}

export async function searchTraces(
  sql: Sql,
  experimentIds: readonly number[],
  options: { filter: Filter | null; orders: Order[]; limit: number; pageToken?: string },
): Promise<Page<TraceInfo>> {
  const params = new Params();
  const where = whereSql(experimentIds, options.filter, params);
  const sort = options.orders.map(sortColumn);
  if (!options.orders.some((o) => o.key === "timestamp_ms")) {
    sort.push({ expression: "t.request_time", type: "int8", ascending: false });
  }
  if (!options.orders.some((o) => o.key === "request_id")) {
    sort.push({ expression: "t.trace_id", type: "text", ascending: true });
  }
  return await queryPage(sql, {
    select: traceColumns,
    from: "traces t",
    where,
    params: params.values,
    sort,
    limit: options.limit,
    pageToken: options.pageToken,
  }, toTraceInfo);
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
