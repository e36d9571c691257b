/** `/api/tapebook/v1/users`: administrators keep users; everybody keeps their own password. @module */
import { createRoute, z } from "@hono/zod-openapi";
import {
  newUser,
  password,
  quota,
  usage,
  user,
  userChanges,
} from "../../../lib/contracts/people/mod.ts";
import * as people from "../../db/people.ts";
import { answers, jsonBody, newApi } from "./openapi.ts";
import { actorOf } from "./promotions.ts";

const tags = ["users"];
const name = z.object({ name: z.string() });

export const userRoutes = newApi()
  .openapi(
    createRoute({
      method: "get",
      path: "/",
      tags,
      responses: answers("Users", z.object({ users: z.array(user) })),
    }),
    async (c) => c.json({ users: await c.get("services").users.list() }, 200),
  )
  .openapi(
    createRoute({
      method: "post",
      path: "/",
      tags,
      request: { body: jsonBody(newUser) },
      responses: answers("The user", z.object({ user })),
    }),
    async (c) => {
      const { users } = c.get("services");
      return c.json({ user: await users.create(c.req.valid("json"), actorOf(c)) }, 200);
    },
  )
  .openapi(
    createRoute({
      method: "post",
      path: "/me/password",
      tags,
      summary: "Change one's own password; ends one's sessions",
      request: { body: jsonBody(z.strictObject({ before: z.string(), after: password })) },
      responses: answers("Changed", z.object({})),
    }),
    async (c) => {
      const { before, after } = c.req.valid("json");
      const { users } = c.get("services");
      await users.changePassword(c.get("caller").name, before, after, actorOf(c));
      return c.json({}, 200);
    },
  )
  .openapi(
    createRoute({
      method: "get",
      path: "/me/usage",
      tags,
      responses: answers("What the caller used today, and may use", usage),
    }),
    async (c) => c.json(await c.get("services").usage.read(c.get("caller").name), 200),
  )
  .openapi(
    createRoute({
      method: "patch",
      path: "/{name}",
      tags,
      request: { params: name, body: jsonBody(userChanges) },
      responses: answers("The user", z.object({ user })),
    }),
    async (c) => {
      const { users } = c.get("services");
      const changed = await users.update(
        c.req.valid("param").name,
        c.req.valid("json"),
        actorOf(c),
      );
      return c.json({ user: changed }, 200);
    },
  )
  .openapi(
    createRoute({
      method: "delete",
      path: "/{name}",
      tags,
      request: { params: name },
      responses: answers("Removed", z.object({})),
    }),
    async (c) => {
      await c.get("services").users.remove(c.req.valid("param").name, actorOf(c));
      return c.json({}, 200);
    },
  )
  .openapi(
    createRoute({
      method: "put",
      path: "/{name}/quota",
      tags,
      request: { params: name, body: jsonBody(quota) },
      responses: answers("What the user used today, and may use", usage),
    }),
    async (c) => {
      const { users, db, audit, usage } = c.get("services");
      const { name } = c.req.valid("param");
      const limits = c.req.valid("json");
      await users.get(name);
      await people.saveQuota(db, name, limits);
      usage.forget(name);
      const { name: actor, requestId } = actorOf(c);
      await audit.append({
        actor,
        action: "quota.set",
        target: `user:${name}`,
        details: limits,
        requestId,
      });
      return c.json(await usage.read(name), 200);
    },
  );
