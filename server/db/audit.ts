/** SQL of the audit log. @module */
import type { Database, Sql } from "./database.ts";

export interface AuditRow {
  seq: number;
  at: number;
  actor: string;
  action: string;
  target: string;
  /** Canonical JSON, byte for byte as it was hashed. */
  details: string;
  request_id: string | null;
  previous_hash: string;
  hash: string;
}

const columns = "seq, at, actor, action, target, details, request_id, previous_hash, hash";
/** Held until the end of the transaction that appends: entries get their numbers one by one. */
const appendLock = 7_269_031_456;

/**
 * Appends the entry that `make` builds on the last one (null for the first). Inside the transaction
 * `tx`, so that the entry stands or falls with what it tells of.
 */
export async function appendAudit(
  tx: Sql,
  make: (last: { seq: number; hash: string } | null) => AuditRow,
): Promise<AuditRow> {
  await tx.query("select pg_advisory_xact_lock($1)", [appendLock]);
  const [last] = await tx.query<{ seq: number; hash: string }>(
    "select seq, hash from audit_entries order by seq desc limit 1",
  );
  const row = make(last ?? null);
  await tx.query(
    `insert into audit_entries (${columns}) values ($1, $2, $3, $4, $5, $6, $7, $8, $9)`,
    [
      row.seq,
      row.at,
      row.actor,
      row.action,
      row.target,
      row.details,
      row.request_id,
      row.previous_hash,
      row.hash,
    ],
  );
  return row;
}

export interface AuditQuery {
  /** Entries with a smaller number than this. */
  before?: number;
  actor?: string;
  action?: string;
  target?: string;
  limit: number;
}

/** Newest first. `action` and `target` match whole, or up to a final `*`. */
export async function readAudit(db: Sql, query: AuditQuery): Promise<AuditRow[]> {
  const params: unknown[] = [];
  const param = (value: unknown) => `$${params.push(value)}`;
  const conditions: string[] = [];
  if (query.before !== undefined) conditions.push(`seq < ${param(query.before)}`);
  if (query.actor !== undefined) conditions.push(`actor = ${param(query.actor)}`);
  for (const field of ["action", "target"] as const) {
    const wanted = query[field];
    if (wanted === undefined) continue;
    conditions.push(
      wanted.endsWith("*")
        ? `starts_with(${field}, ${param(wanted.slice(0, -1))})`
        : `${field} = ${param(wanted)}`,
    );
  }
  const where = conditions.length > 0 ? `where ${conditions.join(" and ")}` : "";
  return await db.query<AuditRow>(
    `select ${columns} from audit_entries ${where} order by seq desc limit ${param(query.limit)}`,
    params,
  );
}

/** All entries in order, in pages. */
export async function* scanAudit(db: Database, pageSize = 1000): AsyncGenerator<AuditRow> {
  for (let after = 0;;) {
    const page = await db.query<AuditRow>(
      `select ${columns} from audit_entries where seq > $1 order by seq limit $2`,
      [after, pageSize],
    );
    yield* page;
    if (page.length < pageSize) return;
    after = page[page.length - 1].seq;
  }
}
