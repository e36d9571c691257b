/** The audit log: who did what to what, appended and never changed. @module */
import type { Logger } from "../log.ts";

export interface AuditEntry {
  /** User name, or `system`. */
  actor: string;
  /** What was done, as `noun.verb`: `run.delete`, `alias.set`, `promotion.approve`. */
  action: string;
  /** What it was done to, as `kind:id`: `run:0a1b…`, `model:momentum/3`. */
  target: string;
  /** Whatever explains it; must be JSON. No secrets. */
  details?: Record<string, unknown>;
  requestId?: string;
}

export interface AuditService {
  append(entry: AuditEntry): Promise<void>;
}

/** An audit log that goes to the structured log. */
export function createAuditService({ log }: { log: Logger }): AuditService {
  return {
    append(entry) {
      log.info("audit", { ...entry });
      return Promise.resolve();
    },
  };
}
