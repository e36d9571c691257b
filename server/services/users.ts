/**
 * Users, their passwords, sessions and tokens.
 * @module
 */
import {
  type NewToken,
  type Role,
  roleScopes,
  type Scope,
  type Token,
  type User,
  type UserChanges,
} from "../../lib/contracts/people/mod.ts";
import { checkPassword, hashPassword } from "../auth/password_hash.ts";
import { readToken, signToken, type TokenClaims } from "../auth/tokens.ts";
import type { Database } from "../db/database.ts";
import * as people from "../db/people.ts";
import { alreadyExists, ApiError, invalid, notFound } from "../errors.ts";
import type { AuditLog } from "./audit_log.ts";
import type { Clock } from "./clock.ts";
import type { Actor } from "./promotions.ts";
import type { QuotaStore } from "./quotas.ts";

const dayMs = 86_400_000;
const sessionMs = dayMs / 2;
/** How long a checked token is believed without asking the database again. */
const believeTokenMs = 2_000;
/** And a password: MLflow's clients send it with every request, and checking one is slow on purpose. */
const believePasswordMs = 30_000;

/** Wrong passwords that one name, and one address, may send. */
export const loginLimits = {
  name: { limit: 5, windowMs: 15 * 60_000 },
  address: { limit: 30, windowMs: 15 * 60_000 },
} as const;

/** Who a request comes from, as a token or a password proved. */
export interface Identity {
  name: string;
  scopes: readonly Scope[];
  /** The token's id; null after a password. */
  tokenId: string | null;
  kind: "session" | "token" | "password";
  expiresAt: number | null;
}

export interface UserService {
  create(
    user: { name: string; role: Role; password?: string },
    actor: Actor,
  ): Promise<User>;
  list(): Promise<User[]>;
  get(name: string): Promise<User>;
  update(name: string, changes: UserChanges, actor: Actor): Promise<User>;
  remove(name: string, actor: Actor): Promise<void>;
  /** Sets a new password for those who know the old one; ends their other sessions. */
  changePassword(name: string, before: string, after: string, actor: Actor): Promise<void>;

  /** @throws {ApiError} 401 for a wrong name or password, 429 after too many of them. */
  signIn(name: string, password: string, address: string): Promise<Identity>;
  /** @throws {ApiError} 401 for a token that is forged, expired, revoked, or whose user is gone. */
  verify(token: string): Promise<Identity>;
  startSession(identity: Identity, actor: Actor): Promise<{ token: string; claims: TokenClaims }>;
  createToken(
    identity: Pick<Identity, "name" | "scopes">,
    request: NewToken,
    actor: Actor,
  ): Promise<{ token: string; record: Token }>;
  tokens(user: string): Promise<Token[]>;
  revoke(user: string, tokenId: string, actor: Actor): Promise<void>;
  /** Makes the first administrator when there is no user; gives its password once. */
  bootstrap(): Promise<{ name: string; password: string } | null>;
}

export interface UserOptions {
  db: Database;
  clock: Clock;
  audit: AuditLog;
  quotas: QuotaStore;
  /** 32 bytes that sign tokens. */
  tokenKey: Uint8Array;
}

const unauthenticated = (message: string) => new ApiError("UNAUTHENTICATED", message);

function toUser(row: people.UserRow): User {
  return { name: row.name, role: row.role, disabled: row.disabled, createdAt: row.created_at };
}

