/** SQL of experiments. @module */
import type { Experiment, KeyValue, ViewType } from "../../lib/contracts/mlflow/mod.ts";
import { invalid } from "../errors.ts";
import type { Comparison, Filter } from "../search/filter.ts";
import type { Order } from "../search/order.ts";
import type { Sql } from "./database.ts";
import { textArray } from "./arrays.ts";
import {
  filterSql,
  keyValueCondition,
  numberCondition,
  Params,
  textCondition,
} from "./filter_sql.ts";
import { type Page, queryPage, type SortColumn } from "./paging.ts";

const columns = `e.experiment_id, e.name, e.artifact_location, e.lifecycle_stage,
  e.creation_time, e.last_update_time,
  coalesce((select json_agg(json_build_object('key', t.key, 'value', t.value) order by t.key)
    from experiment_tags t where t.experiment_id = e.experiment_id), '[]') as tags`;

type Row = Omit<Experiment, "experiment_id"> & { experiment_id: number };

const toExperiment = (row: Row): Experiment => ({
  experiment_id: String(row.experiment_id),
  name: row.name,
  artifact_location: row.artifact_location,
  lifecycle_stage: row.lifecycle_stage,
  creation_time: row.creation_time,
  last_update_time: row.last_update_time,
  tags: row.tags,
});

export async function findExperiment(sql: Sql, id: number): Promise<Experiment | null> {
  const rows = await sql.query<Row>(
    `select ${columns} from experiments e where e.experiment_id = $1`,
    [id],
  );
  return rows.length ? toExperiment(rows[0]) : null;
}

export async function findExperimentByName(sql: Sql, name: string): Promise<Experiment | null> {
  const rows = await sql.query<Row>(`select ${columns} from experiments e where e.name = $1`, [
    name,
  ]);
  return rows.length ? toExperiment(rows[0]) : null;
}

/** The new experiment's id, or null when the name is taken. */
export async function insertExperiment(
  sql: Sql,
  experiment: { name: string; artifactLocation?: string; tags: KeyValue[]; now: number },
): Promise<number | null> {
  const { name, artifactLocation, tags, now } = experiment;
  const rows = await sql.query<{ experiment_id: number }>(
    `with made as (
       insert into experiments (experiment_id, name, artifact_location, creation_time, last_update_time)
       select id, $1, coalesce($2::text, 'mlflow-artifacts:/' || id), $3, $3
       from (select nextval(pg_get_serial_sequence('experiments', 'experiment_id')) as id) s
       on conflict (name) do nothing
       returning experiment_id
     ), tagged as (
       insert into experiment_tags (experiment_id, key, value)
       select experiment_id, t.key, t.value from made,
         unnest($4::text::text[], $5::text::text[]) as t(key, value)
       on conflict do nothing
     )
     select experiment_id from made`,
    [
      name,
      artifactLocation || null,
      now,
      textArray(tags.map((t) => t.key)),
      textArray(tags.map((t) => t.value)),
    ],
  );
  return rows[0]?.experiment_id ?? null;
}

/** Makes experiment 0, `Default`, in a database that has none yet. */
export async function ensureDefaultExperiment(sql: Sql, now: number): Promise<void> {
  await sql.query(
    `insert into experiments (experiment_id, name, artifact_location, creation_time, last_update_time)
     values (0, 'Default', 'mlflow-artifacts:/0', $1, $1) on conflict do nothing`,
    [now],
  );
}

/** False when another experiment has the name. */
export async function renameExperiment(
  sql: Sql,
  id: number,
  name: string,
  now: number,
): Promise<boolean> {
  const rows = await sql.query(
    `update experiments set name = $2, last_update_time = $3 where experiment_id = $1
     and not exists (select 1 from experiments where name = $2 and experiment_id <> $1)
     returning 1`,
    [id, name, now],
  );
  return rows.length > 0;
}

/** Sets the stage of the experiment and of all its runs; false when it was in that stage before. */
export async function setExperimentStage(
  sql: Sql,
  id: number,
  stage: "active" | "deleted",
  now: number,
): Promise<boolean> {
  const rows = await sql.query(
    `with changed as (
       update experiments set lifecycle_stage = $2, last_update_time = $3
       where experiment_id = $1 and lifecycle_stage <> $2 returning experiment_id
     ), marked as (
       update runs r set lifecycle_stage = $2,
         deleted_time = case when $2 = 'deleted' then $3::bigint end
       from changed c where r.experiment_id = c.experiment_id
     )
     select 1 from changed`,
    [id, stage, now],
  );
  return rows.length > 0;
}

export async function setExperimentTag(sql: Sql, id: number, tag: KeyValue): Promise<void> {
  await sql.query(
    `insert into experiment_tags (experiment_id, key, value) values ($1, $2, $3)
     on conflict (experiment_id, key) do update set value = excluded.value`,
    [id, tag.key, tag.value],
  );
}

/** False when there was no such tag. */
export async function deleteExperimentTag(sql: Sql, id: number, key: string): Promise<boolean> {
  const rows = await sql.query(
    "delete from experiment_tags where experiment_id = $1 and key = $2 returning 1",
    [id, key],
  );
  return rows.length > 0;
}

/** The condition on a lifecycle stage that a view asks for. */
export function viewCondition(column: string, view: ViewType = "ACTIVE_ONLY"): string[] {
  if (view === "ALL") return [];
  return [`${column} = '${view === "ACTIVE_ONLY" ? "active" : "deleted"}'`];
}

function compile(comparison: Comparison, params: Params): string {
  const { entity, key } = comparison;
  if (entity === "tag") {
    return keyValueCondition(
      "experiment_tags",
      "kv.experiment_id = e.experiment_id",
      comparison,
      params,
    );
  }
  if (key === "name") return textCondition("e.name", comparison, params);
  if (key === "experiment_id") {
    for (const id of [comparison.value].flat()) {
      if (!/^\d{1,15}$/.test(String(id))) {
        throw invalid(`Invalid experiment ID '${id}'. Experiment ID must be a valid integer.`);
      }
    }
    return textCondition("e.experiment_id::text", comparison, params);
  }
  return numberCondition(`e.${key}`, comparison, params);
}

export async function searchExperiments(
  sql: Sql,
  options: {
    filter: Filter | null;
    orders: Order[];
    view?: ViewType;
    limit: number;
    pageToken?: string;
  },
): Promise<Page<Experiment>> {
  const params = new Params();
  const where = viewCondition("e.lifecycle_stage", options.view);
  if (options.filter) where.push(filterSql(options.filter, params, compile));
  const asked = options.orders.length
    ? options.orders
    : [{ key: "creation_time", ascending: false }, { key: "experiment_id", ascending: true }];
  const sort: SortColumn[] = asked.map(({ key, ascending }) => ({
    expression: `e.${key}`,
    type: key === "name" ? "text" : "int8",
    ascending,
  }));
  if (!asked.some((o) => o.key === "experiment_id")) {
    sort.push({ expression: "e.experiment_id", type: "int8", ascending: false });
  }
  return await queryPage(sql, {
    select: columns,
    from: "experiments e",
    where,
    params: params.values,
    sort,
    limit: options.limit,
    pageToken: options.pageToken,
  }, toExperiment);
}
