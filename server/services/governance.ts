/** The services that govern: audit log and promotions, put together from the server's own. @module */
import { join } from "node:path";
import type { Config } from "../config.ts";
import type { Database } from "../db/database.ts";
import { type AuditLog, createAuditLog } from "./audit_log.ts";
import type { Clock } from "./clock.ts";
import type { EventHub } from "./events.ts";
import {
  createPromotionService,
  type PromotionOptions,
  type PromotionService,
} from "./promotions.ts";
import { governRegistry } from "./promotions_registry.ts";
import type { RegistryService } from "./registry.ts";
import type { TrackingService } from "./tracking.ts";

export interface Governance {
  readonly audit: AuditLog;
  readonly promotions: PromotionService;
  /** The registry to put in front of everybody: aliases under a policy move by promotion only. */
  readonly registry: RegistryService;
}

/** File in which a server notes what it appended to the audit log. */
export function auditAnchorFile(home: string): string {
  return join(home, "audit.anchors");
}

export function createGovernance(base: {
  config: Pick<Config, "home">;
  db: Database;
  clock: Clock;
  events: EventHub;
  registry: RegistryService;
  tracking: Pick<TrackingService, "getRun">;
  measuredLatency?: PromotionOptions["measuredLatency"];
}): Governance {
  const { config, db, clock, events, registry, tracking, measuredLatency } = base;
  const anchorFile = config.home === "memory:" ? undefined : auditAnchorFile(config.home);
  const audit = createAuditLog({ db, clock, anchorFile });
  const promotions = createPromotionService({
    db,
    clock,
    audit,
    events,
    registry,
    tracking,
    measuredLatency,
  });
  return { audit, promotions, registry: governRegistry(registry, promotions) };
}
