/** SQL of registered models, versions and aliases. @module */
import type { KeyValue, ModelVersion, RegisteredModel } from "../../lib/contracts/mlflow/mod.ts";
import { textArray } from "./arrays.ts";
import type { Sql } from "./database.ts";

/** Whether a version `v` was not deleted. */
export const present = "v.current_stage <> 'Deleted_Internal'";

/** Columns of a version `v`. */
export const versionColumns =
  `v.name, v.version, v.description, v.user_id, v.current_stage, v.source,
  v.run_id, v.run_link, v.model_id, v.status, v.status_message, v.creation_time, v.last_update_time,
  coalesce((select json_agg(json_build_object('key', t.key, 'value', t.value) order by t.key)
    from model_version_tags t where t.name = v.name and t.version = v.version), '[]') as tags,
  coalesce((select json_agg(a.alias order by a.alias) from registered_model_aliases a
    where a.name = v.name and a.version = v.version), '[]') as aliases`;

/** Columns of a model `m`. */
export const modelColumns = `m.name, m.description, m.creation_time, m.last_update_time,
  coalesce((select json_agg(json_build_object('key', t.key, 'value', t.value) order by t.key)
    from registered_model_tags t where t.name = m.name), '[]') as tags,
  coalesce((select json_agg(json_build_object('alias', a.alias, 'version', a.version::text)
    order by a.alias) from registered_model_aliases a where a.name = m.name), '[]') as aliases,
  coalesce((select json_agg(l) from (
    select distinct on (v.current_stage) ${versionColumns} from model_versions v
    where v.name = m.name and ${present} order by v.current_stage, v.version desc) l), '[]')
    as latest_versions`;

export interface VersionRow extends Record<string, unknown> {
  name: string;
  version: number;
  description: string | null;
  user_id: string | null;
  current_stage: string;
  source: string | null;
  run_id: string | null;
  run_link: string | null;
  model_id: string | null;
  status: ModelVersion["status"];
  status_message: string | null;
  creation_time: number;
  last_update_time: number;
  tags: KeyValue[];
  aliases: string[];
}

export interface ModelRow extends Record<string, unknown> {
  name: string;
  description: string | null;
  creation_time: number;
  last_update_time: number;
  tags: KeyValue[];
  aliases: { alias: string; version: string }[];
  latest_versions: VersionRow[];
}

export function toVersion(row: VersionRow): ModelVersion {
  return {
    name: row.name,
    version: String(row.version),
    creation_timestamp: row.creation_time,
    last_updated_timestamp: row.last_update_time,
    current_stage: row.current_stage,
    description: row.description ?? undefined,
    user_id: row.user_id ?? undefined,
    source: row.source ?? undefined,
    run_id: row.run_id ?? undefined,
    run_link: row.run_link ?? undefined,
    model_id: row.model_id ?? undefined,
    status: row.status,
    status_message: row.status_message ?? undefined,
    tags: row.tags,
    aliases: row.aliases,
  };
}

export function toModel(row: ModelRow): RegisteredModel {
  return {
    name: row.name,
    creation_timestamp: row.creation_time,
    last_updated_timestamp: row.last_update_time,
    description: row.description ?? undefined,
    tags: row.tags,
    aliases: row.aliases,
    latest_versions: row.latest_versions.map(toVersion),
  };
}

export async function findModel(sql: Sql, name: string): Promise<RegisteredModel | null> {
  const rows = await sql.query<ModelRow>(
    `select ${modelColumns} from registered_models m where m.name = $1`,
    [name],
  );
  return rows.length ? toModel(rows[0]) : null;
}

/** False when the name is taken. */
export async function insertModel(
  sql: Sql,
  model: { name: string; description?: string; tags: KeyValue[]; now: number },
): Promise<boolean> {
  const tags = new Map(model.tags.map((t) => [t.key, t.value]));
  const rows = await sql.query(
    `with made as (
       insert into registered_models (name, description, creation_time, last_update_time)
       values ($1, $2, $3, $3) on conflict (name) do nothing returning name
     ), tagged as (
       insert into registered_model_tags (name, key, value)
       select name, t.key, t.value from made,
         unnest($4::text::text[], $5::text::text[]) as t(key, value)
     )
     select name from made`,
    [
      model.name,
      model.description ?? null,
      model.now,
      textArray([...tags.keys()]),
      textArray([...tags.values()]),
    ],
  );
  return rows.length > 0;
}

export async function describeModel(
  sql: Sql,
  name: string,
  description: string,
  now: number,
): Promise<void> {
  await sql.query(
    "update registered_models set description = $2, last_update_time = $3 where name = $1",
    [name, description, now],
  );
}

/** False when the new name is taken. */
export async function renameModel(
  sql: Sql,
  name: string,
  newName: string,
  now: number,
): Promise<boolean> {
  const taken = await sql.query("select 1 from registered_models where name = $1", [newName]);
  if (taken.length) return false;
  await sql.query(
    "update registered_models set name = $2, last_update_time = $3 where name = $1",
    [name, newName, now],
  );
  await sql.query("update model_versions set last_update_time = $2 where name = $1", [
    newName,
    now,
  ]);
  return true;
}

export async function deleteModel(sql: Sql, name: string): Promise<boolean> {
  const rows = await sql.query("delete from registered_models where name = $1 returning 1", [name]);
  return rows.length > 0;
}

