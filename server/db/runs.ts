/** SQL of runs, their params, tags and inputs. @module */
import type {
  DatasetInput,
  KeyValue,
  Metric,
  Run,
  RunInfo,
  RunStatus,
} from "../../lib/contracts/mlflow/mod.ts";
import { numberArray, textArray } from "./arrays.ts";
import type { Sql } from "./database.ts";

/** Columns of a run `r` alone. */
export const runInfoColumns = `r.run_no, r.run_id, r.experiment_id, r.run_name, r.user_id, r.status,
  r.start_time, r.end_time, r.artifact_uri, r.lifecycle_stage`;

const pairs = (table: string) =>
  `coalesce((select json_agg(json_build_object('key', x.key, 'value', x.value) order by x.key)
    from ${table} x where x.run_no = r.run_no), '[]')`;

/** Columns of what belongs to a run `r`, as JSON. */
export const runDataColumns = `${pairs("run_params")} as params, ${pairs("run_tags")} as tags,
  coalesce((select json_agg(json_build_object('key', s.key, 'value', s.value,
      'timestamp', s.timestamp, 'step', s.step) order by s.key)
    from metric_series s where s.run_no = r.run_no), '[]') as metrics,
  coalesce((select json_agg(json_build_object(
      'dataset', json_build_object('name', d.name, 'digest', d.digest,
        'source_type', d.source_type, 'source', d.source, 'schema', d.schema, 'profile', d.profile),
      'tags', coalesce((select json_agg(json_build_object('key', t.key, 'value', t.value)
        order by t.key) from run_dataset_tags t
        where t.run_no = i.run_no and t.dataset_no = i.dataset_no), '[]')) order by i.dataset_no)
    from run_datasets i join datasets d using (dataset_no) where i.run_no = r.run_no), '[]')
    as datasets,
  coalesce((select json_agg(json_build_object('direction', m.direction, 'model_id', m.model_id,
      'step', m.step) order by m.model_id, m.step)
    from run_models m where m.run_no = r.run_no), '[]') as models`;

export interface RunInfoRow extends Record<string, unknown> {
  run_no: number;
  run_id: string;
  experiment_id: number;
  run_name: string;
  user_id: string;
  status: RunStatus;
  start_time: number | null;
  end_time: number | null;
  artifact_uri: string;
  lifecycle_stage: "active" | "deleted";
}

export interface RunRow extends RunInfoRow {
  params: KeyValue[];
  tags: KeyValue[];
  metrics: (Omit<Metric, "value"> & { value: number | string })[];
  datasets: DatasetInput[];
  models: { direction: "input" | "output"; model_id: string; step: number }[];
}

export function toRunInfo(row: RunInfoRow): RunInfo {
  return {
    run_id: row.run_id,
    run_uuid: row.run_id,
    run_name: row.run_name,
    experiment_id: String(row.experiment_id),
    user_id: row.user_id,
    status: row.status,
    start_time: row.start_time ?? undefined,
    end_time: row.end_time ?? undefined,
    artifact_uri: row.artifact_uri,
    lifecycle_stage: row.lifecycle_stage,
  };
}

export const withoutNulls = <T extends object>(value: T): T =>
  Object.fromEntries(Object.entries(value).filter(([, v]) => v !== null)) as T;

export function toRun(row: RunRow): Run {
  // JSON has no NaN: the database wrote it as a string.
  for (const metric of row.metrics) {
    if (typeof metric.value === "string") metric.value = Number(metric.value);
  }
  const models = (direction: string) => row.models.filter((m) => m.direction === direction);
  return {
    info: toRunInfo(row),
    data: { metrics: row.metrics as Metric[], params: row.params, tags: row.tags },
    inputs: {
      dataset_inputs: row.datasets.map((d) => ({ dataset: withoutNulls(d.dataset), tags: d.tags })),
      model_inputs: models("input").map(({ model_id }) => ({ model_id })),
    },
    outputs: {
      model_outputs: models("output").map(({ model_id, step }) => ({ model_id, step })),
    },
  };
}

export interface RunKey {
  run_no: number;
  run_id: string;
  experiment_id: number;
  lifecycle_stage: "active" | "deleted";
}

/**
 * The run's small key and stage. `share` keeps it from changing until the transaction ends;
 * `update` is for those who change it, who would else wait for each other's shares.
 */
export async function findRunKey(
  sql: Sql,
  runId: string,
  lock?: "share" | "update",
): Promise<RunKey | null> {
  const rows = await sql.query<RunKey>(
    `select run_no, run_id, experiment_id, lifecycle_stage from runs where run_id = $1${
      lock === "share" ? " for share" : lock === "update" ? " for no key update" : ""
    }`,
    [runId],
  );
  return rows[0] ?? null;
}

export async function findRun(sql: Sql, runId: string): Promise<Run | null> {
  const rows = await sql.query<RunRow>(
    `select ${runInfoColumns}, ${runDataColumns} from runs r where r.run_id = $1`,
    [runId],
  );
  return rows.length ? toRun(rows[0]) : null;
}

