/** `/api/tapebook/v1/session`: a browser signs in, asks who it is, signs out. @module */
import { createRoute, z } from "@hono/zod-openapi";
import { deleteCookie, setCookie } from "hono/cookie";
import { type Scope, scopes, session } from "../../../lib/contracts/people/mod.ts";
import { remoteAddress, sessionCookie } from "../../auth/authenticate.ts";
import { csrfToken } from "../../auth/same_origin.ts";
import { ApiError } from "../../errors.ts";
import { answers, jsonBody, newApi } from "./openapi.ts";

const tags = ["session"];
const credentials = z.strictObject({ user: z.string().max(100), password: z.string().max(1000) })
  .meta({ id: "Credentials" });

export const sessionRoutes = newApi()
  .openapi(
    createRoute({
      method: "post",
      path: "/",
      tags,
      summary: "Sign in; the answer sets the session's cookie",
      request: { body: jsonBody(credentials) },
      responses: answers("The session", session),
    }),
    async (c) => {
      const { users, config, csrfKey } = c.get("services");
      if (config.auth === "off") {
        throw new ApiError("INVALID_STATE", "Cannot sign in: sign-in is off on this server");
      }
      const { user, password } = c.req.valid("json");
      const identity = await users.signIn(user, password, remoteAddress(c));
      const { token, claims } = await users.startSession(identity, {
        name: identity.name,
        requestId: c.get("requestId"),
      });
      const isSecure = new URL(config.publicUrl ?? c.req.url).protocol === "https:";
      setCookie(c, sessionCookie, token, {
        httpOnly: true,
        sameSite: "Strict",
        secure: isSecure,
        path: "/",
        expires: new Date(claims.expiresAt),
      });
      return c.json({
        user: identity.name,
        scopes: [...identity.scopes],
        auth: config.auth,
        expiresAt: claims.expiresAt,
        csrfToken: csrfToken(csrfKey, claims.id),
      }, 200);
    },
  )
  .openapi(
    createRoute({
      method: "get",
      path: "/",
      tags,
      summary: "Who asks",
      responses: answers("The session", session),
    }),
    (c) => {
      const { config, csrfKey } = c.get("services");
      const caller = c.get("caller");
      const identity = c.get("identity");
      if (caller.name === "anonymous") {
        throw new ApiError("UNAUTHENTICATED", "Nobody is signed in");
      }
      return c.json({
        user: caller.name,
        scopes: config.auth === "off" ? [...scopes] : [...caller.scopes] as Scope[],
        auth: config.auth,
        expiresAt: identity?.expiresAt ?? null,
        csrfToken: identity?.kind === "session" ? csrfToken(csrfKey, identity.tokenId!) : null,
      }, 200);
    },
  )
  .openapi(
    createRoute({
      method: "delete",
      path: "/",
      tags,
      summary: "Sign out",
      responses: answers("Signed out", z.object({})),
    }),
    async (c) => {
      const identity = c.get("identity");
      if (identity?.kind === "session") {
        await c.get("services").users.revoke(identity.name, identity.tokenId!, {
          name: identity.name,
          requestId: c.get("requestId"),
        });
      }
      deleteCookie(c, sessionCookie, { path: "/" });
      return c.json({}, 200);
    },
  );
