/**
 * Secrets at rest: venue credentials, webhook keys.
 *
 * Envelope encryption: each secret is sealed by AES-256-GCM with a data key, bound to its name; the
 * data keys are sealed with a key derived from the master key, which is never in the database.
 * Rotation makes a new data key and seals everything with it; a change of the master key only wraps
 * the data keys anew.
 * @module
 */
import type { MasterKey } from "../auth/master_key.ts";
import type { Database, Sql } from "../db/database.ts";
import * as table from "../db/secrets.ts";
import { ApiError, notFound } from "../errors.ts";
import type { AuditLog } from "./audit_log.ts";
import type { Clock } from "./clock.ts";
import type { Actor } from "./promotions.ts";

/** A secret without its value. */
export interface SecretInfo {
  name: string;
  kind: string;
  description: string;
  createdBy: string;
  createdAt: number;
  updatedAt: number;
}

export interface SecretService {
  set(
    secret: { name: string; value: string; kind?: string; description?: string },
    actor: Actor,
  ): Promise<SecretInfo>;
  /** The value, for the part of the server that uses it; never for a route. */
  reveal(name: string): Promise<string>;
  list(): Promise<SecretInfo[]>;
  remove(name: string, actor: Actor): Promise<void>;
  /** Seals everything with a new data key; gives the number of secrets. */
  rotate(actor: Actor): Promise<number>;
}

const purpose = "tapebook secrets v1";

async function aesKey(bytes: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return await crypto.subtle.importKey("raw", bytes, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** Nonce and ciphertext in base64; `about` must be the same when it is opened. */
async function seal(
  key: Uint8Array<ArrayBuffer>,
  plain: Uint8Array<ArrayBuffer>,
  about: string,
): Promise<string> {
  const iv = crypto.getRandomValues(new Uint8Array(12));
  const additionalData = new TextEncoder().encode(about);
  const sealed = new Uint8Array(
    await crypto.subtle.encrypt({ name: "AES-GCM", iv, additionalData }, await aesKey(key), plain),
  );
  const all = new Uint8Array(iv.length + sealed.length);
  all.set(iv);
  all.set(sealed, iv.length);
  return all.toBase64();
}

async function unseal(
  key: Uint8Array<ArrayBuffer>,
  text: string,
  about: string,
): Promise<Uint8Array<ArrayBuffer>> {
  const all = Uint8Array.fromBase64(text);
  const additionalData = new TextEncoder().encode(about);
  return new Uint8Array(
    await crypto.subtle.decrypt(
      { name: "AES-GCM", iv: all.slice(0, 12), additionalData },
      await aesKey(key),
      all.slice(12),
    ),
  );
}

function toInfo(row: table.SecretRow): SecretInfo {
  return {
    name: row.name,
    kind: row.kind,
    description: row.description,
    createdBy: row.created_by,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
  };
}

export interface SecretOptions {
  db: Database;
  clock: Clock;
  audit: AuditLog;
  master: MasterKey;
}

export function createSecretService({ db, clock, audit, master }: SecretOptions): SecretService {
  const keyOfKeys = master.derive(purpose);

  async function open(row: table.KeyRow): Promise<Uint8Array<ArrayBuffer>> {
    if (row.master_id !== master.id) {
      throw new ApiError(
        "INVALID_STATE",
        "Cannot open secrets: they were sealed under another secret key; start with that one in " +
          "TAPEBOOK_SECRET_KEY, or change it by `changeMasterKey`",
      );
    }
    return await unseal(keyOfKeys, row.wrapped, row.key_id);
  }

  async function makeKey(tx: Sql): Promise<{ id: string; key: Uint8Array<ArrayBuffer> }> {
    const id = crypto.randomUUID();
    const key = crypto.getRandomValues(new Uint8Array(32));
    await table.insertKey(
      tx,
      { key_id: id, wrapped: await seal(keyOfKeys, key, id), master_id: master.id },
      clock.now(),
    );
    return { id, key };
  }

  async function activeKey(tx: Sql): Promise<{ id: string; key: Uint8Array<ArrayBuffer> }> {
    const row = (await table.listKeys(tx)).find((k) => k.active);
    return row ? { id: row.key_id, key: await open(row) } : await makeKey(tx);
  }

  const entry = (action: string, name: string, actor: Actor, details = {}) => ({
    actor: actor.name,
    action,
    target: `secret:${name}`,
    details,
    requestId: actor.requestId,
  });

  return {
    async set({ name, value, kind = "generic", description = "" }, actor) {
      await db.transaction(async (tx) => {
        await table.lockSecrets(tx);
        const { id, key } = await activeKey(tx);
        const now = clock.now();
        const before = await table.findSecret(tx, name);
        await table.saveSecret(tx, {
          name,
          kind,
          description,
          key_id: id,
          sealed: await seal(key, new TextEncoder().encode(value), name),
          created_by: before?.created_by ?? actor.name,
          created_at: before?.created_at ?? now,
          updated_at: now,
        });
        await audit.appendIn(tx, entry("secret.set", name, actor, { kind }));
      });
      await audit.anchor();
      return toInfo((await table.findSecret(db, name))!);
    },
    async reveal(name) {
      const row = await table.findSecret(db, name);
      if (!row) throw notFound(`Secret with name=${name} not found`);
      const key = (await table.listKeys(db)).find((k) => k.key_id === row.key_id)!;
      return new TextDecoder().decode(await unseal(await open(key), row.sealed, name));
    },
    async list() {
      return (await table.listSecrets(db)).map(toInfo);
    },
    async remove(name, actor) {
      await db.transaction(async (tx) => {
        if (!(await table.deleteSecret(tx, name))) {
          throw notFound(`Secret with name=${name} not found`);
        }
        await audit.appendIn(tx, entry("secret.delete", name, actor));
      });
      await audit.anchor();
    },
    async rotate(actor) {
      const count = await db.transaction(async (tx) => {
        await table.lockSecrets(tx);
        const keys = new Map<string, Uint8Array<ArrayBuffer>>();
        for (const row of await table.listKeys(tx)) keys.set(row.key_id, await open(row));
        const { id, key } = await makeKey(tx);
        const rows = await table.listSecrets(tx);
        for (const row of rows) {
          const plain = await unseal(keys.get(row.key_id)!, row.sealed, row.name);
          await table.saveSecret(tx, {
            ...row,
            key_id: id,
            sealed: await seal(key, plain, row.name),
            updated_at: clock.now(),
          });
        }
        await table.deleteUnusedKeys(tx);
        await audit.appendIn(tx, entry("secret.rotate", "*", actor, { secrets: rows.length }));
        return rows.length;
      });
      await audit.anchor();
      return count;
    },
  };
}

/** Wraps all data keys with another master key; gives their number. Sealed secrets stay as they are. */
export async function changeMasterKey(
  db: Database,
  from: MasterKey,
  to: MasterKey,
): Promise<number> {
  return await db.transaction(async (tx) => {
    await table.lockSecrets(tx);
    const rows = await table.listKeys(tx);
    for (const row of rows) {
      if (row.master_id !== from.id) {
        throw new Error("Cannot change the secret key: the old one does not fit the stored keys");
      }
      const key = await unseal(from.derive(purpose), row.wrapped, row.key_id);
      await table.rewrapKey(
        tx,
        row.key_id,
        await seal(to.derive(purpose), key, row.key_id),
        to.id,
      );
    }
    return rows.length;
  });
}
