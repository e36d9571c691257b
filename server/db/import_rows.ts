/** SQL of taking over runs and models that another server made. @module */
import type { KeyValue } from "../../lib/contracts/mlflow/mod.ts";
import { textArray } from "./arrays.ts";
import type { Sql } from "./database.ts";

export interface ForeignRun {
  runId: string;
  experimentId: number;
  runName: string;
  userId: string;
  status: string;
  startTime: number | null;
  endTime: number | null;
  params: KeyValue[];
  tags: KeyValue[];
}

/** False when a run of that id is here already. It is active until `finishImport`. */
export async function insertForeignRun(sql: Sql, run: ForeignRun): Promise<boolean> {
  const rows = await sql.query(
    `with made as (
       insert into runs (run_id, experiment_id, run_name, user_id, status, start_time, end_time,
         artifact_uri)
       values ($1, $2::bigint, $3, $4, $5, $6::bigint, $7::bigint,
         'mlflow-artifacts:/' || $2::bigint || '/' || $1 || '/artifacts')
       on conflict (run_id) do nothing returning run_no
     ), params as (
       insert into run_params (run_no, key, value) select run_no, p.key, p.value
       from made, unnest($8::text::text[], $9::text::text[]) as p(key, value)
     ), tags as (
       insert into run_tags (run_no, key, value) select run_no, t.key, t.value
       from made, unnest($10::text::text[], $11::text::text[]) as t(key, value)
     )
     select 1 from made`,
    [
      run.runId,
      run.experimentId,
      run.runName,
      run.userId,
      run.status,
      run.startTime,
      run.endTime,
      textArray(run.params.map((p) => p.key)),
      textArray(run.params.map((p) => p.value)),
      textArray(run.tags.map((t) => t.key)),
      textArray(run.tags.map((t) => t.value)),
    ],
  );
  return rows.length > 0;
}

export interface ForeignVersion {
  name: string;
  version: number;
  description: string | null;
  userId: string | null;
  stage: string;
  source: string | null;
  runId: string | null;
  runLink: string | null;
  status: string;
  statusMessage: string | null;
  creationTime: number;
  lastUpdateTime: number;
  tags: KeyValue[];
}

export async function insertForeignVersion(sql: Sql, v: ForeignVersion): Promise<void> {
  await sql.query(
    `with made as (
       insert into model_versions (name, version, description, user_id, current_stage, source,
         run_id, run_link, status, status_message, creation_time, last_update_time)
       values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
       on conflict (name, version) do nothing returning name, version
     )
     insert into model_version_tags (name, version, key, value)
     select name, version, t.key, t.value
     from made, unnest($13::text::text[], $14::text::text[]) as t(key, value)`,
    [
      v.name,
      v.version,
      v.description,
      v.userId,
      v.stage,
      v.source,
      v.runId,
      v.runLink,
      v.status,
      v.statusMessage,
      v.creationTime,
      v.lastUpdateTime,
      textArray(v.tags.map((t) => t.key)),
      textArray(v.tags.map((t) => t.value)),
    ],
  );
}
