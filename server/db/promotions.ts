/** SQL of policies, promotions, reviews, alias moves and model alerts. @module */
import type {
  AliasChange,
  Lineage,
  ModelAlert,
  Policy,
  PromotionStatus,
  Review,
  RuleResult,
} from "../../lib/contracts/governance/mod.ts";
import type { Sql } from "./database.ts";

export interface PolicyRow {
  policy: Policy;
  updated_by: string;
  updated_at: number;
}

export async function findPolicy(db: Sql, model: string): Promise<PolicyRow | null> {
  const [row] = await db.query<PolicyRow>(
    "select policy, updated_by, updated_at from model_policies where model = $1",
    [model],
  );
  return row ?? null;
}

export async function savePolicy(
  db: Sql,
  model: string,
  policy: Policy,
  by: string,
  at: number,
): Promise<void> {
  await db.query(
    `insert into model_policies (model, policy, updated_by, updated_at)
     values ($1, $2::text::jsonb, $3, $4)
     on conflict (model) do update set policy = excluded.policy,
       updated_by = excluded.updated_by, updated_at = excluded.updated_at`,
    [model, JSON.stringify(policy), by, at],
  );
}

export interface PromotionRow {
  id: string;
  model: string;
  version: number;
  alias: string;
  status: PromotionStatus;
  rules: RuleResult[];
  lineage: Lineage;
  previous_version: number | null;
  created_by: string;
  created_at: number;
  decided_by: string | null;
  decided_at: number | null;
  reviews: Review[];
}

const promotionColumns = `p.id, p.model, p.version, p.alias, p.status, p.rules, p.lineage,
  p.previous_version, p.created_by, p.created_at, p.decided_by, p.decided_at,
  coalesce((select json_agg(json_build_object('author', r.author, 'decision', r.decision,
    'text', r.text, 'at', r.at) order by r.review_no)
    from promotion_reviews r where r.promotion_id = p.id), '[]') as reviews`;

/** False when the same is pending already. */
export async function insertPromotion(
  db: Sql,
  row: Omit<PromotionRow, "reviews" | "previous_version" | "decided_by" | "decided_at">,
): Promise<boolean> {
  const rows = await db.query(
    `insert into promotions (id, model, version, alias, status, rules, lineage, created_by,
       created_at)
     values ($1, $2, $3, $4, $5, $6::text::jsonb, $7::text::jsonb, $8, $9)
     on conflict do nothing returning id`,
    [
      row.id,
      row.model,
      row.version,
      row.alias,
      row.status,
      JSON.stringify(row.rules),
      JSON.stringify(row.lineage),
      row.created_by,
      row.created_at,
    ],
  );
  return rows.length > 0;
}

export async function findPromotion(
  db: Sql,
  id: string,
  options: { lock?: boolean } = {},
): Promise<PromotionRow | null> {
  const [row] = await db.query<PromotionRow>(
    `select ${promotionColumns} from promotions p where p.id = $1 ${
      options.lock ? "for update of p" : ""
    }`,
    [id],
  );
  return row ?? null;
}

export async function findPendingPromotion(
  db: Sql,
  model: string,
  version: number,
  alias: string,
): Promise<PromotionRow | null> {
  const [row] = await db.query<PromotionRow>(
    `select ${promotionColumns} from promotions p
     where p.model = $1 and p.version = $2 and p.alias = $3 and p.status = 'pending'`,
    [model, version, alias],
  );
  return row ?? null;
}

export interface PromotionQuery {
  model?: string;
  version?: number;
  status?: PromotionStatus;
  limit: number;
}

/** Newest first. */
export async function listPromotions(db: Sql, query: PromotionQuery): Promise<PromotionRow[]> {
  const params: unknown[] = [];
  const conditions = (["model", "version", "status"] as const).flatMap((field) =>
    query[field] === undefined ? [] : [`p.${field} = $${params.push(query[field])}`]
  );
  const where = conditions.length > 0 ? `where ${conditions.join(" and ")}` : "";
  return await db.query<PromotionRow>(
    `select ${promotionColumns} from promotions p ${where}
     order by p.created_at desc, p.id limit $${params.push(query.limit)}`,
    params,
  );
}