export interface RunToInsert {
  runId: string;
  experimentId: number;
  runName: string;
  userId: string;
  startTime: number | null;
  tags: KeyValue[];
}

/**
 * The new runs' artifact URIs, in one statement; null for one whose experiment is not there or not
 * active.
 */
export async function insertRuns(
  sql: Sql,
  runs: readonly RunToInsert[],
): Promise<(string | null)[]> {
  const tags = runs.flatMap(({ runId, tags }) => tags.map((tag) => ({ runId, ...tag })));
  const rows = await sql.query<{ run_id: string; artifact_uri: string }>(
    `with made as (
       insert into runs (run_id, experiment_id, run_name, user_id, start_time, artifact_uri)
       select g.run_id, e.experiment_id, g.run_name, g.user_id, g.start_time,
         rtrim(e.artifact_location, '/') || '/' || g.run_id || '/artifacts'
       from unnest($1::text::text[], $2::text::bigint[], $3::text::text[], $4::text::text[],
         $5::text::bigint[]) with ordinality
         as g(run_id, experiment_id, run_name, user_id, start_time, i)
       join experiments e on e.experiment_id = g.experiment_id and e.lifecycle_stage = 'active'
       order by g.i
       returning run_no, run_id, artifact_uri
     ), tagged as (
       insert into run_tags (run_no, key, value)
       select m.run_no, t.key, t.value
       from unnest($6::text::text[], $7::text::text[], $8::text::text[]) as t(run_id, key, value)
       join made m on m.run_id = t.run_id
     )
     select run_id, artifact_uri from made`,
    [
      textArray(runs.map((r) => r.runId)),
      numberArray(runs.map((r) => r.experimentId)),
      textArray(runs.map((r) => r.runName)),
      textArray(runs.map((r) => r.userId)),
      textArray(runs.map((r) => r.startTime === null ? null : String(r.startTime))),
      textArray(tags.map((t) => t.runId)),
      textArray(tags.map((t) => t.key)),
      textArray(tags.map((t) => t.value)),
    ],
  );
  const uris = new Map(rows.map((row) => [row.run_id, row.artifact_uri]));
  return runs.map(({ runId }) => uris.get(runId) ?? null);
}

export interface RunChanges {
  status?: RunStatus;
  endTime?: number;
  runName?: string;
}

export interface RunUpdate {
  runId: string;
  changes: RunChanges;
}

/**
 * The runs as changed, their names' tags too, in one statement; null for one that is not there or not
 * active. No run comes twice.
 */
export async function updateRuns(
  sql: Sql,
  runs: readonly RunUpdate[],
): Promise<(RunInfo | null)[]> {
  const rows = await sql.query<RunInfoRow>(
    `with given as (
       select * from unnest($1::text::text[], $2::text::text[], $3::text::bigint[],
         $4::text::text[]) as g(run_id, status, end_time, run_name)
     ), changed as (
       update runs r set status = coalesce(g.status, r.status),
         end_time = coalesce(g.end_time, r.end_time), run_name = coalesce(g.run_name, r.run_name)
       from given g where r.run_id = g.run_id and r.lifecycle_stage = 'active'
       returning ${runInfoColumns}
     ), named as (
       insert into run_tags (run_no, key, value)
       select c.run_no, 'mlflow.runName', g.run_name
       from changed c join given g on g.run_id = c.run_id where g.run_name is not null
       on conflict (run_no, key) do update set value = excluded.value
     )
     select * from changed`,
    [
      textArray(runs.map(({ runId }) => runId)),
      textArray(runs.map(({ changes }) => changes.status)),
      textArray(
        runs.map(({ changes: { endTime } }) => endTime === undefined ? null : `${endTime}`),
      ),
      textArray(runs.map(({ changes }) => changes.runName || null)),
    ],
  );
  const infos = new Map(rows.map((row) => [row.run_id, toRunInfo(row)]));
  return runs.map(({ runId }) => infos.get(runId) ?? null);
}

/** The value that the param has now: the given one, or the one it had. Null as for updateRun. */
export async function insertParam(
  sql: Sql,
  runId: string,
  param: KeyValue,
): Promise<string | null> {
  const rows = await sql.query<{ value: string }>(
    `insert into run_params as p (run_no, key, value)
     select run_no, $2, $3 from runs where run_id = $1 and lifecycle_stage = 'active'
     on conflict (run_no, key) do update set value = p.value returning value`,
    [runId, param.key, param.value],
  );
  return rows[0]?.value ?? null;
}

/** False when the run is not there or not active. */
export async function upsertTag(sql: Sql, runId: string, tag: KeyValue): Promise<boolean> {
  const rows = await sql.query(
    `insert into run_tags (run_no, key, value)
     select run_no, $2, $3 from runs where run_id = $1 and lifecycle_stage = 'active'
     on conflict (run_no, key) do update set value = excluded.value returning 1`,
    [runId, tag.key, tag.value],
  );
  return rows.length > 0;
}

