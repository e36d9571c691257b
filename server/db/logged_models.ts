/** SQL of logged models. @module */
import type {
  KeyValue,
  LoggedModel,
  LoggedModelStatus,
  Metric,
} from "../../lib/contracts/mlflow/mod.ts";
import type { Comparison, Filter } from "../search/filter.ts";
import { numberArray, textArray } from "./arrays.ts";
import type { Sql } from "./database.ts";
import {
  filterSql,
  keyValueCondition,
  numberCondition,
  Params,
  textCondition,
} from "./filter_sql.ts";
import { type Page, queryPage, type SortColumn } from "./paging.ts";

const pairs = (table: string) =>
  `coalesce((select json_agg(json_build_object('key', x.key, 'value', x.value) order by x.key)
    from ${table} x where x.model_id = m.model_id), '[]')`;

const columns = `m.*, ${pairs("logged_model_params")} as params, ${
  pairs("logged_model_tags")
} as tags,
  coalesce((select json_agg(l) from (
    select distinct on (x.key, x.dataset_name, x.dataset_digest) x.key, x.value, x.timestamp, x.step,
      x.model_id, nullif(x.dataset_name, '') as dataset_name,
      nullif(x.dataset_digest, '') as dataset_digest, r.run_id
    from logged_model_metrics x join runs r using (run_no) where x.model_id = m.model_id
    order by x.key, x.dataset_name, x.dataset_digest, x.timestamp desc, x.step desc, x.value desc) l),
    '[]') as metrics,
  coalesce((select json_agg(json_build_object('name', v.name, 'version', v.version::text)
    order by v.name, v.version) from model_versions v
    where v.model_id = m.model_id and v.current_stage <> 'Deleted_Internal'), '[]')
    as registrations`;

interface Row extends Record<string, unknown> {
  model_id: string;
  experiment_id: number;
  name: string;
  artifact_location: string;
  status: LoggedModelStatus;
  status_message: string | null;
  model_type: string | null;
  source_run_id: string | null;
  creation_time: number;
  last_update_time: number;
  params: KeyValue[];
  tags: KeyValue[];
  metrics: (Omit<Metric, "value"> & { value: number | string })[];
  registrations: { name: string; version: string }[];
}

function toLoggedModel(row: Row): LoggedModel {
  return {
    info: {
      model_id: row.model_id,
      experiment_id: String(row.experiment_id),
      name: row.name,
      creation_timestamp_ms: row.creation_time,
      last_updated_timestamp_ms: row.last_update_time,
      artifact_uri: row.artifact_location,
      status: row.status,
      status_message: row.status_message ?? undefined,
      model_type: row.model_type ?? undefined,
      source_run_id: row.source_run_id ?? undefined,
      tags: row.tags,
      registrations: row.registrations,
    },
    data: {
      params: row.params,
      metrics: row.metrics.map((m) => ({
        ...m,
        value: Number(m.value),
        dataset_name: m.dataset_name ?? undefined,
        dataset_digest: m.dataset_digest ?? undefined,
      })),
    },
  };
}

export async function insertLoggedModel(
  sql: Sql,
  model: {
    modelId: string;
    experimentId: number;
    name: string;
    artifactLocation: string;
    modelType?: string;
    sourceRunId?: string;
    params: KeyValue[];
    tags: KeyValue[];
    now: number;
  },
): Promise<void> {
  await sql.query(
    `insert into logged_models (model_id, experiment_id, name, artifact_location, model_type,
       source_run_id, creation_time, last_update_time) values ($1, $2, $3, $4, $5, $6, $7, $7)`,
    [
      model.modelId,
      model.experimentId,
      model.name,
      model.artifactLocation,
      model.modelType ?? null,
      model.sourceRunId ?? null,
      model.now,
    ],
  );
  await insertLoggedModelParams(sql, model.modelId, model.params);
  await setLoggedModelTags(sql, model.modelId, model.tags);
}

