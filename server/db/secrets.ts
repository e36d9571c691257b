/** SQL of secrets and the data keys that seal them. @module */
import type { Sql } from "./database.ts";

export interface KeyRow {
  key_id: string;
  wrapped: string;
  master_id: string;
  active: boolean;
}

export async function listKeys(db: Sql): Promise<KeyRow[]> {
  return await db.query<KeyRow>(
    "select key_id, wrapped, master_id, active from secret_keys order by created_at, key_id",
  );
}

export async function insertKey(tx: Sql, key: Omit<KeyRow, "active">, at: number): Promise<void> {
  await tx.query("update secret_keys set active = false where active");
  await tx.query(
    `insert into secret_keys (key_id, wrapped, master_id, created_at, active)
     values ($1, $2, $3, $4, true)`,
    [key.key_id, key.wrapped, key.master_id, at],
  );
}

export async function rewrapKey(
  tx: Sql,
  keyId: string,
  wrapped: string,
  masterId: string,
): Promise<void> {
  await tx.query("update secret_keys set wrapped = $2, master_id = $3 where key_id = $1", [
    keyId,
    wrapped,
    masterId,
  ]);
}

/** Removes keys that seal nothing any more. */
export async function deleteUnusedKeys(tx: Sql): Promise<void> {
  await tx.query(
    `delete from secret_keys k where not active
     and not exists (select 1 from secrets s where s.key_id = k.key_id)`,
  );
}

export interface SecretRow {
  name: string;
  kind: string;
  description: string;
  key_id: string;
  sealed: string;
  created_by: string;
  created_at: number;
  updated_at: number;
}

export async function findSecret(db: Sql, name: string): Promise<SecretRow | null> {
  const [row] = await db.query<SecretRow>("select * from secrets where name = $1", [name]);
  return row ?? null;
}

export async function listSecrets(db: Sql): Promise<SecretRow[]> {
  return await db.query<SecretRow>("select * from secrets order by name");
}

export async function saveSecret(tx: Sql, row: SecretRow): Promise<void> {
  await tx.query(
    `insert into secrets (name, kind, description, key_id, sealed, created_by, created_at,
       updated_at) values ($1, $2, $3, $4, $5, $6, $7, $8)
     on conflict (name) do update set kind = excluded.kind, description = excluded.description,
       key_id = excluded.key_id, sealed = excluded.sealed, updated_at = excluded.updated_at`,
    [
      row.name,
      row.kind,
      row.description,
      row.key_id,
      row.sealed,
      row.created_by,
      row.created_at,
      row.updated_at,
    ],
  );
}

export async function deleteSecret(tx: Sql, name: string): Promise<boolean> {
  const rows = await tx.query("delete from secrets where name = $1 returning name", [name]);
  return rows.length > 0;
}

/** Held until the end of the transaction: keys are made and changed one at a time. */
export async function lockSecrets(tx: Sql): Promise<void> {
  await tx.query("select pg_advisory_xact_lock($1)", [7_269_031_457]);
}
