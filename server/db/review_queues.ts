/** SQL of queues of traces that people are to review. @module */
import { storableText, textArray } from "./arrays.ts";
import type { Sql } from "./database.ts";
import { Params } from "./filter_sql.ts";
import { type Page, queryPage } from "./paging.ts";

export const queueTypes = ["USER", "CUSTOM"] as const;
export type QueueType = typeof queueTypes[number];
export const reviewStatuses = ["PENDING", "COMPLETE", "DECLINED"] as const;
export type ReviewStatus = typeof reviewStatuses[number];

export interface QueueRow extends Record<string, unknown> {
  queue_id: string;
  experiment_id: number;
  name: string;
  queue_type: QueueType;
  created_by: string | null;
  creation_time_ms: number;
  last_update_time_ms: number;
}

/** With the people and the questions of it. */
export interface Queue extends QueueRow {
  users: string[] | null;
  schema_ids: string[] | null;
}

export interface QueueItem extends Record<string, unknown> {
  queue_id: string;
  item_id: string;
  status: ReviewStatus;
  creation_time_ms: number;
  last_update_time_ms: number;
  completed_by: string | null;
  completed_time_ms: number | null;
}

const columns = `q.queue_id, q.experiment_id, q.name, q.queue_type, q.created_by,
  q.creation_time_ms, q.last_update_time_ms,
  (select json_agg(u.user_id order by u.user_id) from review_queue_users u
    where u.queue_id = q.queue_id) as users,
  (select json_agg(l.schema_id order by l.schema_id) from review_queue_label_schemas l
    where l.queue_id = q.queue_id) as schema_ids`;

const itemColumns = `i.queue_id, i.item_id, i.status, i.creation_time_ms, i.last_update_time_ms,
  i.completed_by, i.completed_time_ms`;

/** Whether it was written; false where the experiment has one of this name, in whatever case. */
export async function insertQueue(sql: Sql, row: QueueRow): Promise<boolean> {
  const rows = await sql.query(
    `insert into review_queues (queue_id, experiment_id, name, name_key, queue_type, created_by,
       creation_time_ms, last_update_time_ms) values ($1, $2, $3, $4, $5, $6, $7, $7)
     on conflict (experiment_id, name_key) do nothing returning 1`,
    [
      row.queue_id,
      row.experiment_id,
      storableText(row.name),
      storableText(row.name.toLowerCase()),
      row.queue_type,
      row.created_by,
      row.creation_time_ms,
    ],
  );
  return rows.length > 0;
}

/** Whether another queue of the experiment has the name. */
export async function isQueueNameTaken(sql: Sql, row: QueueRow, name: string): Promise<boolean> {
  const rows = await sql.query(
    `select 1 from review_queues where experiment_id = $1 and name_key = $2 and queue_id <> $3`,
    [row.experiment_id, name.toLowerCase(), row.queue_id],
  );
  return rows.length > 0;
}

export async function updateQueue(sql: Sql, row: QueueRow): Promise<void> {
  await sql.query(
    `update review_queues set name = $2, name_key = $3, created_by = $4, last_update_time_ms = $5
     where queue_id = $1`,
    [
      row.queue_id,
      storableText(row.name),
      storableText(row.name.toLowerCase()),
      row.created_by,
      row.last_update_time_ms,
    ],
  );
}

async function replace(
  sql: Sql,
  table: "review_queue_users" | "review_queue_label_schemas",
  column: "user_id" | "schema_id",
  queueId: string,
  values: readonly string[],
): Promise<void> {
  await sql.query(`delete from ${table} where queue_id = $1`, [queueId]);
  await sql.query(
    `insert into ${table} (queue_id, ${column}) select $1, v from unnest($2::text::text[]) u(v)
     on conflict do nothing`,
    [queueId, textArray(values.map(storableText))],
  );
}

export const replaceQueueUsers = (sql: Sql, queueId: string, users: readonly string[]) =>
  replace(sql, "review_queue_users", "user_id", queueId, users);

export const replaceQueueSchemas = (sql: Sql, queueId: string, ids: readonly string[]) =>
  replace(sql, "review_queue_label_schemas", "schema_id", queueId, ids);

/** The queue, locked for a change where `lock` is set. */
export async function findQueue(sql: Sql, queueId: string, lock = false): Promise<Queue | null> {
  const [row] = await sql.query<Queue>(
    `select ${columns} from review_queues q where q.queue_id = $1${lock ? " for update of q" : ""}`,
    [queueId],
  );
  return row ?? null;
}

export async function findQueueByName(
  sql: Sql,
  experimentId: number,
  name: string,
): Promise<Queue | null> {
  const [row] = await sql.query<Queue>(
    `select ${columns} from review_queues q where q.experiment_id = $1 and q.name_key = $2`,
    [experimentId, name.toLowerCase()],
  );
  return row ?? null;
}

