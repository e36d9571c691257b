/** `/api/tapebook/v1/audit`: who did what, and the proof that the record was not changed. @module */
import { createRoute, z } from "@hono/zod-openapi";
import { auditRecord, auditVerification } from "../../../lib/contracts/governance/mod.ts";
import { answers, newApi } from "./openapi.ts";

const tags = ["audit"];

export const auditRoutes = newApi()
  .openapi(
    createRoute({
      method: "get",
      path: "/",
      tags,
      summary: "Entries, newest first; action and target may end in *",
      request: {
        query: z.object({
          before: z.coerce.number().int().min(1).optional(),
          actor: z.string().optional(),
          action: z.string().optional(),
          target: z.string().optional(),
          limit: z.coerce.number().int().min(1).max(1000).default(100),
        }),
      },
      responses: answers("Entries", z.object({ entries: z.array(auditRecord) })),
    }),
    async (c) => c.json({ entries: await c.get("services").audit.list(c.req.valid("query")) }, 200),
  )
  .openapi(
    createRoute({
      method: "get",
      path: "/verify",
      tags,
      summary: "Read the whole log and check its chain",
      responses: answers("What was found", auditVerification),
    }),
    async (c) => c.json(await c.get("services").audit.verify(), 200),
  );
