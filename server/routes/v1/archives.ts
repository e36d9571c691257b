/** `/api/tapebook/v1/experiments/…`: experiments as files that go from server to server. @module */
import { createRoute, z } from "@hono/zod-openapi";
import { streamFile, withSpooled } from "../../services/spool.ts";
import { answers, newApi } from "./openapi.ts";

const tags = ["experiments"];
const id = z.object({ id: z.string().regex(/^\d{1,18}$/, "must be a whole number") });
const file = { content: { "application/x-tar": { schema: z.string() } } };
const imported = z.object({
  experimentId: z.string(),
  name: z.string(),
  runs: z.number(),
  points: z.number(),
  artifacts: z.number(),
}).meta({ id: "ImportedExperiment" });

export const archiveRoutes = newApi()
  .openapi(
    createRoute({
      method: "get",
      path: "/{id}/archive",
      tags,
      summary: "The experiment with runs, metrics, models, traces and artifacts, as a tar",
      request: { params: id },
      responses: { 200: { description: "The archive", ...file } },
    }),
    async (c) => {
      const { archives, config } = c.get("services");
      const { id } = c.req.valid("param");
      const { body, size } = await streamFile(
        config.home,
        (path) => archives.exportExperiment(id, path),
      );
      return c.body(body, 200, {
        "Content-Type": "application/x-tar",
        "Content-Length": String(size),
        "Content-Disposition": `attachment; filename="experiment-${id}.tar"`,
      });
    },
  )
  .openapi(
    createRoute({
      method: "post",
      path: "/import",
      tags,
      summary: "A new experiment from an archive; nothing is changed by one that is damaged",
      request: { query: z.object({ name: z.string().min(1).max(500).optional() }) },
      responses: answers("What was imported", imported),
    }),
    async (c) => {
      const { archives, config } = c.get("services");
      const { name } = c.req.valid("query");
      const made = await withSpooled(
        config.home,
        c.req.raw.body,
        (path) => archives.importExperiment(path, { name }),
      );
      return c.json(made, 200);
    },
  );
