/**
 * Puts many finished runs and long metrics into a store by SQL, the same for both servers: through
 * REST it would take a real MLflow server most of an hour. Each run has 20 params, 20 metrics of one
 * point and 3 tags; MLflow's `latest_metrics` is filled as its server fills it. Indexes are complete
 * and both stores analysed when it is done.
 * @module
 */

/** Runs one SQL statement and gives its rows. */
export type Execute = (statement: string) => Promise<Record<string, unknown>[]>;

export type Dialect = "tapebook" | "mlflow on postgres" | "mlflow on sqlite";

export interface Fill {
  /** Experiments to make, each with so many runs. */
  experiments: { id: number; runs: number }[];
  /** Runs to make in experiment `seriesExperiment`, each with one metric `long` of so many points. */
  series: { runId: string; points: number }[];
}

export const seriesExperiment = 900;

const start = 1_700_000_000_000;

/** Rows i = 0…count-1, and k = 0…19. */
const numbers = (count: number) =>
  `with recursive n(i) as (select cast(0 as bigint) union all select i + 1 from n
      where i < ${count - 1}),
    twenty(k) as (select 0 union all select k + 1 from twenty where k < 19)`;

const param = "cast((f.i * (k + 1)) % 97 as text)";
const metric = "((f.i * 7919 + k * 104729) % 10007) / 10007.0";
const point = "((i * 7919) % 10007) / 10007.0";
const tags = `(select 'mlflow.runName' as key union all select 'mlflow.user'
  union all select 'mlflow.source.type') t`;
const tagValue = `case t.key when 'mlflow.runName' then 'run-' || cast(f.i as text)
  when 'mlflow.user' then 'bench' else 'LOCAL' end`;

/** Every row that is written has its parent: checking four million of them takes a minute. */
const withoutForeignKeys = "set session_replication_role = replica";

/**
 * Drops the tables' indexes and keys, but for keys that other tables point to, and makes them again
 * after `body`, which is faster than to keep them up row by row.
 */
async function withoutIndexes(
  execute: Execute,
  tables: string[],
  body: () => Promise<void>,
): Promise<void> {
  const list = tables.map((t) => `'${t}'`).join(", ");
  const keys = await execute(
    `select c.conrelid::regclass::text as table, c.conname as name, pg_get_constraintdef(c.oid) as text
     from pg_constraint c
     where c.contype in ('p', 'u') and c.conrelid::regclass::text in (${list})
       and not exists (select 1 from pg_constraint f where f.contype = 'f' and f.conindid = c.conindid)`,
  );
  const indexes = await execute(
    `select i.indexname as name, i.indexdef as text from pg_indexes i
     where i.schemaname = 'public' and i.tablename in (${list})
       and not exists (select 1 from pg_constraint c where c.conname = i.indexname)`,
  );
  for (const { table, name } of keys) await execute(`alter table ${table} drop constraint ${name}`);
  for (const { name } of indexes) await execute(`drop index ${name}`);
  await body();
  for (const { table, name, text } of keys) {
    await execute(`alter table ${table} add constraint ${name} ${text}`);
  }
  for (const { text } of indexes) await execute(String(text));
}

async function fillTapebook(execute: Execute, { experiments, series }: Fill): Promise<void> {
  const make = (id: number) =>
    execute(`insert into experiments
        (experiment_id, name, artifact_location, creation_time, last_update_time)
      values (${id}, 'bench ${id}', 'mlflow-artifacts:/${id}', ${start}, ${start})`);
  const tables = ["runs", "run_params", "run_tags", "metric_series", "metric_points"];
  await execute(withoutForeignKeys);
  await withoutIndexes(execute, tables, async () => {
    for (const { id, runs } of experiments) {
      const n = numbers(runs);
      await make(id);
      await execute(`create table fill as ${n} select i,
        replace(cast(gen_random_uuid() as text), '-', '') as run_id, cast(0 as bigint) as run_no
        from n`);
      await execute(`insert into runs
          (run_id, experiment_id, run_name, user_id, status, start_time, end_time, artifact_uri)
        select run_id, ${id}, 'run-' || i, 'bench', 'FINISHED', ${start} + i * 60000,
          ${start} + i * 60000 + 50000, 'mlflow-artifacts:/${id}/' || run_id || '/artifacts'
        from fill order by i`);
      await execute("update fill f set run_no = r.run_no from runs r where r.run_id = f.run_id");
      const each = "from fill f cross join twenty order by run_no, k";
      await execute(`${n} insert into run_params (run_no, key, value)
        select run_no, 'param_' || k, ${param} ${each}`);
      await execute(`insert into run_tags (run_no, key, value)
        select run_no, t.key, ${tagValue} from fill f cross join ${tags}`);
      await execute(`${n} insert into metric_series
          (run_no, experiment_id, key, step, timestamp, value)
        select run_no, ${id}, 'metric_' || k, 0, ${start}, ${metric} ${each}`);
      await execute(`insert into metric_points (series_no, timestamp, step, value)
        select series_no, timestamp, step, value from metric_series
        join fill using (run_no) order by series_no`);
      await execute("drop table fill");
    }
    await fillSeries();
  });

  async function fillSeries(): Promise<void> {
    if (series.length) await make(seriesExperiment);
    for (const { runId, points } of series) {
      const last = points - 1;
      await execute(`with made as (
        insert into runs (run_id, experiment_id, run_name, start_time, artifact_uri)
        values ('${runId}', ${seriesExperiment}, 'long', ${start}, '') returning run_no
      ) insert into metric_series (run_no, experiment_id, key, step, timestamp, value)
      select run_no, ${seriesExperiment}, 'long', ${last}, ${start + last},
        ${point} from made, (select cast(${last} as bigint) as i) l`);
      await execute(`insert into metric_points (series_no, timestamp, step, value)
      select s.series_no, ${start} + i, i, ${point}
      from metric_series s join runs r using (run_no), generate_series(cast(0 as bigint), ${last}) i
      where r.run_id = '${runId}'`);
    }
  }
}

