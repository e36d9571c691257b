/** SQL of evaluation datasets: records of inputs and what is expected of them. @module */
import type { Comparison, Filter } from "../search/filter.ts";
import type { Order } from "../search/order.ts";
import { numberArray, storableText, textArray } from "./arrays.ts";
import type { Sql } from "./database.ts";
import { filterSql, numberCondition, Params, textCondition } from "./filter_sql.ts";
import { type Page, queryPage } from "./paging.ts";

export interface DatasetRow extends Record<string, unknown> {
  dataset_id: string;
  name: string;
  /** JSON of an object of strings. */
  tags: string;
  schema: string | null;
  profile: string | null;
  digest: string;
  created_time: number;
  last_update_time: number;
  created_by: string | null;
  last_updated_by: string | null;
}

const columns = `d.dataset_id, d.name, d.tags, d.schema, d.profile, d.digest, d.created_time,
  d.last_update_time, d.created_by, d.last_updated_by`;

export async function insertDataset(sql: Sql, row: DatasetRow): Promise<void> {
  await sql.query(
    `insert into evaluation_datasets (dataset_id, name, tags, digest, created_time,
       last_update_time, created_by, last_updated_by) values ($1, $2, $3, $4, $5, $5, $6, $6)`,
    [
      row.dataset_id,
      storableText(row.name),
      storableText(row.tags),
      row.digest,
      row.created_time,
      row.created_by,
    ],
  );
}

/** The dataset, locked for a change where `lock` is set. */
export async function findDataset(
  sql: Sql,
  datasetId: string,
  lock = false,
): Promise<DatasetRow | null> {
  const [row] = await sql.query<DatasetRow>(
    `select ${columns} from evaluation_datasets d where d.dataset_id = $1${
      lock ? " for update" : ""
    }`,
    [datasetId],
  );
  return row ?? null;
}

export async function updateDataset(
  sql: Sql,
  row: Pick<
    DatasetRow,
    | "dataset_id"
    | "tags"
    | "schema"
    | "profile"
    | "digest"
    | "last_update_time"
    | "last_updated_by"
  >,
): Promise<void> {
  await sql.query(
    `update evaluation_datasets set tags = $2, schema = $3, profile = $4, digest = $5,
       last_update_time = $6, last_updated_by = $7 where dataset_id = $1`,
    [
      row.dataset_id,
      storableText(row.tags),
      row.schema === null ? null : storableText(row.schema),
      row.profile,
      row.digest,
      row.last_update_time,
      row.last_updated_by,
    ],
  );
}

export async function deleteDataset(sql: Sql, datasetId: string): Promise<void> {
  await sql.query(`delete from evaluation_datasets where dataset_id = $1`, [datasetId]);
}

/** The experiments of each of these datasets. */
export async function experimentsOfDatasets(
  sql: Sql,
  datasetIds: readonly string[],
): Promise<{ experiment_id: number }[]> {
  return await sql.query(
    `select distinct experiment_id from evaluation_dataset_experiments
     where dataset_id = any($1::text::text[]) order by experiment_id`,
    [textArray(datasetIds)],
  );
}

export async function linkExperiments(
  sql: Sql,
  datasetId: string,
  experimentIds: readonly number[],
): Promise<void> {
  await sql.query(
    `insert into evaluation_dataset_experiments (dataset_id, experiment_id)
     select $1, e from unnest($2::text::bigint[]) u(e) on conflict do nothing`,
    [datasetId, numberArray(experimentIds)],
  );
}

export async function unlinkExperiments(
  sql: Sql,
  datasetId: string,
  experimentIds: readonly number[],
): Promise<void> {
  await sql.query(
    `delete from evaluation_dataset_experiments
     where dataset_id = $1 and experiment_id = any($2::text::bigint[])`,
    [datasetId, numberArray(experimentIds)],
  );
}

export interface RecordRow {
  recordId: string;
  inputHash: string;
  content: Record<string, unknown>;
  createdTime: number;
}

