/** SQL of users, tokens, experiment permissions and quotas. @module */
import type {
  ExperimentPermission,
  PermissionLevel,
  Quota,
  Role,
  Scope,
  Token,
} from "../../lib/contracts/people/mod.ts";
import type { Sql } from "./database.ts";

export interface UserRow {
  name: string;
  role: Role;
  password_hash: string | null;
  disabled: boolean;
  created_at: number;
}

const userColumns = "name, role, password_hash, disabled, created_at";

export async function findUser(db: Sql, name: string): Promise<UserRow | null> {
  const [row] = await db.query<UserRow>(`select ${userColumns} from users where name = $1`, [name]);
  return row ?? null;
}

export async function listUsers(db: Sql): Promise<UserRow[]> {
  return await db.query<UserRow>(`select ${userColumns} from users order by name`);
}

export async function countUsers(db: Sql, role?: Role): Promise<number> {
  const [row] = await db.query<{ n: number }>(
    `select count(*)::int as n from users ${role ? "where role = $1 and not disabled" : ""}`,
    role ? [role] : [],
  );
  return row.n;
}

/** False when the name is taken. */
export async function insertUser(
  db: Sql,
  user: { name: string; role: Role; passwordHash: string | null; at: number },
): Promise<boolean> {
  const rows = await db.query(
    `insert into users (name, role, password_hash, created_at, updated_at)
     values ($1, $2, $3, $4, $4) on conflict do nothing returning name`,
    [user.name, user.role, user.passwordHash, user.at],
  );
  return rows.length > 0;
}

export async function updateUser(
  db: Sql,
  name: string,
  changes: { role?: Role; disabled?: boolean; passwordHash?: string },
  at: number,
): Promise<void> {
  await db.query(
    `update users set role = coalesce($2, role), disabled = coalesce($3, disabled),
       password_hash = coalesce($4, password_hash), updated_at = $5 where name = $1`,
    [name, changes.role ?? null, changes.disabled ?? null, changes.passwordHash ?? null, at],
  );
}

export async function deleteUser(db: Sql, name: string): Promise<void> {
  await db.query("delete from users where name = $1", [name]);
}

export interface TokenRow {
  token_id: string;
  user_name: string;
  kind: "session" | "token";
  label: string;
  scopes: string;
  created_at: number;
  expires_at: number;
  last_used_at: number | null;
}

const tokenColumns =
  "token_id, user_name, kind, label, scopes, created_at, expires_at, last_used_at";

export function toToken(row: TokenRow): Token {
  return {
    id: row.token_id,
    kind: row.kind,
    label: row.label,
    scopes: row.scopes.split(" ") as Scope[],
    createdAt: row.created_at,
    expiresAt: row.expires_at,
    lastUsedAt: row.last_used_at,
  };
}

export async function insertToken(db: Sql, row: Omit<TokenRow, "last_used_at">): Promise<void> {
  await db.query(
    `insert into user_tokens (token_id, user_name, kind, label, scopes, created_at, expires_at)
     values ($1, $2, $3, $4, $5, $6, $7)`,
    [
      row.token_id,
      row.user_name,
      row.kind,
      row.label,
      row.scopes,
      row.created_at,
      row.expires_at,
    ],
  );
}

/** The living token with its user; null when it was revoked or is unknown. */
export async function findTokenUser(
  db: Sql,
  tokenId: string,
): Promise<{ name: string; role: Role; disabled: boolean; last_used_at: number | null } | null> {
  const [row] = await db.query<
    { name: string; role: Role; disabled: boolean; last_used_at: number | null }
  >(
    `select u.name, u.role, u.disabled, t.last_used_at from user_tokens t
     join users u on u.name = t.user_name where t.token_id = $1 and t.revoked_at is null`,
    [tokenId],
  );
  return row ?? null;
}

export async function touchToken(db: Sql, tokenId: string, at: number): Promise<void> {
  await db.query("update user_tokens set last_used_at = $2 where token_id = $1", [tokenId, at]);
}

export async function listTokens(db: Sql, user: string, now: number): Promise<TokenRow[]> {
  return await db.query<TokenRow>(
    `select ${tokenColumns} from user_tokens
     where user_name = $1 and revoked_at is null and expires_at > $2
     order by created_at desc, token_id`,
    [user, now],
  );
}

