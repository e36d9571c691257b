/** `/api/tapebook/v1/deployments`: which versions answer, and how fast. @module */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import type { AppEnv } from "../../env.ts";
import { ApiError } from "../../errors.ts";
import type { LatencySummary } from "../../monitoring/latency.ts";
import { ServingError } from "../../serving/errors.ts";
import type { DeploymentSummary } from "../../serving/serving.ts";

const milliseconds = z.number().nullable().openapi({ description: "Null while nothing was asked" });

const deployment = z.object({
  model: z.string(),
  version: z.string(),
  alias: z.string(),
  runId: z.string().nullable(),
  since: z.number().nullable().openapi({ description: "When the alias was moved, ms since 1970" }),
  requests: z.number(),
  latencyMs: z.object({
    p50: milliseconds,
    p90: milliseconds,
    p99: milliseconds,
    max: milliseconds,
  }),
}).openapi("Deployment");

const tensorSpec = z.object({
  name: z.string(),
  datatype: z.string(),
  shape: z.array(z.number()),
}).openapi("TensorSpec");

const loggedTensor = z.object({
  name: z.string(),
  shape: z.array(z.number()),
  data: z.array(z.unknown()).optional(),
});

const detail = deployment.extend({
  signature: z.object({ inputs: z.array(tensorSpec), outputs: z.array(tensorSpec) }),
  metadata: z.record(z.string(), z.unknown()),
  featureNames: z.array(z.string()),
  inputExample: z.record(z.string(), z.unknown()).nullable(),
  recentLatencyMs: z.array(z.number()),
  predictions: z.array(z.object({
    id: z.string(),
    time: z.number(),
    version: z.string(),
    ms: z.number(),
    caller: z.string(),
    inputs: z.array(loggedTensor),
    outputs: z.array(loggedTensor),
  })),
}).openapi("DeploymentDetail");

/** When the champion was last moved, ms since 1970; null when it was set without a promotion. */
async function championSince(c: Context<AppEnv>, deployed: DeploymentSummary) {
  const moves = await c.get("services").promotions.aliasHistory(deployed.model);
  const latest = moves.find((move) => move.alias === deployed.alias);
  return latest?.version === deployed.version ? latest.changedAt : null;
}

const orNull = (ms: number) => Number.isNaN(ms) ? null : ms;

function latencyJson(latency: LatencySummary) {
  return {
    p50: orNull(latency.p50),
    p90: orNull(latency.p90),
    p99: orNull(latency.p99),
    max: orNull(latency.max),
  };
}

function summaryJson(
  { model, version, alias, runId, latency }: DeploymentSummary,
  since: number | null,
) {
  const latencyMs = latencyJson(latency);
  return { model, version, alias, runId, since, requests: latency.count, latencyMs };
}

function apiError(error: unknown): unknown {
  if (!(error instanceof ServingError)) return error;
  const code = error.status === 404
    ? "RESOURCE_DOES_NOT_EXIST"
    : error.status === 503
    ? "TEMPORARILY_UNAVAILABLE"
    : "BAD_REQUEST";
  return new ApiError(code, error.message);
}

export const deploymentRoutes = new OpenAPIHono<AppEnv>()
  .openapi(
    createRoute({
      method: "get",
      path: "/",
      tags: ["deployments"],
      responses: {
        200: {
          description: "Every model that answers",
          content: {
            "application/json": { schema: z.object({ deployments: z.array(deployment) }) },
          },
        },
      },
    }),
    async (c) => {
      const deployed = await c.get("services").serving.deployments();
      const deployments = await Promise.all(
        deployed.map(async (one) => summaryJson(one, await championSince(c, one))),
      );
      return c.json({ deployments }, 200);
    },
  )
  .openapi(
    createRoute({
      method: "get",
      path: "/{name}",
      tags: ["deployments"],
      request: { params: z.object({ name: z.string() }) },
      responses: {
        200: {
          description:
            "One deployed model: its signature, an example of its inputs, its latest answers",
          content: { "application/json": { schema: z.object({ deployment: detail }) } },
        },
      },
    }),
    async (c) => {
      const { name } = c.req.valid("param");
      const { serving } = c.get("services");
      try {
        const { loaded, ...summary } = await serving.deployment(name);
        const predictions = serving.recent(name, 50);
        return c.json({
          deployment: {
            ...summaryJson(summary, await championSince(c, summary)),
            signature: loaded.signature,
            metadata: loaded.metadata,
            featureNames: [...loaded.featureNames],
            inputExample: loaded.inputExample,
            recentLatencyMs: serving.recent(name, 200).map((p) => p.ms).reverse(),
            predictions: predictions.map(({ model: _, ...prediction }) => prediction),
          },
        }, 200);
      } catch (error) {
        throw apiError(error);
      }
    },
  );
