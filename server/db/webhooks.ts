/** SQL of webhooks. Their secrets are kept elsewhere, sealed. @module */
import type { Sql } from "./database.ts";

export interface WebhookEvent {
  entity?: string;
  action?: string;
}

export interface WebhookRow extends Record<string, unknown> {
  webhook_id: string;
  name: string;
  description: string | null;
  url: string;
  events: WebhookEvent[];
  /** Whether requests are signed. */
  secret: string | null;
  status: "ACTIVE" | "DISABLED";
  creation_time: number;
  last_update_time: number;
}

export async function insertWebhook(sql: Sql, hook: WebhookRow): Promise<void> {
  await sql.query(
    `insert into webhooks (webhook_id, name, description, url, events, secret, status,
       creation_time, last_update_time) values ($1, $2, $3, $4, $5::text::jsonb, $6, $7, $8, $9)`,
    [
      hook.webhook_id,
      hook.name,
      hook.description,
      hook.url,
      JSON.stringify(hook.events),
      hook.secret,
      hook.status,
      hook.creation_time,
      hook.last_update_time,
    ],
  );
}

export async function updateWebhook(sql: Sql, hook: WebhookRow): Promise<void> {
  await sql.query(
    `update webhooks set name = $2, description = $3, url = $4, events = $5::text::jsonb,
       secret = $6, status = $7, last_update_time = $8 where webhook_id = $1`,
    [
      hook.webhook_id,
      hook.name,
      hook.description,
      hook.url,
      JSON.stringify(hook.events),
      hook.secret,
      hook.status,
      hook.last_update_time,
    ],
  );
}

export async function findWebhook(sql: Sql, id: string): Promise<WebhookRow | null> {
  const rows = await sql.query<WebhookRow>("select * from webhooks where webhook_id = $1", [id]);
  return rows[0] ?? null;
}

export async function deleteWebhook(sql: Sql, id: string): Promise<boolean> {
  const rows = await sql.query("delete from webhooks where webhook_id = $1 returning 1", [id]);
  return rows.length > 0;
}

export async function listWebhooks(
  sql: Sql,
  limit: number,
  after?: { time: number; id: string },
): Promise<WebhookRow[]> {
  return await sql.query<WebhookRow>(
    `select * from webhooks where $2::bigint is null or (creation_time, webhook_id) < ($2, $3)
     order by creation_time desc, webhook_id desc limit $1`,
    [limit, after?.time ?? null, after?.id ?? ""],
  );
}

/** The active webhooks that asked for the event. */
export async function webhooksFor(sql: Sql, event: WebhookEvent): Promise<WebhookRow[]> {
  return await sql.query<WebhookRow>(
    "select * from webhooks where status = 'ACTIVE' and events @> $1::text::jsonb",
    [JSON.stringify([event])],
  );
}
