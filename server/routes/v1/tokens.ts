/** `/api/tapebook/v1/tokens`: a user's own tokens for programs. @module */
import { createRoute, z } from "@hono/zod-openapi";
import type { Context } from "hono";
import { newToken, token } from "../../../lib/contracts/people/mod.ts";
import type { AppEnv } from "../../env.ts";
import { ApiError } from "../../errors.ts";
import type { Identity } from "../../services/users.ts";
import { answers, jsonBody, newApi } from "./openapi.ts";
import { actorOf } from "./promotions.ts";

const tags = ["tokens"];

/** The signed-in user. */
function identityOf(c: Context<AppEnv>): Identity {
  const identity = c.get("identity");
  if (identity) return identity;
  throw new ApiError("INVALID_STATE", "Cannot use tokens: sign-in is off on this server");
}

export const tokenRoutes = newApi()
  .openapi(
    createRoute({
      method: "get",
      path: "/",
      tags,
      summary: "The caller's living sessions and tokens",
      responses: answers("Tokens", z.object({ tokens: z.array(token) })),
    }),
    async (c) => {
      const tokens = await c.get("services").users.tokens(identityOf(c).name);
      return c.json({ tokens }, 200);
    },
  )
  .openapi(
    createRoute({
      method: "post",
      path: "/",
      tags,
      summary: "Make a token for a program; it is shown this once",
      request: { body: jsonBody(newToken) },
      responses: answers("The token", z.object({ token: z.string(), record: token })),
    }),
    async (c) => {
      const { users } = c.get("services");
      const made = await users.createToken(identityOf(c), c.req.valid("json"), actorOf(c));
      return c.json(made, 200);
    },
  )
  .openapi(
    createRoute({
      method: "delete",
      path: "/{id}",
      tags,
      request: { params: z.object({ id: z.string() }) },
      responses: answers("Revoked", z.object({})),
    }),
    async (c) => {
      const { users } = c.get("services");
      await users.revoke(identityOf(c).name, c.req.valid("param").id, actorOf(c));
      return c.json({}, 200);
    },
  );
