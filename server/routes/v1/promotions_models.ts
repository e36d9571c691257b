/** `/api/tapebook/v1/models/{name}/…`: a model's policy, lineage, alias moves, alerts, rollback. @module */
import { createRoute, z } from "@hono/zod-openapi";
import {
  aliasChange,
  lineage,
  modelAlert,
  modelPolicy,
  newModelAlert,
  policy,
  rollbackRequest,
} from "../../../lib/contracts/governance/mod.ts";
import { answers, jsonBody, newApi } from "./openapi.ts";
import { actorOf } from "./promotions.ts";

const tags = ["models"];
const name = z.object({ name: z.string() });

export const modelGovernanceRoutes = newApi()
  .openapi(
    createRoute({
      method: "get",
      path: "/{name}/policy",
      tags,
      summary: "What a version of the model must show before it is promoted",
      request: { params: name },
      responses: answers("The model's policy", modelPolicy),
    }),
    async (c) => c.json(await c.get("services").promotions.policy(c.req.valid("param").name), 200),
  )
  .openapi(
    createRoute({
      method: "put",
      path: "/{name}/policy",
      tags,
      request: { params: name, body: jsonBody(policy) },
      responses: answers("The model's policy", modelPolicy),
    }),
    async (c) => {
      const { promotions } = c.get("services");
      const model = c.req.valid("param").name;
      return c.json(await promotions.setPolicy(model, c.req.valid("json"), actorOf(c)), 200);
    },
  )
  .openapi(
    createRoute({
      method: "post",
      path: "/{name}/rollback",
      tags,
      summary: "Move the alias back to the version that it pointed at before",
      request: { params: name, body: jsonBody(rollbackRequest) },
      responses: answers("The move", aliasChange),
    }),
    async (c) => {
      const { promotions } = c.get("services");
      const { alias, reason } = c.req.valid("json");
      const model = c.req.valid("param").name;
      return c.json(await promotions.rollback(model, alias, actorOf(c), reason), 200);
    },
  )
  .openapi(
    createRoute({
      method: "get",
      path: "/{name}/alias-history",
      tags,
      request: { params: name },
      responses: answers("Moves, newest first", z.object({ changes: z.array(aliasChange) })),
    }),
    async (c) => {
      const changes = await c.get("services").promotions.aliasHistory(c.req.valid("param").name);
      return c.json({ changes }, 200);
    },
  )
  .openapi(
    createRoute({
      method: "get",
      path: "/{name}/versions/{version}/lineage",
      tags,
      request: {
        params: name.extend({ version: z.string().regex(/^\d+$/, "must be a whole number") }),
      },
      responses: answers("Where the version comes from", z.object({ lineage })),
    }),
    async (c) => {
      const { name, version } = c.req.valid("param");
      return c.json({ lineage: await c.get("services").promotions.lineage(name, version) }, 200);
    },
  )
  .openapi(
    createRoute({
      method: "get",
      path: "/{name}/alerts",
      tags,
      request: { params: name, query: z.object({ open: z.enum(["true", "false"]).optional() }) },
      responses: answers("Alerts, newest first", z.object({ alerts: z.array(modelAlert) })),
    }),
    async (c) => {
      const isOpen = c.req.valid("query").open === "true";
      const alerts = await c.get("services").promotions.alerts(c.req.valid("param").name, isOpen);
      return c.json({ alerts }, 200);
    },
  )
  .openapi(
    createRoute({
      method: "post",
      path: "/{name}/alerts",
      tags,
      request: { params: name, body: jsonBody(newModelAlert) },
      responses: answers("The alert", z.object({ alert: modelAlert })),
    }),
    async (c) => {
      const { promotions } = c.get("services");
      const model = c.req.valid("param").name;
      const alert = await promotions.raiseAlert(model, c.req.valid("json"), actorOf(c));
      return c.json({ alert }, 200);
    },
  )
  .openapi(
    createRoute({
      method: "post",
      path: "/{name}/alerts/{id}/resolve",
      tags,
      request: {
        params: name.extend({ id: z.string() }),
        body: jsonBody(z.strictObject({ text: z.string().max(10_000).default("") })),
      },
      responses: answers("The alert", z.object({ alert: modelAlert })),
    }),
    async (c) => {
      const { promotions } = c.get("services");
      const { name: model, id } = c.req.valid("param");
      const { text } = c.req.valid("json");
      return c.json({ alert: await promotions.resolveAlert(model, id, text, actorOf(c)) }, 200);
    },
  );
