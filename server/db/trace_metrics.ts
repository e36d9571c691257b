/** SQL of figures over many traces, their spans or their assessments. @module */
import { numberArray } from "./arrays.ts";
import type { Sql } from "./database.ts";
import { Params } from "./filter_sql.ts";

export type MetricView = "TRACES" | "SPANS" | "ASSESSMENTS";

export const aggregationNames = ["COUNT", "SUM", "AVG", "PERCENTILE", "MIN", "MAX"] as const;
export interface Aggregation {
  type: typeof aggregationNames[number];
  /** 0 to 100, of a PERCENTILE alone. */
  percentile?: number;
}

/** `what` has the value: a trace's status, one of its tags, a span's name… */
export interface MetricFilter {
  view: MetricView;
  what: string;
  key?: string;
  value: string;
}

export interface MetricQuery {
  experimentIds: readonly number[];
  view: MetricView;
  metric: string;
  aggregations: readonly Aggregation[];
  dimensions: readonly string[];
  filters: readonly MetricFilter[];
  /** Length of the spans of time, from 1970, that are told apart; absent: one for all. */
  bucketSeconds?: number;
  /** Milliseconds, both included. */
  start?: number;
  end?: number;
  limit: number;
}

export interface MetricPoint {
  /** Start of the span of time, in milliseconds. */
  time?: number;
  dimensions: Record<string, string>;
  /** In the order of the aggregations; null where there was nothing to aggregate. */
  values: (number | null)[];
}

const traceName = `(select x.value from trace_tags x
  where x.trace_id = t.trace_id and x.key = 'mlflow.traceName')`;
const metadata = (key: string) =>
  `(select x.value from trace_metadata x where x.trace_id = t.trace_id and x.key = '${key}')`;

/** A whole number of the JSON in which clients say how many tokens a trace took. */
const tokens = (name: string) =>
  `substring(${metadata("mlflow.trace.tokenUsage")}
    from '"${name}"\\s*:\\s*(-?[0-9]{1,15})(?:\\.0*)?\\s*[,}]')::float8`;

/** A number, true, false, yes or no; of digits only as many as a double can hold. */
const assessed = `case
  when a.value = 'true' then 1 when a.value = 'false' then 0
  when a.value ~* '^"\\s*yes\\s*"$' then 1 when a.value ~* '^"\\s*no\\s*"$' then 0
  when a.value ~ '^-?([0-9]{1,250}(\\.[0-9]{1,30})?|[0-9](\\.[0-9]{1,20})?[eE][+-]?([0-9]{1,2}|[12][0-9]{2}))$'
    then a.value::float8 end`;

/** What is aggregated, by view and metric. */
const values: Record<MetricView, Record<string, string>> = {
  TRACES: {
    trace_count: "t.trace_id",
    session_count: `distinct ${metadata("mlflow.trace.session")}`,
    latency: "t.execution_duration::float8",
    ...Object.fromEntries(
      [
        "input_tokens",
        "output_tokens",
        "total_tokens",
        "cache_read_input_tokens",
        "cache_creation_input_tokens",
      ].map((name) => [name, tokens(name)]),
    ),
  },
  SPANS: {
    span_count: "s.span_id",
    latency: "((s.end_nano - s.start_nano) / 1000000)::float8",
    input_cost: "s.input_cost",
    output_cost: "s.output_cost",
    total_cost: "s.total_cost",
  },
  ASSESSMENTS: {
    assessment_count: "a.assessment_id",
    assessment_value: `(${assessed})`,
  },
};

const dimensions: Record<string, string> = {
  trace_name: traceName,
  trace_status: "t.state",
  span_name: "s.name",
  span_type: "s.span_type",
  span_status: "s.status",
  span_model_name: "s.model_name",
  span_model_provider: "s.model_provider",
  assessment_name: "a.name",
  // Clients' numbers are doubles, which Python writes with a point.
  assessment_value: "case when a.value ~ '^-?[0-9]+$' then a.value || '.0' else a.value end",
};

/** The metrics that a view has. */
export const metricsOf = (view: MetricView): string[] => Object.keys(values[view]);