export async function insertLoggedModelParams(
  sql: Sql,
  modelId: string,
  params: readonly KeyValue[],
): Promise<void> {
  if (params.length === 0) return;
  await sql.query(
    `insert into logged_model_params (model_id, key, value)
     select $1, key, value from unnest($2::text::text[], $3::text::text[]) as t(key, value)
     on conflict (model_id, key) do nothing`,
    [modelId, textArray(params.map((p) => p.key)), textArray(params.map((p) => p.value))],
  );
}

export async function setLoggedModelTags(
  sql: Sql,
  modelId: string,
  tags: readonly KeyValue[],
): Promise<void> {
  const last = new Map(tags.map((t) => [t.key, t.value]));
  if (last.size === 0) return;
  await sql.query(
    `insert into logged_model_tags (model_id, key, value)
     select $1, key, value from unnest($2::text::text[], $3::text::text[]) as t(key, value)
     on conflict (model_id, key) do update set value = excluded.value`,
    [modelId, textArray([...last.keys()]), textArray([...last.values()])],
  );
}

/** False when there was no such tag. */
export async function deleteLoggedModelTag(
  sql: Sql,
  modelId: string,
  key: string,
): Promise<boolean> {
  const rows = await sql.query(
    "delete from logged_model_tags where model_id = $1 and key = $2 returning 1",
    [modelId, key],
  );
  return rows.length > 0;
}

export async function findLoggedModel(
  sql: Sql,
  modelId: string,
  options: { allowDeleted?: boolean; lock?: boolean } = {},
): Promise<LoggedModel | null> {
  const rows = await sql.query<Row>(
    `select ${columns} from logged_models m where m.model_id = $1${
      options.allowDeleted ? "" : " and m.lifecycle_stage = 'active'"
    }${options.lock ? " for update of m" : ""}`,
    [modelId],
  );
  return rows.length ? toLoggedModel(rows[0]) : null;
}

/** False when there is no such model. */
export async function setLoggedModelStatus(
  sql: Sql,
  modelId: string,
  status: LoggedModelStatus,
  now: number,
): Promise<boolean> {
  const rows = await sql.query(
    "update logged_models set status = $2, last_update_time = $3 where model_id = $1 returning 1",
    [modelId, status, now],
  );
  return rows.length > 0;
}

export async function markLoggedModelDeleted(
  sql: Sql,
  modelId: string,
  now: number,
): Promise<boolean> {
  const rows = await sql.query(
    `update logged_models set lifecycle_stage = 'deleted', last_update_time = $2
     where model_id = $1 returning 1`,
    [modelId, now],
  );
  return rows.length > 0;
}

/** Keeps points that are about a logged model with it; points of models unknown here are left. */
export async function insertModelMetrics(
  sql: Sql,
  runNo: number,
  metrics: readonly Metric[],
): Promise<void> {
  await sql.query(
    `insert into logged_model_metrics (model_id, run_no, key, timestamp, step, value, dataset_name,
       dataset_digest)
     select m.model_id, $1, t.key, t.timestamp, t.step, t.value, t.dataset_name, t.dataset_digest
     from unnest($2::text::text[], $3::text::text[], $4::text::bigint[], $5::text::bigint[],
       $6::text::float8[], $7::text::text[], $8::text::text[])
       as t(model_id, key, timestamp, step, value, dataset_name, dataset_digest)
     join logged_models m on m.model_id = t.model_id
     on conflict do nothing`,
    [
      runNo,
      textArray(metrics.map((m) => m.model_id)),
      textArray(metrics.map((m) => m.key)),
      numberArray(metrics.map((m) => m.timestamp)),
      numberArray(metrics.map((m) => m.step ?? 0)),
      numberArray(metrics.map((m) => m.value)),
      textArray(metrics.map((m) => m.dataset_name ?? "")),
      textArray(metrics.map((m) => m.dataset_digest ?? "")),
    ],
  );
}

export interface DatasetFilter {
  dataset_name: string;
  dataset_digest?: string;
}

export interface LoggedModelOrder extends Partial<DatasetFilter> {
  /** An attribute's column, or `metrics.<key>`. */
  field: string;
  ascending: boolean;
}

const columnOf: Record<string, string> = {
  creation_timestamp: "creation_time",
  last_updated_timestamp: "last_update_time",
  model_name: "name",
};

