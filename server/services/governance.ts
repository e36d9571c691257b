/**
 * The services that govern: audit log, promotions, people, secrets, quotas, live events; put together
 * from the server's own.
 * @module
 */
import { join } from "node:path";
import { writeFile } from "node:fs/promises";
import { createExperimentAccess, type ExperimentAccess } from "../auth/experiment_access.ts";
import { loadMasterKey } from "../auth/master_key.ts";
import { createUsageMeter, type UsageMeter } from "../auth/rate_limit.ts";
import type { Config } from "../config.ts";
import type { Database } from "../db/database.ts";
import type { Logger } from "../log.ts";
import { type AuditLog, createAuditLog } from "./audit_log.ts";
import type { Clock } from "./clock.ts";
import type { EventHub } from "./events.ts";
import { createLive, type LiveService } from "./live.ts";
import { createHeartbeats, type HeartbeatService } from "./live_heartbeats.ts";
import {
  createPromotionService,
  type PromotionOptions,
  type PromotionService,
} from "./promotions.ts";
import { governRegistry } from "./promotions_registry.ts";
import { createMemoryQuotas, type QuotaStore } from "./quotas.ts";
import type { RegistryService } from "./registry.ts";
import { createSecretService, type SecretService } from "./secrets.ts";
import type { TrackingService } from "./tracking.ts";
import { createUserService, type UserService } from "./users.ts";

export interface Governance {
  readonly audit: AuditLog;
  readonly promotions: PromotionService;
  /** The registry to put in front of everybody: aliases under a policy move by promotion only. */
  readonly registry: RegistryService;
  readonly users: UserService;
  readonly experimentAccess: ExperimentAccess;
  readonly quotas: QuotaStore;
  readonly usage: UsageMeter;
  readonly secrets: SecretService;
  readonly live: LiveService;
  readonly heartbeats: HeartbeatService;
  /** Makes the tokens that browsers' sessions show. */
  readonly csrfKey: Uint8Array;
}

/** File in which a server notes what it appended to the audit log. */
export function auditAnchorFile(home: string): string {
  return join(home, "audit.anchors");
}

/** File with the password of the first administrator. */
export function firstPasswordFile(home: string): string {
  return join(home, "admin-password");
}

export interface GovernanceBase {
  config: Config;
  db: Database;
  clock: Clock;
  log: Logger;
  events: EventHub;
  registry: RegistryService;
  tracking: Pick<TrackingService, "getRun">;
  measuredLatency?: PromotionOptions["measuredLatency"];
}

/**
 * The governing services, and `close`. With sign-in on and no users, it makes the user `admin` and
 * writes its password to a file that only the server's owner can read.
 *
 * @throws {Error} If REDIS_URL is set and nobody answers there.
 */
export async function createGovernance(
  base: GovernanceBase,
): Promise<{ governance: Governance; close(): Promise<void> }> {
  const { config, db, clock, log, events, registry, tracking, measuredLatency } = base;
  const master = await loadMasterKey(config);
  const quotas = config.redisUrl
    ? await (await import("./quotas_redis.ts")).openRedisQuotas(config.redisUrl, clock)
    : createMemoryQuotas(clock);
  const audit = createAuditLog({ db, clock, anchorFile: auditAnchorFile(config.home) });
  const promotions = createPromotionService({
    db,
    clock,
    audit,
    events,
    registry,
    tracking,
    measuredLatency,
  });
  const users = createUserService({
    db,
    clock,
    audit,
    quotas,
    tokenKey: master.derive("tapebook tokens v1"),
  });
  if (config.auth === "on") await makeFirstAdmin(users, config.home, log);
  const live = await createLive({ db, events, log });
  const heartbeats = createHeartbeats({ db, events, log });
  return {
    governance: {
      audit,
      promotions,
      registry: governRegistry(registry, promotions),
      users,
      experimentAccess: createExperimentAccess({ db, audit, now: () => clock.now() }),
      quotas,
      usage: createUsageMeter({ db, clock, quotas }),
      secrets: createSecretService({ db, clock, audit, master }),
      live,
      heartbeats,
      csrfKey: master.derive("tapebook csrf v1"),
    },
    async close() {
      await heartbeats.close();
      await live.close();
      await quotas.close();
    },
  };
}

async function makeFirstAdmin(users: UserService, home: string, log: Logger): Promise<void> {
  const made = await users.bootstrap();
  if (made === null) return;
  const file = firstPasswordFile(home);
  await writeFile(file, made.password + "\n", { mode: 0o600 });
  log.warn("made the first administrator; change its password and remove the file", {
    user: made.name,
    passwordFile: file,
  });
}
