/** `/api/tapebook/v1/admin/…`: the care of the server's storage while it runs. @module */
import { createRoute, z } from "@hono/zod-openapi";
import { backup } from "../../services/backup.ts";
import { collectGarbage } from "../../services/garbage.ts";
import { streamFile } from "../../services/spool.ts";
import { answers, jsonBody, newApi } from "./openapi.ts";

const tags = ["admin"];
const report = z.object({
  expiredRuns: z.number(),
  runs: z.array(z.string()),
  experiments: z.array(z.string()),
  loggedModels: z.array(z.string()),
  artifacts: z.number(),
  blobs: z.number(),
}).meta({ id: "GarbageReport" });

export const adminRoutes = newApi()
  .openapi(
    createRoute({
      method: "get",
      path: "/backup",
      tags,
      summary: "Everything the server keeps, of one moment, as `tapebook restore` reads it",
      responses: {
        200: {
          description: "The backup",
          content: { "application/x-tar": { schema: z.string() } },
        },
      },
    }),
    async (c) => {
      const { db, blobs, config } = c.get("services");
      const { body, size } = await streamFile(config.home, (file) => backup({ db, blobs }, file));
      return c.body(body, 200, {
        "Content-Type": "application/x-tar",
        "Content-Length": String(size),
        "Content-Disposition": 'attachment; filename="tapebook-backup.tar"',
      });
    },
  )
  .openapi(
    createRoute({
      method: "post",
      path: "/gc",
      tags,
      summary: "Frees what was deleted: rows, names and bytes",
      request: {
        body: jsonBody(z.object({ olderThanDays: z.number().int().min(0).default(0) })),
      },
      responses: answers("What was freed", report),
    }),
    async (c) => {
      const { db, blobs, clock } = c.get("services");
      const { olderThanDays } = c.req.valid("json");
      const freed = await collectGarbage(
        { db, blobs, clock },
        { olderThanMs: olderThanDays * 86_400_000 },
      );
      return c.json(freed, 200);
    },
  );
