/**
 * The rows of one experiment as JSON, and back under new numbers. Rows name their experiment, run,
 * series and dataset by small numbers that mean something in one database only; an import maps them
 * by the names that stay: run ids, metric keys, datasets' names and digests.
 * @module
 */
import type { Sql } from "./database.ts";
import { dumpQuery } from "./dump.ts";

const qualified = (order: string) => order.split(", ").map((c) => `x.${c}`).join(", ");
const ofRuns = (table: string, order: string) =>
  `select x.* from ${table} x join runs r using (run_no)
   where r.experiment_id = $id order by ${qualified(order)}`;
const ofModels = (table: string, order: string) =>
  `select x.* from ${table} x join logged_models m using (model_id)
   where m.experiment_id = $id order by ${qualified(order)}`;
const ofTraces = (table: string, order: string) =>
  `select x.* from ${table} x join traces t using (trace_id)
   where t.experiment_id = $id order by ${qualified(order)}`;
const ofQueues = (table: string, order: string) =>
  `select x.* from ${table} x join review_queues q using (queue_id)
   where q.experiment_id = $id order by ${qualified(order)}`;
const own = (table: string, order: string) =>
  `select x.* from ${table} x where x.experiment_id = $id order by ${qualified(order)}`;

/** The tables that hold an experiment, each after those it points to, and the rows that are its. */
const tables: readonly { table: string; rows: string }[] = [
  { table: "experiment_tags", rows: own("experiment_tags", "key") },
  { table: "runs", rows: own("runs", "run_no") },
  { table: "run_params", rows: ofRuns("run_params", "run_no, key") },
  { table: "run_tags", rows: ofRuns("run_tags", "run_no, key") },
  { table: "metric_series", rows: ofRuns("metric_series", "series_no") },
  {
    table: "metric_points",
    rows: `select x.* from metric_points x join metric_series s using (series_no)
      join runs r using (run_no) where r.experiment_id = $id
      order by x.series_no, x.timestamp, x.step, x.value`,
  },
  { table: "datasets", rows: own("datasets", "dataset_no") },
  { table: "run_datasets", rows: ofRuns("run_datasets", "run_no, dataset_no") },
  { table: "run_dataset_tags", rows: ofRuns("run_dataset_tags", "run_no, dataset_no, key") },
  { table: "logged_models", rows: own("logged_models", "model_id") },
  { table: "logged_model_params", rows: ofModels("logged_model_params", "model_id, key") },
  { table: "logged_model_tags", rows: ofModels("logged_model_tags", "model_id, key") },
  {
    table: "logged_model_metrics",
    rows: ofModels("logged_model_metrics", "model_id, run_no, key, timestamp, step, value"),
  },
  { table: "run_models", rows: ofRuns("run_models", "run_no, direction, model_id, step") },
  { table: "traces", rows: own("traces", "trace_id") },
  ...["trace_tags", "trace_metadata"].map((table) => ({
    table,
    rows: ofTraces(table, "trace_id, key"),
  })),
  { table: "trace_spans", rows: ofTraces("trace_spans", "trace_id, span_id") },
  { table: "trace_assessments", rows: ofTraces("trace_assessments", "assessment_id") },
  { table: "trace_runs", rows: ofTraces("trace_runs", "run_id, trace_id") },
  { table: "trace_prompts", rows: ofTraces("trace_prompts", "trace_id, prompt") },
  { table: "issues", rows: own("issues", "issue_id") },
  { table: "label_schemas", rows: own("label_schemas", "schema_id") },
  { table: "review_queues", rows: own("review_queues", "queue_id") },
  { table: "review_queue_users", rows: ofQueues("review_queue_users", "queue_id, user_id") },
  {
    table: "review_queue_label_schemas",
    rows: ofQueues("review_queue_label_schemas", "queue_id, schema_id"),
  },
  { table: "review_queue_items", rows: ofQueues("review_queue_items", "queue_id, item_id") },
  { table: "scorers", rows: own("scorers", "scorer_id") },
  {
    table: "scorer_versions",
    rows: `select x.* from scorer_versions x join scorers s using (scorer_id)
      where s.experiment_id = $id order by x.scorer_id, x.version`,
  },
  { table: "online_scoring_configs", rows: own("online_scoring_configs", "scorer_id") },
];

export const experimentTables: readonly string[] = tables.map((t) => t.table);

/** Chunks of the rows of each table that belong to the experiment. */
export async function* dumpExperiment(
  tx: Sql,
  experimentId: number,
): AsyncGenerator<{ table: string; rows: number; json: string }> {
  for (const { table, rows } of tables) {
    const query = rows.replace("$id", String(Math.trunc(experimentId)));
    for await (const chunk of dumpQuery(tx, query)) yield { table, ...chunk };
  }
}

const staged = (table: string) => `archive_${table}`;

/** Makes the tables that an archive's rows wait in until all of them are there. */
export async function stageExperiment(tx: Sql): Promise<void> {
  for (const { table } of tables) {
    await tx.query(`create temp table ${staged(table)} (like ${table}) on commit drop`);
    // What an archive leaves out is refused where the real table refuses it.
    const columns = await tx.query<{ name: string }>(
      `select a.attname as name from pg_attribute a where a.attrelid = $1::regclass
       and a.attnum > 0 and a.attnotnull and not a.attisdropped`,
      [staged(table)],
    );
    for (const { name } of columns) {
      await tx.query(`alter table ${staged(table)} alter column "${name}" drop not null`);
    }
  }
}