const statusNames: Record<string, string> = {
  PENDING: "LOGGED_MODEL_PENDING",
  READY: "LOGGED_MODEL_READY",
  FAILED: "LOGGED_MODEL_UPLOAD_FAILED",
};

function onDatasets(alias: string, datasets: readonly DatasetFilter[], params: Params): string {
  return `(${
    datasets.map(({ dataset_name, dataset_digest }) =>
      `${alias}.dataset_name = ${params.add(dataset_name)}::text` +
      (dataset_digest ? ` and ${alias}.dataset_digest = ${params.add(dataset_digest)}::text` : "")
    ).map((condition) => `(${condition})`).join(" or ")
  })`;
}

export async function searchLoggedModels(
  sql: Sql,
  experimentIds: readonly number[],
  options: {
    filter: Filter | null;
    datasets: readonly DatasetFilter[];
    orders: readonly LoggedModelOrder[];
    limit: number;
    pageToken?: string;
  },
): Promise<Page<LoggedModel>> {
  const params = new Params();
  const { datasets, orders } = options;
  const where = [
    "m.lifecycle_stage = 'active'",
    `m.experiment_id = any(${params.add(numberArray(experimentIds))}::text::bigint[])`,
  ];
  let askedMetrics = false;
  const compile = (comparison: Comparison, p: Params): string => {
    const owner = "kv.model_id = m.model_id";
    switch (comparison.entity) {
      case "metric": {
        askedMetrics = true;
        const key = p.add(comparison.key);
        const of = datasets.length ? ` and ${onDatasets("kv", datasets, p)}` : "";
        return `exists (select 1 from logged_model_metrics kv where ${owner}
          and kv.key = ${key}::text and ${numberCondition("kv.value", comparison, p)}${of})`;
      }
      case "parameter":
        return keyValueCondition("logged_model_params", owner, comparison, p);
      case "tag":
        return keyValueCondition("logged_model_tags", owner, comparison, p);
      default: {
        const column = `m.${columnOf[comparison.key] ?? comparison.key}`;
        if (comparison.key.endsWith("_timestamp")) {
          return numberCondition(`${column}::float8`, comparison, p);
        }
        const named = comparison.key === "status"
          ? {
            ...comparison,
            value: Array.isArray(comparison.value)
              ? comparison.value.map((v) => statusNames[v] ?? v)
              : statusNames[String(comparison.value)] ?? comparison.value,
          }
          : comparison;
        return `coalesce(${textCondition(column, named, p)}, false)`;
      }
    }
  };
  if (options.filter) where.push(filterSql(options.filter, params, compile));
  if (datasets.length && !askedMetrics) {
    where.push(`exists (select 1 from logged_model_metrics kv where kv.model_id = m.model_id
      and ${onDatasets("kv", datasets, params)})`);
  }
  const sort: SortColumn[] = orders.map(({ field, ascending, dataset_name, dataset_digest }) => {
    if (!field.startsWith("metrics.")) {
      return {
        expression: `m.${columnOf[field] ?? field}`,
        type: field.endsWith("_timestamp") ? "int8" : "text",
        ascending,
      };
    }
    const of = dataset_name
      ? ` and ${onDatasets("x", [{ dataset_name, dataset_digest }], params)}`
      : "";
    const expression = `(select x.value from logged_model_metrics x where x.model_id = m.model_id
      and x.key = ${params.add(field.slice("metrics.".length))}::text${of}
      order by x.timestamp desc, x.step desc, x.run_no limit 1)`;
    return { expression, type: "float8", ascending, hasNaN: true };
  });
  if (!orders.some((o) => o.field === "creation_timestamp")) {
    sort.push({ expression: "m.creation_time", type: "int8", ascending: false });
  }
  if (!orders.some((o) => o.field === "model_id")) {
    sort.push({ expression: "m.model_id", type: "text", ascending: true });
  }
  return await queryPage(sql, {
    select: columns,
    from: "logged_models m",
    where,
    params: params.values,
    sort,
    limit: options.limit,
    pageToken: options.pageToken,
  }, toLoggedModel);
}