/** The records of these inputs that are there, by the digest of their inputs. */
export async function findRecords(
  sql: Sql,
  datasetId: string,
  hashes: readonly string[],
): Promise<Map<string, RecordRow>> {
  const rows = await sql.query<
    { record_id: string; input_hash: string; content: string; created_time: number }
  >(
    `select record_id, input_hash, content, created_time from evaluation_dataset_records
     where dataset_id = $1 and input_hash = any($2::text::text[])`,
    [datasetId, textArray(hashes)],
  );
  return new Map(rows.map((r) => [r.input_hash, {
    recordId: r.record_id,
    inputHash: r.input_hash,
    content: JSON.parse(r.content),
    createdTime: r.created_time,
  }]));
}

export async function upsertRecords(
  sql: Sql,
  datasetId: string,
  records: readonly RecordRow[],
): Promise<void> {
  await sql.query(
    `insert into evaluation_dataset_records
       (record_id, dataset_id, input_hash, content, created_time)
     select i, $1, h, c, t::bigint from unnest($2::text::text[], $3::text::text[],
       $4::text::text[], $5::text::text[]) u(i, h, c, t)
     on conflict (dataset_id, input_hash) do update set content = excluded.content`,
    [
      datasetId,
      textArray(records.map((r) => r.recordId)),
      textArray(records.map((r) => r.inputHash)),
      textArray(records.map((r) => storableText(JSON.stringify(r.content)))),
      textArray(records.map((r) => String(r.createdTime))),
    ],
  );
}

export async function countRecords(sql: Sql, datasetId: string): Promise<number> {
  const [{ count }] = await sql.query<{ count: number }>(
    `select count(*) as count from evaluation_dataset_records where dataset_id = $1`,
    [datasetId],
  );
  return count;
}

/** A page of the records, oldest first. */
export async function readRecords(
  sql: Sql,
  datasetId: string,
  limit: number,
  pageToken: string | undefined,
): Promise<Page<Record<string, unknown>>> {
  return await queryPage(sql, {
    select: "r.content",
    from: "evaluation_dataset_records r",
    where: ["r.dataset_id = $1"],
    params: [datasetId],
    sort: [
      { expression: "r.created_time", type: "int8", ascending: true },
      { expression: "r.record_id", type: "text", ascending: true },
    ],
    limit,
    pageToken,
  }, (r: { content: string }) => JSON.parse(r.content));
}

export async function deleteRecords(
  sql: Sql,
  datasetId: string,
  recordIds: readonly string[],
): Promise<number> {
  const rows = await sql.query(
    `delete from evaluation_dataset_records
     where dataset_id = $1 and record_id = any($2::text::text[]) returning record_id`,
    [datasetId, textArray(recordIds)],
  );
  return rows.length;
}

function condition(comparison: Comparison, params: Params): string {
  if (comparison.entity === "tag") {
    const value = `(d.tags::jsonb ->> ${params.add(comparison.key)}::text)`;
    return `coalesce(${textCondition(value, comparison, params)}, false)`;
  }
  const column = `d.${comparison.key}`;
  return comparison.key.endsWith("_time")
    ? numberCondition(`${column}::float8`, comparison, params)
    : `coalesce(${textCondition(column, comparison, params)}, false)`;
}

export async function searchDatasets(
  sql: Sql,
  options: {
    experimentIds: readonly number[] | null;
    filter: Filter | null;
    orders: Order[];
    limit: number;
    pageToken?: string;
  },
): Promise<Page<DatasetRow>> {
  const params = new Params();
  const where: string[] = [];
  if (options.experimentIds) {
    where.push(`exists (select 1 from evaluation_dataset_experiments e
      where e.dataset_id = d.dataset_id
        and e.experiment_id = any(${
      params.add(numberArray(options.experimentIds))
    }::text::bigint[]))`);
  }
  if (options.filter) where.push(filterSql(options.filter, params, condition));
  return await queryPage<DatasetRow>(sql, {
    select: columns,
    from: "evaluation_datasets d",
    where,
    params: params.values,
    sort: [
      ...options.orders.map(({ key, ascending }) => ({
        expression: `d.${key}`,
        type: key.endsWith("_time") ? "int8" as const : "text" as const,
        ascending,
      })),
      { expression: "d.created_time", type: "int8", ascending: false },
      { expression: "d.dataset_id", type: "text", ascending: true },
    ],
    limit: options.limit,
    pageToken: options.pageToken,
  });
}