export async function stageChunk(tx: Sql, table: string, json: string): Promise<number> {
  const name = staged(table);
  const rows = await tx.query(
    `insert into ${name} select * from json_populate_recordset(null::${name}, $1::text::json)
     returning 1`,
    [json],
  );
  return rows.length;
}

/** Tables whose rows keep their ids, which must not be here already. */
const named = {
  runs: "run_id",
  logged_models: "model_id",
  traces: "trace_id",
  issues: "issue_id",
  label_schemas: "schema_id",
  review_queues: "queue_id",
  scorers: "scorer_id",
  online_scoring_configs: "online_scoring_config_id",
};

/** Ids of runs, models, traces and so on among the staged rows that are here already. */
export async function findClashes(tx: Sql): Promise<string[]> {
  const each = Object.entries(named).map(([table, id]) =>
    `select ${id} as id from ${staged(table)} join ${table} using (${id})`
  );
  const rows = await tx.query<{ id: string }>(`${each.join(" union all ")} order by 1 limit 5`);
  return rows.map((r) => r.id);
}

/** Columns that point to rows outside the table, by how what they say here is found. */
const mapped: Record<string, { join: string; value: string }> = {
  run_no: { join: "join archive_run_map rm on rm.old_no = a.run_no", value: "rm.new_no" },
  series_no: { join: "join archive_series_map sm on sm.old_no = a.series_no", value: "sm.new_no" },
  dataset_no: {
    join: "join archive_dataset_map dm on dm.old_no = a.dataset_no",
    value: "dm.new_no",
  },
  // An issue may come from a run of another experiment, which need not be here.
  "issues.source_run_id": {
    join: "left join runs sr on sr.run_id = a.source_run_id",
    value: "sr.run_id",
  },
};

/** The key that the table gives its own rows, which a new row gets anew. */
const ownKey: Record<string, string> = {
  runs: "run_no",
  metric_series: "series_no",
  datasets: "dataset_no",
};

/** Columns that hold places of artifacts. */
const places = new Set(["artifact_uri", "artifact_location"]);

/** Puts the staged rows into their tables, as parts of the experiment `experimentId`. */
export async function adoptExperiment(
  tx: Sql,
  experimentId: number,
  oldExperimentId: number,
): Promise<void> {
  const from = `mlflow-artifacts:/${oldExperimentId}/`;
  const to = `mlflow-artifacts:/${experimentId}/`;
  const moved = (column: string) =>
    `case when left(a.${column}, ${from.length}) = '${from}'
      then '${to}' || substr(a.${column}, ${from.length + 1}) else a.${column} end`;
  for (const { table } of tables) {
    const columns = (await tx.query<{ name: string }>(
      `select a.attname as name from pg_attribute a where a.attrelid = $1::regclass
       and a.attnum > 0 and not a.attisdropped order by a.attnum`,
      [table],
    )).map((c) => c.name).filter((name) => name !== ownKey[table]);
    const joins: string[] = [];
    const values = columns.map((name) => {
      if (name === "experiment_id") return String(experimentId);
      if (places.has(name)) return moved(name);
      if (table === "trace_tags" && name === "value") {
        return `case when a.key = 'mlflow.artifactLocation' then ${
          moved("value")
        } else a.value end`;
      }
      const map = mapped[`${table}.${name}`] ?? mapped[name];
      if (!map) return `a."${name}"`;
      joins.push(map.join);
      return map.value;
    });
    await tx.query(
      `insert into ${table} (${columns.map((c) => `"${c}"`).join(", ")})
       select ${values.join(", ")} from ${staged(table)} a ${joins.join(" ")}`,
    );
    if (table === "runs") {
      await tx.query(
        `create temp table archive_run_map on commit drop as
         select a.run_no as old_no, r.run_no as new_no from archive_runs a join runs r using (run_id)`,
      );
    } else if (table === "metric_series") {
      await tx.query(
        `create temp table archive_series_map on commit drop as
         select a.series_no as old_no, s.series_no as new_no from archive_metric_series a
         join archive_run_map m on m.old_no = a.run_no
         join metric_series s on s.run_no = m.new_no and s.key = a.key`,
      );
    } else if (table === "datasets") {
      await tx.query(
        `create temp table archive_dataset_map on commit drop as
         select a.dataset_no as old_no, d.dataset_no as new_no from archive_datasets a
         join datasets d on d.experiment_id = ${experimentId}
           and d.name = a.name and d.digest = a.digest`,
      );
    }
  }
}

/** The experiment's artifacts: their paths without its folder, and their contents. */
export async function listExperimentArtifacts(
  tx: Sql,
  experimentId: number,
): Promise<{ path: string; sha256: string; size: number; content_type: string | null }[]> {
  const folder = `${experimentId}/`;
  return await tx.query(
    `select substr(path, $2::int) as path, sha256, size, content_type from artifacts
     where left(path, $3::int) = $1 order by path`,
    [folder, folder.length + 1, folder.length],
  );
}
