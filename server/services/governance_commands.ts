/**
 * What the command line does to people, secrets and the audit log while no server runs on an embedded
 * database (or beside one, on PostgreSQL). Each opens the database of the configuration and closes it.
 *
 * ```ts
 * const found = await verifyAuditLog(readConfig(Deno.env.toObject()));
 * console.log(found.ok ? `${found.entries} entries, none changed` : found.reason);
 * ```
 * @module
 */
import type { AuditVerification } from "../../lib/contracts/governance/mod.ts";
import {
  newToken,
  newUser,
  password as passwordSchema,
  type Role,
  roleScopes,
  type Scope,
  type User,
} from "../../lib/contracts/people/mod.ts";
import { loadMasterKey, masterKeyOf } from "../auth/master_key.ts";
import type { Config } from "../config.ts";
import type { Database } from "../db/database.ts";
import { openDatabase } from "../db/open.ts";
import { createAuditLog, verifyAudit } from "./audit_log.ts";
import { systemClock } from "./clock.ts";
import { auditAnchorFile } from "./governance.ts";
import { createMemoryQuotas } from "./quotas.ts";
import { changeMasterKey, createSecretService } from "./secrets.ts";
import { createUserService, type UserService } from "./users.ts";

const actor = { name: "command line" };

async function withDatabase<T>(config: Config, body: (db: Database) => Promise<T>): Promise<T> {
  const db = await openDatabase(config);
  try {
    return await body(db);
  } finally {
    await db.close();
  }
}

const auditOf = (config: Config, db: Database) =>
  createAuditLog({ db, clock: systemClock, anchorFile: auditAnchorFile(config.home) });

async function usersOf(config: Config, db: Database): Promise<UserService> {
  return createUserService({
    db,
    clock: systemClock,
    audit: auditOf(config, db),
    quotas: createMemoryQuotas(systemClock),
    tokenKey: (await loadMasterKey(config)).derive("tapebook tokens v1"),
  });
}

/** `tapebook audit verify`: reads the whole log, holds it against its chain and the anchor file. */
export function verifyAuditLog(config: Config): Promise<AuditVerification> {
  return withDatabase(
    config,
    (db) => verifyAudit(db, { anchorFile: auditAnchorFile(config.home) }),
  );
}

/** `tapebook secrets rotate`: seals all secrets with a new data key; gives their number. */
export function rotateSecrets(config: Config): Promise<number> {
  return withDatabase(config, async (db) => {
    const master = await loadMasterKey(config);
    const audit = auditOf(config, db);
    return await createSecretService({ db, clock: systemClock, audit, master }).rotate(actor);
  });
}

/**
 * `tapebook secrets rekey`: from the configuration's secret key to `newKey` (at least 16 characters),
 * which TAPEBOOK_SECRET_KEY must hold from then on. Sessions and tokens end. Gives the number of data
 * keys wrapped anew.
 */
export function changeSecretKey(config: Config, newKey: string): Promise<number> {
  if (newKey.length < 16) {
    throw new RangeError(
      `Cannot change the secret key: the new one must have at least 16 characters, got ${newKey.length}`,
    );
  }
  return withDatabase(config, async (db) => {
    const from = await loadMasterKey(config);
    const count = await changeMasterKey(db, from, masterKeyOf(newKey));
    await auditOf(config, db).append({
      actor: actor.name,
      action: "secret.rekey",
      target: "secret:*",
      details: { keys: count },
    });
    return count;
  });
}

/** `tapebook users add`. */
export function addUser(
  config: Config,
  user: { name: string; role: Role; password?: string },
): Promise<User> {
  const checked = newUser.parse(user);
  return withDatabase(config, async (db) => (await usersOf(config, db)).create(checked, actor));
}

/** `tapebook users password`: for those who forgot theirs. */
export function resetPassword(config: Config, name: string, password: string): Promise<User> {
  passwordSchema.parse(password);
  return withDatabase(
    config,
    async (db) => (await usersOf(config, db)).update(name, { password }, actor),
  );
}

/** `tapebook token`: a token for a program of this user. */
export function makeToken(
  config: Config,
  name: string,
  request: { label: string; scopes?: Scope[]; expiresInDays?: number },
): Promise<string> {
  const checked = newToken.parse(request);
  return withDatabase(config, async (db) => {
    const users = await usersOf(config, db);
    const { role } = await users.get(name);
    const made = await users.createToken({ name, scopes: roleScopes[role] }, checked, actor);
    return made.token;
  });
}
