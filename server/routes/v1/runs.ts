/** `/api/tapebook/v1/runs`: what a chart needs of a run. @module */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { AppEnv } from "../../env.ts";

const sampled = z.object({
  key: z.string(),
  /** One entry a point, in the order of steps; NaN and infinities are null. */
  steps: z.array(z.number()),
  timestamps: z.array(z.number()),
  values: z.array(z.number().nullable()),
}).openapi("SampledMetric");

export const runMetricRoutes = new OpenAPIHono<AppEnv>()
  .openapi(
    createRoute({
      method: "get",
      path: "/{runId}/metrics/{key}",
      tags: ["runs"],
      summary: "A metric's history, thinned out so that a chart keeps its shape",
      request: {
        params: z.object({ runId: z.string(), key: z.string() }),
        query: z.object({
          points: z.coerce.number().int().min(4).max(100_000).default(4000).openapi({
            description: "How many points at most",
          }),
        }),
      },
      responses: {
        200: {
          description: "The points",
          content: { "application/json": { schema: sampled } },
        },
      },
    }),
    async (c) => {
      const { runId, key } = c.req.valid("param");
      const { points } = c.req.valid("query");
      const { tracking } = c.get("services");
      const found = await tracking.sampleMetric(runId, key, points);
      return c.json({
        key,
        steps: found.map((p) => p.step),
        timestamps: found.map((p) => p.timestamp),
        values: found.map((p) => Number.isFinite(p.value) ? p.value : null),
      }, 200);
    },
  );