/** False when there is no such run. */
export async function setRunStage(
  sql: Sql,
  runId: string,
  stage: "active" | "deleted",
  now: number,
): Promise<number | null> {
  const rows = await sql.query<{ experiment_id: number }>(
    `update runs set lifecycle_stage = $2, deleted_time = case when $2 = 'deleted' then $3::bigint end
     where run_id = $1 returning experiment_id`,
    [runId, stage, now],
  );
  return rows[0]?.experiment_id ?? null;
}

/** Writes params that are new; returns those that are there with another value. */
export async function insertParams(
  sql: Sql,
  runNo: number,
  params: readonly KeyValue[],
): Promise<{ key: string; old_value: string; new_value: string }[]> {
  if (params.length === 0) return [];
  // The update that changes nothing makes a row that another transaction writes just now seen.
  return await sql.query(
    `with given as (
       select * from unnest($2::text::text[], $3::text::text[]) as g(key, value)
     ), kept as (
       insert into run_params as p (run_no, key, value) select $1, key, value from given order by key
       on conflict (run_no, key) do update set value = p.value returning key, value
     )
     select k.key, k.value as old_value, g.value as new_value
     from given g join kept k using (key) where k.value <> g.value`,
    [runNo, textArray(params.map((p) => p.key)), textArray(params.map((p) => p.value))],
  );
}

/** Sets tags; the last of equal keys wins. */
export async function upsertTags(
  sql: Sql,
  runNo: number,
  tags: readonly KeyValue[],
): Promise<void> {
  if (tags.length === 0) return;
  const last = new Map(tags.map((t) => [t.key, t.value]));
  await sql.query(
    `insert into run_tags (run_no, key, value)
     select $1, key, value from unnest($2::text::text[], $3::text::text[]) as t(key, value)
     on conflict (run_no, key) do update set value = excluded.value`,
    [runNo, textArray([...last.keys()]), textArray([...last.values()])],
  );
}

/** False when there was no such tag. */
export async function deleteTag(sql: Sql, runNo: number, key: string): Promise<boolean> {
  const rows = await sql.query("delete from run_tags where run_no = $1 and key = $2 returning 1", [
    runNo,
    key,
  ]);
  return rows.length > 0;
}

export async function findTag(sql: Sql, runNo: number, key: string): Promise<string | null> {
  const rows = await sql.query<{ value: string }>(
    "select value from run_tags where run_no = $1 and key = $2",
    [runNo, key],
  );
  return rows[0]?.value ?? null;
}

/** Records that the run read the datasets; one that the experiment knows already is shared. */
export async function insertDatasetInputs(
  sql: Sql,
  run: RunKey,
  inputs: readonly DatasetInput[],
): Promise<void> {
  for (const { dataset, tags } of inputs) {
    const [{ dataset_no }] = await sql.query<{ dataset_no: number }>(
      `insert into datasets (experiment_id, name, digest, source_type, source, schema, profile)
       values ($1, $2, $3, $4, $5, $6, $7)
       on conflict (experiment_id, name, digest) do update set name = excluded.name
       returning dataset_no`,
      [
        run.experiment_id,
        dataset.name,
        dataset.digest,
        dataset.source_type,
        dataset.source,
        dataset.schema ?? null,
        dataset.profile ?? null,
      ],
    );
    await sql.query(
      `with made as (
         insert into run_datasets (run_no, dataset_no) values ($1, $2)
         on conflict do nothing returning run_no, dataset_no
       )
       insert into run_dataset_tags (run_no, dataset_no, key, value)
       select run_no, dataset_no, t.key, t.value
       from made, unnest($3::text::text[], $4::text::text[]) as t(key, value)
       on conflict do nothing`,
      [
        run.run_no,
        dataset_no,
        textArray(tags.map((t) => t.key)),
        textArray(tags.map((t) => t.value)),
      ],
    );
  }
}

export async function insertRunModels(
  sql: Sql,
  runNo: number,
  direction: "input" | "output",
  models: readonly { model_id: string; step?: number }[],
): Promise<void> {
  for (const { model_id, step } of models) {
    await sql.query(
      `insert into run_models (run_no, direction, model_id, step) values ($1, $2, $3, $4)
       on conflict do nothing`,
      [runNo, direction, model_id, step ?? 0],
    );
  }
}

/** Datasets that runs of the experiments read, at most 1,000. */
export async function findDatasets(
  sql: Sql,
  experimentIds: readonly number[],
): Promise<{ experiment_id: string; name: string; digest: string; context?: string }[]> {
  const rows = await sql.query<
    { experiment_id: string; name: string; digest: string; context: string | null }
  >(
    `select distinct d.experiment_id::text as experiment_id, d.name, d.digest, t.value as context
     from datasets d join run_datasets i using (dataset_no)
     left join run_dataset_tags t on t.run_no = i.run_no and t.dataset_no = i.dataset_no
       and t.key = 'mlflow.data.context'
     where d.experiment_id = any($1::text::bigint[]) order by 1, 2, 3, 4 limit 1000`,
    [numberArray(experimentIds)],
  );
  return rows.map((row) => ({ ...row, context: row.context ?? undefined }));
}
