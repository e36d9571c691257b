/**
 * Runs as the JSON text that MLflow's clients read, for pages of a thousand runs with twenty
 * params and twenty metrics each: what belongs to the runs of a page comes from the database as one
 * text a table and is joined to the answer without an object per value in between.
 * @module
 */
import type { DatasetInput, Metric, Run } from "../../lib/contracts/mlflow/mod.ts";
import { numberArray } from "./arrays.ts";
import type { Sql } from "./database.ts";
import { type RunInfoRow, withoutNulls } from "./runs.ts";

/** Runs whose contents are read at once; a text of the database holds at most 1 GB. */
const runsPerRead = 1000;

/** Stand between rows and fields; keys cannot have them, and in JSON they are escaped. */
const rowEnd = "\x1e";
const fieldEnd = "\x1f";

const rowsOf = (table: string, ...fields: string[]) =>
  `(select string_agg(concat_ws(e'\\x1f', x.run_no, x.key, ${fields.join(", ")}), e'\\x1e')
    from ${table} x where x.run_no = any(p.run_nos))`;

const text = `with p as materialized (select $1::text::bigint[] as run_nos)
  select ${rowsOf("metric_series", "x.value", "x.timestamp", "x.step")} as metrics,
    ${rowsOf("run_params", "to_json(x.value)")} as params,
    ${rowsOf("run_tags", "to_json(x.value)")} as tags,
    (select json_agg(json_build_object('run_no', i.run_no,
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

interface Contents {
  metrics: string | null;
  params: string | null;
  tags: string | null;
  datasets: (DatasetInput & { run_no: number })[] | null;
  models:
    | { run_no: number; direction: "input" | "output"; model_id: string; step: number }[]
    | null;
}

/** `{"key":…,"value":` of keys met before; few, as runs of an experiment share theirs. */
const beginnings = new Map<string, string>();

function beginning(key: string): string {
  let begin = beginnings.get(key);
  if (begin === undefined) {
    if (beginnings.size > 5000) beginnings.clear();
    beginnings.set(key, begin = `{"key":${JSON.stringify(key)},"value":`);
  }
  return begin;
}

/** JSON has no NaN and no infinities: they are strings. */
const jsonNumber = (digits: string) =>
  digits === "NaN" || digits.endsWith("y") ? `"${digits}"` : digits;

function metricEnd(fields: string): string {
  const [value, timestamp, step] = fields.split(fieldEnd);
  return `${jsonNumber(value)},"timestamp":${timestamp},"step":${step}}`;
}
const textEnd = (value: string) => `${value}}`;

/**
 * By run, the JSON of the table's rows in the order of their keys, separated by commas. The rows
 * nearly always come in the order of the index that they were read by, and are sorted if not.
 */
function byRun(rows: string | null, end: (fields: string) => string): Map<string, string> {
  const found = new Map<string, string>();
  if (rows === null) return found;
  let runNo = "";
  let last = "";
  let json = "";
  for (let at = 0; at < rows.length;) {
    const stop = rows.indexOf(rowEnd, at);
    const rowStop = stop < 0 ? rows.length : stop;
    const keyStart = rows.indexOf(fieldEnd, at) + 1;
    const keyStop = rows.indexOf(fieldEnd, keyStart);
    const key = rows.slice(keyStart, keyStop);
    const value = beginning(key) + end(rows.slice(keyStop + 1, rowStop));
    if (keyStart - 1 - at === runNo.length && rows.startsWith(runNo, at)) {
      if (key < last) return byRun(sortRows(rows), end);
      json += `,${value}`;
    } else {
      if (runNo) found.set(runNo, json);
      runNo = rows.slice(at, keyStart - 1);
      if (found.has(runNo)) return byRun(sortRows(rows), end);
      json = value;
    }
    last = key;
    at = rowStop + 1;
  }
  if (runNo) found.set(runNo, json);
  return found;
}

/** The rows by run, and by key within a run. */
function sortRows(rows: string): string {
  const keyed = rows.split(rowEnd).map((row) => {
    const [runNo, key] = row.split(fieldEnd, 2);
    return { row, runNo: Number(runNo), key };
  });
  keyed.sort((a, b) => a.runNo - b.runNo || (a.key < b.key ? -1 : 1));
  return keyed.map(({ row }) => row).join(rowEnd);
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
function listsJson(lists: Record<string, string | undefined>): string {
  const given = Object.entries(lists).filter(([, list]) => list);
  return `{${given.map(([name, list]) => `"${name}":[${list}]`).join(",")}}`;
}

const jsonOf = (items: object[]) => items.map((item) => JSON.stringify(item)).join(",");

function inputJson({ dataset, tags }: DatasetInput): object {
  return { dataset: withoutNulls(dataset), tags: tags.length ? tags : undefined };
}

/** The JSON of each run, in the order of `rows`. */
export async function readRunsJson(sql: Sql, rows: readonly RunInfoRow[]): Promise<string[]> {
  const out: string[] = [];
  for (let from = 0; from < rows.length; from += runsPerRead) {
    const some = rows.slice(from, from + runsPerRead);
    const [contents] = await sql.query<Contents>(text, [numberArray(some.map((r) => r.run_no))]);
    const metrics = byRun(contents.metrics, metricEnd);
    const params = byRun(contents.params, textEnd);
    const tags = byRun(contents.tags, textEnd);
    const datasets = Map.groupBy(contents.datasets ?? [], (d) => d.run_no);
    const models = Map.groupBy(contents.models ?? [], (m) => m.run_no);
    for (const run of some) {
      const no = String(run.run_no);
      const read = datasets.get(run.run_no) ?? [];
      const ofRun = models.get(run.run_no) ?? [];
      const inputs = ofRun.filter((m) => m.direction === "input");
      const outputs = ofRun.filter((m) => m.direction === "output");
      out.push(
        `{"info":${infoJson(run)},"data":${
          listsJson({ metrics: metrics.get(no), params: params.get(no), tags: tags.get(no) })
        },"inputs":${
          listsJson({
            dataset_inputs: jsonOf(read.map(inputJson)),
            model_inputs: jsonOf(inputs.map(({ model_id }) => ({ model_id }))),
          })
        },"outputs":${
          listsJson({
            model_outputs: jsonOf(outputs.map(({ model_id, step }) => ({ model_id, step }))),
          })
        }}`,
      );
    }
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