export async function updatePromotion(
  db: Sql,
  id: string,
  changes: {
    status: PromotionStatus;
    rules: RuleResult[];
    previousVersion: number | null;
    decidedBy: string | null;
    decidedAt: number | null;
  },
): Promise<void> {
  await db.query(
    `update promotions set status = $2, rules = $3::text::jsonb, previous_version = $4,
       decided_by = $5, decided_at = $6 where id = $1`,
    [
      id,
      changes.status,
      JSON.stringify(changes.rules),
      changes.previousVersion,
      changes.decidedBy,
      changes.decidedAt,
    ],
  );
}

/** Adds a review; a second approval by the same person changes nothing. */
export async function insertReview(db: Sql, promotionId: string, review: Review): Promise<void> {
  await db.query(
    `insert into promotion_reviews (promotion_id, author, decision, text, at)
     values ($1, $2, $3, $4, $5) on conflict do nothing`,
    [promotionId, review.author, review.decision, review.text, review.at],
  );
}

/** The version that an alias points at, or null. */
export async function findAlias(db: Sql, model: string, alias: string): Promise<number | null> {
  const [row] = await db.query<{ version: number }>(
    "select version from registered_model_aliases where name = $1 and alias = $2",
    [model, alias],
  );
  return row?.version ?? null;
}

/** Holds the model's row until the end of the transaction: moves of its aliases take turns. */
export async function lockModel(tx: Sql, model: string, now: number): Promise<void> {
  await tx.query("update registered_models set last_update_time = $2 where name = $1", [
    model,
    now,
  ]);
}

export async function moveAlias(
  tx: Sql,
  model: string,
  alias: string,
  version: number,
): Promise<void> {
  await tx.query(
    `insert into registered_model_aliases (name, alias, version) values ($1, $2, $3)
     on conflict (name, alias) do update set version = excluded.version`,
    [model, alias, version],
  );
}

export async function insertAliasChange(
  tx: Sql,
  change: Omit<AliasChange, "version" | "previousVersion"> & {
    version: number;
    previousVersion: number | null;
  },
): Promise<void> {
  await tx.query(
    `insert into alias_changes (model, alias, version, previous_version, reason, promotion_id,
       changed_by, changed_at) values ($1, $2, $3, $4, $5, $6, $7, $8)`,
    [
      change.model,
      change.alias,
      change.version,
      change.previousVersion,
      change.reason,
      change.promotionId,
      change.changedBy,
      change.changedAt,
    ],
  );
}

/** Newest first. */
export async function listAliasChanges(
  db: Sql,
  model: string,
  limit: number,
): Promise<AliasChange[]> {
  return await db.query<AliasChange>(
    `select model, alias, version::text as version, previous_version::text as "previousVersion",
       reason, promotion_id as "promotionId", changed_by as "changedBy", changed_at as "changedAt"
     from alias_changes where model = $1 order by change_no desc limit $2`,
    [model, limit],
  );
}

const alertColumns = `id, model, version::text as version, kind, message, raised_at as "raisedAt",
  resolved_at as "resolvedAt", resolved_by as "resolvedBy", resolution`;

export async function insertAlert(
  db: Sql,
  alert: Pick<ModelAlert, "id" | "model" | "kind" | "message" | "raisedAt"> & {
    version: number | null;
  },
): Promise<void> {
  await db.query(
    `insert into model_alerts (id, model, version, kind, message, raised_at)
     values ($1, $2, $3, $4, $5, $6)`,
    [alert.id, alert.model, alert.version, alert.kind, alert.message, alert.raisedAt],
  );
}

/** Newest first; `version` also gives those that concern no version in particular. */
export async function listAlerts(
  db: Sql,
  query: { model: string; version?: number; isOpen?: boolean; limit: number },
): Promise<ModelAlert[]> {
  const params: unknown[] = [query.model];
  const version = query.version === undefined
    ? ""
    : `and (version is null or version = $${params.push(query.version)})`;
  const open = query.isOpen ? "and resolved_at is null" : "";
  return await db.query<ModelAlert>(
    `select ${alertColumns} from model_alerts where model = $1 ${version} ${open}
     order by raised_at desc, id limit $${params.push(query.limit)}`,
    params,
  );
}

/** Resolves an open alert; null when there is none of that id. */
export async function resolveAlert(
  db: Sql,
  model: string,
  id: string,
  by: string,
  at: number,
  resolution: string,
): Promise<ModelAlert | null> {
  const [row] = await db.query<ModelAlert>(
    `update model_alerts set resolved_at = $3, resolved_by = $4, resolution = $5
     where id = $1 and model = $2 and resolved_at is null returning ${alertColumns}`,
    [id, model, at, by, resolution],
  );
  return row ?? null;
}
