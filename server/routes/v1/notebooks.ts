/** `/api/tapebook/v1/notebooks`: the numbered stories of this checkout, to be read. @module */
import { createRoute, z } from "@hono/zod-openapi";
import { fileURLToPath } from "node:url";
import { listNotebooks, readNotebook } from "../../notebooks/notebook_files.ts";
import { answers, newApi } from "./openapi.ts";

const dir = fileURLToPath(new URL("../../../notebooks", import.meta.url));
const tags = ["notebooks"];

const notebookInfo = z.object({
  name: z.string(),
  title: z.string(),
  cells: z.number(),
  executed: z.number().openapi({ description: "Cells that have an output" }),
  modifiedAt: z.number().openapi({ description: "ms since 1970" }),
}).openapi("NotebookInfo");

const notebookCell = z.object({
  kind: z.enum(["markdown", "code"]),
  source: z.string(),
  outputs: z.array(z.object({
    kind: z.enum(["text", "markdown", "svg", "png", "error"]),
    content: z.string(),
  })),
}).openapi("NotebookCell");

export const notebookRoutes = newApi()
  .openapi(
    createRoute({
      method: "get",
      path: "/",
      tags,
      responses: answers("Notebooks by name", z.object({ notebooks: z.array(notebookInfo) })),
    }),
    async (c) => c.json({ notebooks: await listNotebooks(dir) }, 200),
  )
  .openapi(
    createRoute({
      method: "get",
      path: "/{name}",
      tags,
      request: { params: z.object({ name: z.string() }) },
      responses: answers("Cells with their outputs", z.object({ cells: z.array(notebookCell) })),
    }),
    async (c) => c.json({ cells: await readNotebook(dir, c.req.valid("param").name) }, 200),
  );
