/** The audit log as readers see it. @module */
import { z } from "zod";

export const auditRecord = z.object({
  seq: z.number(),
  at: z.number().meta({ description: "ms since 1970" }),
  actor: z.string(),
  action: z.string(),
  target: z.string(),
  details: z.record(z.string(), z.unknown()),
  requestId: z.string().nullable(),
  previousHash: z.string(),
  hash: z.string(),
}).meta({ id: "AuditRecord" });
export type AuditRecord = z.infer<typeof auditRecord>;

export const auditVerification = z.object({
  ok: z.boolean(),
  entries: z.number(),
  head: z.string().meta({ description: "Hash of the last good entry" }),
  brokenAt: z.number().nullable().meta({ description: "Number of the first entry at fault" }),
  reason: z.string().nullable(),
}).meta({ id: "AuditVerification" });
export type AuditVerification = z.infer<typeof auditVerification>;
