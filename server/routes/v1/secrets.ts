/** `/api/tapebook/v1/secrets`: names of secrets; values go in and never come out. @module */
import { createRoute, z } from "@hono/zod-openapi";
import { answers, jsonBody, newApi } from "./openapi.ts";
import { actorOf } from "./promotions.ts";

const tags = ["secrets"];

const secret = z.object({
  name: z.string(),
  kind: z.string(),
  description: z.string(),
  createdBy: z.string(),
  createdAt: z.number(),
  updatedAt: z.number(),
}).meta({ id: "Secret" });

const newSecret = z.strictObject({
  name: z.string().regex(
    /^[A-Za-z0-9][A-Za-z0-9._/-]{0,199}$/,
    "must be 1 to 200 letters, digits, dots, dashes, underscores or slashes",
  ),
  value: z.string().min(1).max(65_536),
  kind: z.string().min(1).max(100).optional(),
  description: z.string().max(10_000).optional(),
}).meta({ id: "NewSecret" });

export const secretRoutes = newApi()
  .openapi(
    createRoute({
      method: "get",
      path: "/",
      tags,
      responses: answers("Secrets without their values", z.object({ secrets: z.array(secret) })),
    }),
    async (c) => c.json({ secrets: await c.get("services").secrets.list() }, 200),
  )
  .openapi(
    createRoute({
      method: "post",
      path: "/",
      tags,
      request: { body: jsonBody(newSecret) },
      responses: answers("The secret without its value", z.object({ secret })),
    }),
    async (c) => {
      const { secrets } = c.get("services");
      return c.json({ secret: await secrets.set(c.req.valid("json"), actorOf(c)) }, 200);
    },
  )
  .openapi(
    createRoute({
      method: "post",
      path: "/rotate",
      tags,
      summary: "Seal all secrets with a new data key",
      responses: answers("How many were sealed anew", z.object({ rotated: z.number() })),
    }),
    async (c) => c.json({ rotated: await c.get("services").secrets.rotate(actorOf(c)) }, 200),
  )
  .openapi(
    createRoute({
      method: "delete",
      path: "/{name}",
      tags,
      request: { params: z.object({ name: z.string() }) },
      responses: answers("Removed", z.object({})),
    }),
    async (c) => {
      await c.get("services").secrets.remove(c.req.valid("param").name, actorOf(c));
      return c.json({}, 200);
    },
  );