export function createUserService(options: UserOptions): UserService {
  const { db, clock, audit, quotas, tokenKey } = options;
  /** Checked tokens and passwords, by what proved them. */
  const believed = new Map<string, { identity: Identity; until: number }>();

  const forget = (user: string) => {
    for (const [key, { identity }] of believed) if (identity.name === user) believed.delete(key);
  };

  function remember(key: string, identity: Identity): Identity {
    if (believed.size > 10_000) believed.clear();
    const ms = identity.kind === "password" ? believePasswordMs : believeTokenMs;
    believed.set(key, { identity, until: clock.now() + ms });
    return identity;
  }

  function recall(key: string): Identity | null {
    const known = believed.get(key);
    return known && known.until > clock.now() ? known.identity : null;
  }

  async function find(name: string): Promise<people.UserRow> {
    const row = await people.findUser(db, name);
    if (!row) throw notFound(`User with name=${name} not found`);
    return row;
  }

  const log = (action: string, user: string, actor: Actor, details = {}) =>
    audit.append({
      actor: actor.name,
      action,
      target: `user:${user}`,
      details,
      requestId: actor.requestId,
    });

  /** The last administrator must stay one. */
  async function keepAnAdmin(row: people.UserRow): Promise<void> {
    if (row.role !== "admin" || row.disabled) return;
    if (await people.countUsers(db, "admin") > 1) return;
    throw new ApiError(
      "INVALID_STATE",
      `Cannot change user ${row.name}: one administrator must remain`,
    );
  }

  async function issue(
    claims: Omit<TokenClaims, "id">,
    label: string,
  ): Promise<{ token: string; claims: TokenClaims }> {
    const full = { ...claims, id: crypto.randomUUID() };
    const now = clock.now();
    await people.insertToken(db, {
      token_id: full.id,
      user_name: full.user,
      kind: full.kind,
      label,
      scopes: full.scopes.join(" "),
      created_at: now,
      expires_at: full.expiresAt,
    });
    return { token: await signToken(full, tokenKey, now), claims: full };
  }

  async function passwordKey(name: string, password: string): Promise<string> {
    // Kept in memory for seconds: a digest, not the password.
    const bytes = new TextEncoder().encode(`${name}\0${password}`);
    return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes)).toHex();
  }

  return {
    async create({ name, role, password }, actor) {
      const passwordHash = password === undefined ? null : await hashPassword(password);
      if (!(await people.insertUser(db, { name, role, passwordHash, at: clock.now() }))) {
        throw alreadyExists(`User with name=${name} already exists`);
      }
      await log("user.create", name, actor, { role });
      return toUser(await find(name));
    },
    async list() {
      return (await people.listUsers(db)).map(toUser);
    },
    async get(name) {
      return toUser(await find(name));
    },
    async update(name, { role, disabled, password }, actor) {
      const row = await find(name);
      if ((role !== undefined && role !== "admin") || disabled) await keepAnAdmin(row);
      const passwordHash = password === undefined ? undefined : await hashPassword(password);
      await people.updateUser(db, name, { role, disabled, passwordHash }, clock.now());
      if (disabled) await people.revokeAll(db, name, clock.now());
      else if (passwordHash) await people.revokeAll(db, name, clock.now(), "session");
      forget(name);
      await log("user.update", name, actor, {
        role,
        disabled,
        password: password === undefined ? undefined : "changed",
      });
      return toUser(await find(name));
    },
    async remove(name, actor) {
      await keepAnAdmin(await find(name));
      await people.deleteUser(db, name);
      forget(name);
      await log("user.delete", name, actor);
    },
    async changePassword(name, before, after, actor) {
      const row = await find(name);
      if (!(await checkPassword(before, row.password_hash))) {
        throw new ApiError("PERMISSION_DENIED", "Cannot change password: the old one is wrong");
      }
      if (before === after) {
        throw invalid("Cannot change password: the new one must differ from the old one");
      }
      const passwordHash = await hashPassword(after);
      await people.updateUser(db, name, { passwordHash }, clock.now());
      await people.revokeAll(db, name, clock.now(), "session");
      forget(name);
      await log("user.password", name, actor);
    },

    async signIn(name, password, address) {
      const key = await passwordKey(name, password);
      const known = recall(key);
      if (known) return known;
      const limits = [
        [`login:name:${name}`, loginLimits.name],
        [`login:address:${address}`, loginLimits.address],
      ] as const;
      // Taken before the password is looked at, so that tries at the same time count as well.
      for (const [counter, limit] of limits) {
        const { isAllowed, retryAfterMs } = await quotas.take(counter, limit);
        if (isAllowed) continue;
        throw new ApiError(
          "RESOURCE_EXHAUSTED",
          `Cannot sign in: too many wrong passwords, try again in ${
            Math.ceil(retryAfterMs / 1000)
          } s`,
          { retry_after_s: Math.ceil(retryAfterMs / 1000) },
        );
      }
      const row = await people.findUser(db, name);
      const isRight = await checkPassword(password, row?.password_hash ?? null);
      if (!isRight || !row || row.disabled) {
        await audit.append({
          actor: "anonymous",
          action: "login.fail",
          target: `user:${name.slice(0, 100)}`,
          details: { address },
        });
        throw unauthenticated("Cannot sign in: user name or password is wrong");
      }
      // Only the name's count is forgiven: one good account must not pay for guesses on others.
      await quotas.reset(limits[0][0]);
      return remember(key, {
        name: row.name,
        scopes: roleScopes[row.role],
        tokenId: null,
        kind: "password",
        expiresAt: null,
      });
    },
    async verify(token) {
      const now = clock.now();
      const known = recall(token);
      if (known && (known.expiresAt ?? Infinity) > now) return known;
      const claims = await readToken(token, tokenKey, now);
      if (claims === "expired") throw unauthenticated("Cannot sign in: the token has expired");
      if (claims === "invalid") throw unauthenticated("Cannot sign in: the token is not valid");
      const row = await people.findTokenUser(db, claims.id);
      if (!row || row.disabled || row.name !== claims.user) {
        throw unauthenticated("Cannot sign in: the token was revoked");
      }
      if (now - (row.last_used_at ?? 0) > 60_000) await people.touchToken(db, claims.id, now);
      // A token never gives more than its user's role gives by now.
      const allowed = roleScopes[row.role];
      return remember(token, {
        name: row.name,
        scopes: claims.scopes.filter((s) => allowed.includes(s)),
        tokenId: claims.id,
        kind: claims.kind,
        expiresAt: claims.expiresAt,
      });
    },
    async startSession(identity, actor) {
      const made = await issue({
        user: identity.name,
        scopes: [...identity.scopes],
        kind: "session",
        expiresAt: clock.now() + sessionMs,
      }, "browser");
      await people.deleteExpiredTokens(db, clock.now() - 30 * dayMs);
      await log("login", identity.name, actor);
      return made;
    },
    async createToken(identity, request, actor) {
      const scopes = request.scopes ?? [...identity.scopes];
      const beyond = scopes.filter((s) => !identity.scopes.includes(s));
      if (beyond.length > 0) {
        throw new ApiError(
          "PERMISSION_DENIED",
          `Cannot create token: scopes must be among ${identity.scopes.join(", ")}, got ${
            beyond.join(", ")
          }`,
        );
      }
      const { token, claims } = await issue({
        user: identity.name,
        scopes,
        kind: "token",
        expiresAt: clock.now() + request.expiresInDays * dayMs,
      }, request.label);
      await log("token.create", identity.name, actor, {
        id: claims.id,
        label: request.label,
        scopes,
      });
      const record = (await people.listTokens(db, identity.name, clock.now()))
        .find((t) => t.token_id === claims.id)!;
      return { token, record: people.toToken(record) };
    },
    async tokens(user) {
      return (await people.listTokens(db, user, clock.now())).map(people.toToken);
    },
    async revoke(user, tokenId, actor) {
      if (!(await people.revokeToken(db, user, tokenId, clock.now()))) {
        throw notFound(`Token with id=${tokenId} not found`);
      }
      forget(user);
      await log("token.revoke", user, actor, { id: tokenId });
    },
    async bootstrap() {
      if (await people.countUsers(db) > 0) return null;
      const password = crypto.getRandomValues(new Uint8Array(18)).toBase64({
        alphabet: "base64url",
      });
      const passwordHash = await hashPassword(password);
      const isFirst = await people.insertUser(db, {
        name: "admin",
        role: "admin",
        passwordHash,
        at: clock.now(),
      });
      if (!isFirst) return null;
      await log("user.create", "admin", { name: "system" }, { role: "admin" });
      return { name: "admin", password };
    },
  };
}