export async function setModelTag(sql: Sql, name: string, tag: KeyValue): Promise<void> {
  await sql.query(
    `insert into registered_model_tags (name, key, value) values ($1, $2, $3)
     on conflict (name, key) do update set value = excluded.value`,
    [name, tag.key, tag.value],
  );
}

export async function deleteModelTag(sql: Sql, name: string, key: string): Promise<void> {
  await sql.query("delete from registered_model_tags where name = $1 and key = $2", [name, key]);
}

export interface VersionToInsert {
  name: string;
  source: string;
  runId?: string;
  modelId?: string;
  runLink?: string;
  description?: string;
  userId?: string;
  tags: KeyValue[];
  now: number;
}

/** The number given; numbers of deleted versions are not given again. */
export async function insertVersion(sql: Sql, version: VersionToInsert): Promise<number> {
  // The row lock makes concurrent callers take turns.
  await sql.query("update registered_models set last_update_time = $2 where name = $1", [
    version.name,
    version.now,
  ]);
  const tags = new Map(version.tags.map((t) => [t.key, t.value]));
  const [row] = await sql.query<{ version: number }>(
    `insert into model_versions (name, version, description, source, run_id, run_link, model_id,
       user_id, creation_time, last_update_time)
     values ($1, (select coalesce(max(version), 0) + 1 from model_versions where name = $1),
       $2, $3, $4, $5, $6, $7, $8, $8)
     returning version`,
    [
      version.name,
      version.description ?? null,
      version.source,
      version.runId ?? null,
      version.runLink ?? null,
      version.modelId ?? null,
      version.userId ?? null,
      version.now,
    ],
  );
  await sql.query(
    `insert into model_version_tags (name, version, key, value)
     select $1, $2, t.key, t.value from unnest($3::text::text[], $4::text::text[]) as t(key, value)`,
    [version.name, row.version, textArray([...tags.keys()]), textArray([...tags.values()])],
  );
  return row.version;
}

export async function findVersion(
  sql: Sql,
  name: string,
  version: number,
): Promise<ModelVersion | null> {
  const rows = await sql.query<VersionRow>(
    `select ${versionColumns} from model_versions v where v.name = $1 and v.version = $2 and ${present}`,
    [name, version],
  );
  return rows.length ? toVersion(rows[0]) : null;
}

export async function describeVersion(
  sql: Sql,
  name: string,
  version: number,
  description: string,
  now: number,
): Promise<void> {
  await sql.query(
    `update model_versions set description = $3, last_update_time = $4
     where name = $1 and version = $2`,
    [name, version, description, now],
  );
}

/** Moves a version to a stage, and archives the others of that stage when asked to. */
export async function setStage(
  sql: Sql,
  name: string,
  version: number,
  stage: string,
  archiveExisting: boolean,
  now: number,
): Promise<void> {
  if (archiveExisting) {
    await sql.query(
      `update model_versions set current_stage = 'Archived', last_update_time = $4
       where name = $1 and version <> $2 and current_stage = $3`,
      [name, version, stage, now],
    );
  }
  await sql.query(
    `update model_versions set current_stage = $3, last_update_time = $4
     where name = $1 and version = $2`,
    [name, version, stage, now],
  );
  await sql.query("update registered_models set last_update_time = $2 where name = $1", [
    name,
    now,
  ]);
}

/** Keeps the row, so that its number is not given again, but nothing of its content. */
export async function deleteVersion(
  sql: Sql,
  name: string,
  version: number,
  now: number,
): Promise<void> {
  await sql.query("delete from registered_model_aliases where name = $1 and version = $2", [
    name,
    version,
  ]);
  await sql.query("delete from model_version_tags where name = $1 and version = $2", [
    name,
    version,
  ]);
  await sql.query(
    `update model_versions set current_stage = 'Deleted_Internal', last_update_time = $3,
       description = null, user_id = null, source = null, run_id = null, run_link = null,
       model_id = null, status_message = null
     where name = $1 and version = $2`,
    [name, version, now],
  );
  await sql.query("update registered_models set last_update_time = $2 where name = $1", [
    name,
    now,
  ]);
}

export async function setVersionTag(
  sql: Sql,
  name: string,
  version: number,
  tag: KeyValue,
): Promise<void> {
  await sql.query(
    `insert into model_version_tags (name, version, key, value) values ($1, $2, $3, $4)
     on conflict (name, version, key) do update set value = excluded.value`,
    [name, version, tag.key, tag.value],
  );
}

export async function deleteVersionTag(
  sql: Sql,
  name: string,
  version: number,
  key: string,
): Promise<void> {
  await sql.query(
    "delete from model_version_tags where name = $1 and version = $2 and key = $3",
    [name, version, key],
  );
}

export async function setAlias(
  sql: Sql,
  name: string,
  alias: string,
  version: number,
): Promise<void> {
  await sql.query(
    `insert into registered_model_aliases (name, alias, version) values ($1, $2, $3)
     on conflict (name, alias) do update set version = excluded.version`,
    [name, alias, version],
  );
}

export async function deleteAlias(sql: Sql, name: string, alias: string): Promise<void> {
  await sql.query("delete from registered_model_aliases where name = $1 and alias = $2", [
    name,
    alias,
  ]);
}

export async function findAlias(sql: Sql, name: string, alias: string): Promise<number | null> {
  const rows = await sql.query<{ version: number }>(
    "select version from registered_model_aliases where name = $1 and alias = $2",
    [name, alias],
  );
  return rows[0]?.version ?? null;
}