const tables: Record<MetricView, string> = {
  TRACES: "traces t",
  SPANS: "traces t join trace_spans s on s.trace_id = t.trace_id",
  ASSESSMENTS: "traces t join trace_assessments a on a.trace_id = t.trace_id and a.is_valid",
};

function aggregate({ type, percentile }: Aggregation, value: string, params: Params): string {
  if (type !== "PERCENTILE") return `${type.toLowerCase()}(${value})`;
  const fraction = params.add((percentile ?? 0) / 100);
  return `percentile_cont(${fraction}::float8) within group (order by ${value})`;
}

function filterCondition(filter: MetricFilter, params: Params): string {
  const value = params.add(filter.value);
  switch (`${filter.view} ${filter.what}`) {
    case "TRACES status":
      return `t.state = ${value}::text`;
    case "TRACES tag":
    case "TRACES metadata": {
      const table = filter.what === "tag" ? "trace_tags" : "trace_metadata";
      const has = `exists (select 1 from ${table} x where x.trace_id = t.trace_id
        and x.key = ${params.add(filter.key)}::text and x.value = ${value}::text)`;
      // Traces may have been linked to their run after they were written.
      return filter.what === "metadata" && filter.key === "mlflow.sourceRun"
        ? `(${has} or exists (select 1 from trace_runs r where r.trace_id = t.trace_id
            and r.run_id = ${value}::text))`
        : has;
    }
    case "SPANS type":
      return `s.span_type = ${value}::text`;
    case "ASSESSMENTS type":
      return `a.kind = ${value}::text`;
    default:
      return `${filter.view === "SPANS" ? "s" : "a"}.${filter.what} = ${value}::text`;
  }
}

const nanoPerMs = 1_000_000;

/** The figures, ordered by time and dimensions. */
export async function queryTraceMetrics(sql: Sql, query: MetricQuery): Promise<MetricPoint[]> {
  const { view, metric } = query;
  const params = new Params();
  const value = values[view][metric];
  const where = [
    `t.experiment_id = any(${params.add(numberArray(query.experimentIds))}::text::bigint[])`,
    ...query.filters.map((filter) => filterCondition(filter, params)),
  ];
  where.push(`${value.replace(/^distinct /, "")} is not null`);
  // Costs arise when their span begins; everything else is as old as its trace.
  const isCost = view === "SPANS" && metric.endsWith("_cost");
  const time = isCost ? `(s.start_nano / ${nanoPerMs})` : "t.request_time";
  if (query.start !== undefined) where.push(`${time} >= ${params.add(query.start)}::bigint`);
  if (query.end !== undefined) where.push(`${time} <= ${params.add(query.end)}::bigint`);
  const groups: string[] = [];
  if (query.bucketSeconds) {
    const size = `(${params.add(query.bucketSeconds)}::bigint * 1000)`;
    const at = view === "SPANS" ? `(s.start_nano / ${nanoPerMs})` : "t.request_time";
    groups.push(`floor(${at}::numeric / ${size}) * ${size}`);
  }
  for (const name of query.dimensions) {
    where.push(`${dimensions[name]} is not null`);
    groups.push(`(${dimensions[name]}) collate "C"`);
  }
  const columns = [
    ...groups.map((group, i) => `${group} as g${i}`),
    ...query.aggregations.map((a, i) => `(${aggregate(a, value, params)})::float8 as v${i}`),
  ];
  const places = groups.map((_, i) => i + 1).join(", ");
  const rows = await sql.query<Record<string, string | number | null>>(
    `select ${columns.join(", ")} from ${tables[view]} where ${where.join(" and ")}${
      places ? ` group by ${places} order by ${places}` : ""
    } limit ${params.add(query.limit)}`,
    params.values,
  );
  const first = query.bucketSeconds ? 1 : 0;
  return rows.map((row) => ({
    time: first ? Number(row.g0) : undefined,
    dimensions: Object.fromEntries(
      query.dimensions.map((name, i) => [name, String(row[`g${first + i}`])]),
    ),
    values: query.aggregations.map((_, i) => row[`v${i}`] as number | null),
  }));
}
