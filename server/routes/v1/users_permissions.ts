/** `/api/tapebook/v1/experiments/{id}/permissions`: who may do what with one experiment. @module */
import { createRoute, z } from "@hono/zod-openapi";
import { experimentPermission } from "../../../lib/contracts/people/mod.ts";
import { ApiError } from "../../errors.ts";
import { answers, jsonBody, newApi } from "./openapi.ts";
import { actorOf } from "./promotions.ts";

const tags = ["permissions"];
const id = z.object({ id: z.string().regex(/^\d{1,18}$/, "must be a whole number") });
const list = z.object({ permissions: z.array(experimentPermission).max(1000) }).meta({
  id: "ExperimentPermissions",
});

export const permissionRoutes = newApi()
  .openapi(
    createRoute({
      method: "get",
      path: "/{id}/permissions",
      tags,
      summary: "Entries; an experiment without any is open to whoever the role lets in",
      request: { params: id },
      responses: answers("Permissions", list),
    }),
    async (c) => {
      const { experimentAccess, tracking } = c.get("services");
      const { id } = c.req.valid("param");
      await tracking.getExperiment(id);
      return c.json({ permissions: await experimentAccess.list(id) }, 200);
    },
  )
  .openapi(
    createRoute({
      method: "put",
      path: "/{id}/permissions",
      tags,
      request: { params: id, body: jsonBody(list) },
      responses: answers("Permissions", list),
    }),
    async (c) => {
      const { experimentAccess, tracking, config } = c.get("services");
      const { id } = c.req.valid("param");
      const { permissions } = c.req.valid("json");
      await tracking.getExperiment(id);
      const caller = c.get("caller");
      const keepsOwn = permissions.some((p) => p.user === caller.name && p.level === "manage");
      if (config.auth === "on" && !caller.scopes.includes("admin") && !keepsOwn) {
        throw new ApiError(
          "INVALID_PARAMETER_VALUE",
          `Cannot set permissions: ${caller.name} must keep the level manage`,
        );
      }
      return c.json(
        { permissions: await experimentAccess.replace(id, permissions, actorOf(c)) },
        200,
      );
    },
  );