/** False when the user has no such living token. */
export async function revokeToken(
  db: Sql,
  user: string,
  tokenId: string,
  at: number,
): Promise<boolean> {
  const rows = await db.query(
    `update user_tokens set revoked_at = $3
     where user_name = $1 and token_id = $2 and revoked_at is null returning token_id`,
    [user, tokenId, at],
  );
  return rows.length > 0;
}

/** Ends sessions (after a change of password) or everything (a disabled user). */
export async function revokeAll(
  db: Sql,
  user: string,
  at: number,
  kind?: "session",
): Promise<void> {
  await db.query(
    `update user_tokens set revoked_at = $2 where user_name = $1 and revoked_at is null
       and ($3::text is null or kind = $3)`,
    [user, at, kind ?? null],
  );
}

export async function deleteExpiredTokens(db: Sql, before: number): Promise<void> {
  await db.query("delete from user_tokens where expires_at < $1", [before]);
}

export async function readPermissions(
  db: Sql,
  experimentIds: readonly string[],
  user: string,
): Promise<{ experiment_id: number; user_name: string; level: PermissionLevel }[]> {
  return await db.query(
    `select experiment_id, user_name, level from experiment_permissions
     where experiment_id = any($1::text::bigint[]) and user_name in ($2, '*')`,
    [`{${experimentIds.join(",")}}`, user],
  );
}

export async function listPermissions(
  db: Sql,
  experimentId: string,
): Promise<ExperimentPermission[]> {
  return await db.query<ExperimentPermission>(
    `select user_name as "user", level from experiment_permissions
     where experiment_id = $1::text::bigint order by user_name`,
    [experimentId],
  );
}

export async function replacePermissions(
  tx: Sql,
  experimentId: string,
  permissions: readonly ExperimentPermission[],
): Promise<void> {
  await tx.query("delete from experiment_permissions where experiment_id = $1::text::bigint", [
    experimentId,
  ]);
  for (const { user, level } of permissions) {
    await tx.query(
      `insert into experiment_permissions (experiment_id, user_name, level)
       values ($1::text::bigint, $2, $3)`,
      [experimentId, user, level],
    );
  }
}

/** Experiments of runs; runs that do not exist are left out. */
export async function experimentsOfRuns(
  db: Sql,
  runIds: readonly string[],
): Promise<{ run_id: string; experiment_id: number }[]> {
  return await db.query(
    `select run_id, experiment_id from runs
     where run_id in (select jsonb_array_elements_text($1::text::jsonb))`,
    [JSON.stringify(runIds)],
  );
}

export async function experimentsOfModels(
  db: Sql,
  modelIds: readonly string[],
): Promise<{ experiment_id: number; model_id: string }[]> {
  return await db.query(
    `select experiment_id, model_id from logged_models
     where model_id in (select jsonb_array_elements_text($1::text::jsonb))`,
    [JSON.stringify(modelIds)],
  );
}

/** The experiments of the run and of the logged model that a version comes from. */
export async function experimentsOfVersion(
  db: Sql,
  name: string,
  version: string,
): Promise<{ experiment_id: number }[]> {
  return await db.query(
    `select coalesce(r.experiment_id, m.experiment_id) as experiment_id from model_versions v
     left join runs r on r.run_id = v.run_id left join logged_models m on m.model_id = v.model_id
     where v.name = $1 and v.version = $2::int
       and coalesce(r.experiment_id, m.experiment_id) is not null`,
    [name, version],
  );
}

export async function experimentIdByName(db: Sql, name: string): Promise<string | null> {
  const [row] = await db.query<{ experiment_id: number }>(
    "select experiment_id from experiments where name = $1",
    [name],
  );
  return row ? String(row.experiment_id) : null;
}

export async function findQuota(db: Sql, user: string): Promise<Quota> {
  const [row] = await db.query<Quota>(
    `select requests_per_day as "requestsPerDay", artifact_bytes_per_day as "artifactBytesPerDay"
     from user_quotas where user_name = $1`,
    [user],
  );
  return row ?? { requestsPerDay: null, artifactBytesPerDay: null };
}

export async function saveQuota(db: Sql, user: string, quota: Quota): Promise<void> {
  await db.query(
    `insert into user_quotas (user_name, requests_per_day, artifact_bytes_per_day)
     values ($1, $2, $3) on conflict (user_name) do update
     set requests_per_day = excluded.requests_per_day,
       artifact_bytes_per_day = excluded.artifact_bytes_per_day`,
    [user, quota.requestsPerDay, quota.artifactBytesPerDay],
  );
}
