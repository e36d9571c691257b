/** `/api/tapebook/v1/reports`: what runs left for people to read. @module */
import { createRoute, z } from "@hono/zod-openapi";
import { fileURLToPath } from "node:url";
import { listReports, readReportFile } from "../../notebooks/report_files.ts";
import { answers, newApi } from "./openapi.ts";

const dir = fileURLToPath(new URL("../../../reports", import.meta.url));

const reportInfo = z.object({
  path: z.string(),
  title: z.string(),
  bytes: z.number(),
  modifiedAt: z.number().openapi({ description: "ms since 1970" }),
}).openapi("ReportInfo");

export const reportRoutes = newApi()
  .openapi(
    createRoute({
      method: "get",
      path: "/",
      tags: ["reports"],
      responses: answers("Reports, newest first", z.object({ reports: z.array(reportInfo) })),
    }),
    async (c) => c.json({ reports: await listReports(dir) }, 200),
  )
  .get("/file/:path{.+}", async (c) => {
    const { bytes, type } = await readReportFile(dir, c.req.param("path"));
    // A report is foreign content: opened by itself it may not run scripts either.
    c.header(
      "Content-Security-Policy",
      "default-src 'none'; img-src 'self' data:; style-src 'unsafe-inline'; sandbox",
    );
    return c.body(bytes, 200, { "Content-Type": type });
  });
