/**
 * Runs as the JSON text that MLflow's clients read, for pages of a thousand runs with twenty
 * params and twenty metrics each: the database writes the lists of a run, which are joined to the answer
 * without an object per value in between.
 * @module
 */
import type { DatasetInput, Metric, Run } from "../../lib/contracts/mlflow/mod.ts";
import { numberArray } from "./arrays.ts";
import type { Sql } from "./database.ts";
import { type RunInfoRow, withoutNulls } from "./runs.ts";

/** Runs whose values one statement reads: a page of a thousand is read by two at a time. */
const runsPerRead = 500;

/** Statements under way at once, each on a connection of its own where there are several. */
const readers = 2;

/**
 * Pages of more runs are planned for the tables as they are: a plan kept from when they were small
 * would read them whole for each run.
 */
const mostOnKeptPlan = 200;

/** The run's rows of `table` as JSON, in the order of the index that they are read by. */
const listOf = (table: string, columns: string) =>
  `(select json_agg(x)::text from (select ${columns} from ${table} x
    where x.run_no = u.run_no order by x.key) x)`;

const valuesText = `select u.run_no, ${
  listOf("metric_series", "key, value, timestamp, step")
} as metrics,
    ${listOf("run_params", "key, value")} as params, ${listOf("run_tags", "key, value")} as tags
  from unnest($1::text::bigint[]) as u (run_no)`;

interface Values {
  run_no: number;
  metrics: string | null;
  params: string | null;
  tags: string | null;
}

const linksText = `with p as materialized (select $1::text::bigint[] as run_nos)
  select (select json_agg(json_build_object('run_no', i.run_no,
        'dataset', json_build_object('name', d.name, 'digest', d.digest,
          'source_type', d.source_type, 'source', d.source, 'schema', d.schema,
          'profile', d.profile),
        'tags', coalesce((select json_agg(json_build_object('key', t.key, 'value', t.value)
          order by t.key) from run_dataset_tags t
          where t.run_no = i.run_no and t.dataset_no = i.dataset_no), '[]'))
        order by i.run_no, i.dataset_no)
      from run_datasets i join datasets d using (dataset_no)
      where i.run_no = any(p.run_nos)) as datasets,
    (select json_agg(json_build_object('run_no', m.run_no, 'direction', m.direction,
        'model_id', m.model_id, 'step', m.step) order by m.run_no, m.model_id, m.step)
      from run_models m where m.run_no = any(p.run_nos)) as models
  from p`;

/** What runs read and made; few have any. */
interface Links {
  datasets: (DatasetInput & { run_no: number })[] | null;
  models:
    | { run_no: number; direction: "input" | "output"; model_id: string; step: number }[]
    | null;
}

function infoJson(run: RunInfoRow): string {
  const id = JSON.stringify(run.run_id);
  const times = (run.start_time === null ? "" : `,"start_time":${run.start_time}`) +
    (run.end_time === null ? "" : `,"end_time":${run.end_time}`);
  return `{"run_id":${id},"run_uuid":${id},"run_name":${JSON.stringify(run.run_name)},` +
    `"experiment_id":"${run.experiment_id}","user_id":${JSON.stringify(run.user_id)},` +
    `"status":"${run.status}"${times},"artifact_uri":${JSON.stringify(run.artifact_uri)},` +
    `"lifecycle_stage":"${run.lifecycle_stage}"}`;
}

/** An object of lists, of which empty ones are left out. */
function listsJson(lists: Record<string, string | null>): string {
  const given = Object.entries(lists).filter(([, list]) => list);
  return `{${given.map(([name, list]) => `"${name}":${list}`).join(",")}}`;
}

const listJson = (items: object[]) => items.length ? JSON.stringify(items) : null;

function inputJson({ dataset, tags }: DatasetInput): object {
  return { dataset: withoutNulls(dataset), tags: tags.length ? tags : undefined };
}

/** The JSON of each run, in the order of `rows`, which are at most `runsPerRead`. */
async function readSome(sql: Sql, rows: readonly RunInfoRow[]): Promise<string[]> {
  const runNos = [numberArray(rows.map((r) => r.run_no))];
  const replan = rows.length > mostOnKeptPlan;
  const [values, [links]] = await Promise.all([
    sql.query<Values>(valuesText, runNos, { replan }),
    sql.query<Links>(linksText, runNos),
  ]);
  const valuesOf = new Map(values.map((row) => [row.run_no, row]));
  const datasetsOf = Map.groupBy(links.datasets ?? [], (d) => d.run_no);
  const modelsOf = Map.groupBy(links.models ?? [], (m) => m.run_no);
  return rows.map((run) => {
    const { metrics, params, tags } = valuesOf.get(run.run_no)!;
    const models = modelsOf.get(run.run_no) ?? [];
    const inputs = models.filter((m) => m.direction === "input");
    const outputs = models.filter((m) => m.direction === "output");
    const inputLists = {
      dataset_inputs: listJson((datasetsOf.get(run.run_no) ?? []).map(inputJson)),
      model_inputs: listJson(inputs.map(({ model_id }) => ({ model_id }))),
    };
    const outputLists = {
      model_outputs: listJson(outputs.map(({ model_id, step }) => ({ model_id, step }))),
    };
    return `{"info":${infoJson(run)},"data":${listsJson({ metrics, params, tags })},` +
      `"inputs":${listsJson(inputLists)},"outputs":${listsJson(outputLists)}}`;
  });
}

/** The JSON of each run, in the order of `rows`. */
export async function readRunsJson(sql: Sql, rows: readonly RunInfoRow[]): Promise<string[]> {
  const out: string[] = [];
  for (let from = 0; from < rows.length; from += readers * runsPerRead) {
    const starts = Array.from({ length: readers }, (_, i) => from + i * runsPerRead);
    const parts = await Promise.all(
      starts.filter((start) => start < rows.length).map((start) =>
        readSome(sql, rows.slice(start, start + runsPerRead))
      ),
    );
    for (const part of parts) out.push(...part);
  }
  return out;
}

/** The run that its JSON says. */
export function runFromJson(json: string): Run {
  const { info, data, inputs, outputs } = JSON.parse(json);
  for (const metric of data.metrics ?? []) (metric as Metric).value = Number(metric.value);
  return {
    info,
    data: { metrics: data.metrics ?? [], params: data.params ?? [], tags: data.tags ?? [] },
    inputs: {
      dataset_inputs: (inputs.dataset_inputs ?? []).map((d: DatasetInput) => ({
        ...d,
        tags: d.tags ?? [],
      })),
      model_inputs: inputs.model_inputs ?? [],
    },
    outputs: { model_outputs: outputs.model_outputs ?? [] },
  };
}
