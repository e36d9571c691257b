/**
 * Puts many finished runs into a store by SQL, the same for both servers: through REST it would take
 * a real MLflow server most of an hour. Each run has 20 params, 20 metrics of one point and 3 tags;
 * MLflow's `latest_metrics` is filled as its server fills it, and both stores are analysed.
 * @module
 */

/** Runs one SQL statement. */
export type Execute = (statement: string) => Promise<unknown>;

export interface Fill {
  runs: number;
  experimentId: string;
}

/** Key number k of 20, by a name that sorts as the number does. */
const numbers = (runs: number) =>
  `with recursive n(i) as (select cast(0 as bigint) union all select i + 1 from n where i < ${
    runs - 1
  }),
    twenty(k) as (select 0 union all select k + 1 from twenty where k < 19)`;

/** Every row that is written has its parent: checking four million of them takes a minute. */
const withoutForeignKeys = "set session_replication_role = replica";

const param = "cast((n.i * (k + 1)) % 97 as text)";
const metric = "((n.i * 7919 + k * 104729) % 10007) / 10007.0";
const start = 1_700_000_000_000;
const tags = `(select 'mlflow.runName' as key union all select 'mlflow.user'
  union all select 'mlflow.source.type') t`;
const tagValue = `case t.key when 'mlflow.runName' then 'run-' || cast(n.i as text)
  when 'mlflow.user' then 'bench' else 'LOCAL' end`;

/** Into Tapebook's tables, on PostgreSQL or PGlite. */
export async function fillTapebook(execute: Execute, { runs, experimentId }: Fill): Promise<void> {
  const n = numbers(runs);
  await execute(withoutForeignKeys);
  await execute(`create table fill as ${n}
    select i, replace(gen_random_uuid()::text, '-', '') as run_id, 0::bigint as run_no from n`);
  await execute(`insert into runs
      (run_id, experiment_id, run_name, user_id, status, start_time, end_time, artifact_uri)
    select f.run_id, ${experimentId}, 'run-' || f.i, 'bench', 'FINISHED', ${start} + f.i * 60000,
      ${start} + f.i * 60000 + 50000, 'mlflow-artifacts:/${experimentId}/' || f.run_id || '/artifacts'
    from fill f order by f.i`);
  await execute("update fill f set run_no = r.run_no from runs r where r.run_id = f.run_id");
  const each = "from fill n cross join twenty order by run_no, k";
  await execute(`${n} insert into run_params (run_no, key, value)
    select run_no, 'param_' || k, ${param} ${each}`);
  await execute(`insert into run_tags (run_no, key, value)
    select run_no, t.key, ${tagValue} from fill n cross join ${tags}`);
  await execute(`${n} insert into metric_series
      (run_no, experiment_id, key, step, timestamp, value)
    select run_no, ${experimentId}, 'metric_' || k, 0, ${start}, ${metric} ${each}`);
  await execute(`insert into metric_points (series_no, timestamp, step, value)
    select series_no, timestamp, step, value from metric_series
    join fill using (run_no) order by series_no`);
  await execute("drop table fill");
  await execute("analyze");
}

/** Into MLflow's tables, on PostgreSQL or SQLite. */
export async function fillMlflow(
  execute: Execute,
  { runs, experimentId }: Fill,
  dialect: "postgres" | "sqlite",
): Promise<void> {
  const n = numbers(runs);
  if (dialect === "postgres") await execute(withoutForeignKeys);
  const uuid = dialect === "sqlite"
    ? "lower(hex(randomblob(16)))"
    : "replace(cast(gen_random_uuid() as text), '-', '')";
  await execute(`create table fill as ${n} select i, ${uuid} as run_uuid from n`);
  await execute(`insert into runs (run_uuid, name, source_type, source_name, entry_point_name,
      user_id, status, start_time, end_time, source_version, lifecycle_stage, artifact_uri,
      experiment_id)
    select run_uuid, 'run-' || cast(i as text), 'UNKNOWN', '', '', 'bench', 'FINISHED',
      ${start} + i * 60000, ${start} + i * 60000 + 50000, '', 'active',
      'mlflow-artifacts:/${experimentId}/' || run_uuid || '/artifacts', ${experimentId}
    from fill order by i`);
  // In the order of the tables' own keys, which is the fastest.
  const each = "from fill n cross join twenty order by k, run_uuid";
  const key = (name: string) => `'${name}_' || cast(k as text)`;
  await execute(`${n} insert into params (key, value, run_uuid)
    select ${key("param")}, ${param}, run_uuid ${each}`);
  await execute(`insert into tags (key, value, run_uuid)
    select t.key, ${tagValue}, run_uuid from fill n cross join ${tags}`);
  const is = dialect === "sqlite" ? "0" : "false";
  for (const table of ["metrics", "latest_metrics"]) {
    await execute(`${n} insert into ${table} (key, value, timestamp, step, is_nan, run_uuid)
      select ${key("metric")}, ${metric}, ${start}, 0, ${is}, run_uuid ${each}`);
  }
  await execute("drop table fill");
  await execute("analyze");
}