/** Newest first; those of a user, or with a trace in them, where these are given. */
export async function listQueues(sql: Sql, query: {
  experimentId: number;
  user?: string;
  itemId?: string;
  limit: number;
  pageToken?: string;
}): Promise<Page<Queue>> {
  const params = new Params();
  const where = [`q.experiment_id = ${params.add(query.experimentId)}`];
  if (query.user !== undefined) {
    where.push(`exists (select 1 from review_queue_users u where u.queue_id = q.queue_id
      and u.user_id = ${params.add(query.user)})`);
  }
  if (query.itemId !== undefined) {
    where.push(`exists (select 1 from review_queue_items i where i.queue_id = q.queue_id
      and i.item_id = ${params.add(query.itemId)})`);
  }
  return await queryPage<Queue>(sql, {
    select: columns,
    from: "review_queues q",
    where,
    params: params.values,
    sort: [
      { expression: "q.creation_time_ms", type: "int8", ascending: false, nullable: false },
      { expression: "q.queue_id", type: "text", ascending: true, nullable: false },
    ],
    limit: query.limit,
    pageToken: query.pageToken,
  });
}

export async function deleteQueue(sql: Sql, queueId: string): Promise<void> {
  await sql.query("delete from review_queues where queue_id = $1", [queueId]);
}

export async function hasItems(sql: Sql, queueId: string): Promise<boolean> {
  const rows = await sql.query(
    "select 1 from review_queue_items where queue_id = $1 limit 1",
    [queueId],
  );
  return rows.length > 0;
}

/** Adds those that are not there yet; all of these, in their order. */
export async function addItems(
  sql: Sql,
  queueId: string,
  itemIds: readonly string[],
  now: number,
): Promise<QueueItem[]> {
  const ids = textArray(itemIds);
  await sql.query(
    `insert into review_queue_items (queue_id, item_id, status, creation_time_ms,
       last_update_time_ms)
     select $1, v, 'PENDING', $3, $3 from unnest($2::text::text[]) u(v) on conflict do nothing`,
    [queueId, ids, now],
  );
  return await sql.query<QueueItem>(
    `select ${itemColumns} from review_queue_items i
     join unnest($2::text::text[]) with ordinality asked(id, place) on asked.id = i.item_id
     where i.queue_id = $1 order by asked.place`,
    [queueId, ids],
  );
}

export async function removeItems(
  sql: Sql,
  queueId: string,
  itemIds: readonly string[],
): Promise<void> {
  await sql.query(
    `delete from review_queue_items where queue_id = $1 and item_id = any($2::text::text[])`,
    [queueId, textArray(itemIds)],
  );
}

export async function listItems(
  sql: Sql,
  query: { queueId: string; status?: ReviewStatus; limit: number; pageToken?: string },
): Promise<Page<QueueItem>> {
  const params = new Params();
  const where = [`i.queue_id = ${params.add(query.queueId)}`];
  if (query.status) where.push(`i.status = ${params.add(query.status)}`);
  return await queryPage<QueueItem>(sql, {
    select: itemColumns,
    from: "review_queue_items i",
    where,
    params: params.values,
    sort: [
      { expression: "i.creation_time_ms", type: "int8", ascending: false, nullable: false },
      { expression: "i.item_id", type: "text", ascending: true, nullable: false },
    ],
    limit: query.limit,
    pageToken: query.pageToken,
  });
}

/** The item, locked for a change. */
export async function lockItem(
  sql: Sql,
  queueId: string,
  itemId: string,
): Promise<QueueItem | null> {
  const [row] = await sql.query<QueueItem>(
    `select ${itemColumns} from review_queue_items i
     where i.queue_id = $1 and i.item_id = $2 for update`,
    [queueId, itemId],
  );
  return row ?? null;
}

export async function updateItem(sql: Sql, row: QueueItem): Promise<void> {
  await sql.query(
    `update review_queue_items set status = $3, last_update_time_ms = $4, completed_by = $5,
       completed_time_ms = $6 where queue_id = $1 and item_id = $2`,
    [
      row.queue_id,
      row.item_id,
      row.status,
      row.last_update_time_ms,
      row.completed_by === null ? null : storableText(row.completed_by),
      row.completed_time_ms,
    ],
  );
}

/** The experiments of these issues, label schemas, queues and scorers, by their ids. */
export async function experimentsOfReviews(
  sql: Sql,
  ids: readonly string[],
): Promise<{ experiment_id: number }[]> {
  const from = (table: string, key: string) =>
    `select experiment_id from ${table} where ${key} = any($1::text::text[])`;
  return await sql.query(
    [
      from("issues", "issue_id"),
      from("label_schemas", "schema_id"),
      from("review_queues", "queue_id"),
      from("scorers", "scorer_id"),
    ].join(" union "),
    [textArray(ids)],
  );
}
