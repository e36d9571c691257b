/** `/api/tapebook/v1/server`: what this server is and how it is set up. @module */
import { createRoute, OpenAPIHono, z } from "@hono/zod-openapi";
import type { AppEnv } from "../../env.ts";
import { version } from "../../version.ts";

const serverInfo = z.object({
  version: z.string(),
  database: z.enum(["pglite", "postgres"]),
  auth: z.enum(["on", "off"]),
}).openapi("ServerInfo");

export const serverRoutes = new OpenAPIHono<AppEnv>()
  .openapi(
    createRoute({
      method: "get",
      path: "/",
      tags: ["server"],
      responses: {
        200: {
          description: "What this server is",
          content: { "application/json": { schema: serverInfo } },
        },
      },
    }),
    (c) => {
      const { config, db } = c.get("services");
      return c.json({ version, database: db.kind, auth: config.auth }, 200);
    },
  );