async function fillMlflow(
  execute: Execute,
  { experiments, series }: Fill,
  onSqlite: boolean,
): Promise<void> {
  const isNaN = onSqlite ? "0" : "false";
  const uuid = onSqlite
    ? "lower(hex(randomblob(16)))"
    : "replace(cast(gen_random_uuid() as text), '-', '')";
  const make = (id: number) =>
    execute(`insert into experiments (experiment_id, name, artifact_location, lifecycle_stage,
        creation_time, last_update_time, workspace)
      values (${id}, 'bench ${id}', 'mlflow-artifacts:/${id}', 'active', ${start}, ${start},
        'default')`);
  const runColumns = `run_uuid, name, source_type, source_name, entry_point_name, user_id, status,
    start_time, end_time, source_version, lifecycle_stage, artifact_uri, experiment_id`;
  const fill = async () => {
    for (const { id, runs } of experiments) {
      const n = numbers(runs);
      await make(id);
      await execute(`create table fill as ${n} select i, ${uuid} as run_uuid from n`);
      await execute(`insert into runs (${runColumns})
        select run_uuid, 'run-' || cast(i as text), 'UNKNOWN', '', '', 'bench', 'FINISHED',
          ${start} + i * 60000, ${start} + i * 60000 + 50000, '', 'active',
          'mlflow-artifacts:/${id}/' || run_uuid || '/artifacts', ${id} from fill order by i`);
      // In the order of the tables' own keys, which is the fastest.
      const each = "from fill f cross join twenty order by 1, run_uuid";
      await execute(`${n} insert into params (key, value, run_uuid)
        select 'param_' || cast(k as text), ${param}, run_uuid ${each}`);
      await execute(`insert into tags (key, value, run_uuid)
        select t.key, ${tagValue}, run_uuid from fill f cross join ${tags}`);
      for (const table of ["metrics", "latest_metrics"]) {
        await execute(`${n} insert into ${table} (key, value, timestamp, step, is_nan, run_uuid)
          select 'metric_' || cast(k as text), ${metric}, ${start}, 0, ${isNaN}, run_uuid ${each}`);
      }
      await execute("drop table fill");
    }
    if (series.length) await make(seriesExperiment);
    for (const { runId, points } of series) {
      const last = points - 1;
      await execute(`insert into runs (${runColumns}) values ('${runId}', 'long', 'UNKNOWN', '', '',
        'bench', 'RUNNING', ${start}, null, '', 'active', '', ${seriesExperiment})`);
      await execute(`${numbers(points)}
        insert into metrics (key, value, timestamp, step, is_nan, run_uuid)
        select 'long', ${point}, ${start} + i, i, ${isNaN}, '${runId}' from n`);
      await execute(`insert into latest_metrics (key, value, timestamp, step, is_nan, run_uuid)
        select key, value, timestamp, step, is_nan, run_uuid from metrics
        where run_uuid = '${runId}' and step = ${last}`);
    }
  };
  if (onSqlite) return await fill();
  await execute(withoutForeignKeys);
  await withoutIndexes(execute, ["runs", "params", "tags", "metrics", "latest_metrics"], fill);
}

/** Fills an empty store whose tables are there. */
export async function fillStore(execute: Execute, dialect: Dialect, fill: Fill): Promise<void> {
  if (dialect === "mlflow on sqlite") {
    await fillMlflow(execute, fill, true);
    await execute("analyze");
    return;
  }
  if (dialect === "tapebook") await fillTapebook(execute, fill);
  else await fillMlflow(execute, fill, false);
  // Else the server's own housekeeping would begin in the middle of the measurement.
  await execute("vacuum analyze");
  await execute("checkpoint");
}
