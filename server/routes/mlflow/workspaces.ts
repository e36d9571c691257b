/** `/mlflow/workspaces…`, answered as by MLflow's server where it runs without workspaces. @module */
import { type Context, Hono } from "hono";
import type { AppEnv } from "../../env.ts";

export const workspaceRoutes = new Hono<AppEnv>();

/**
 * The text and the status of MLflow's own server, which tools know it by. A 503 although the caller
 * is at fault: clients repeat it, but only whoever calls for workspaces by name gets here, since
 * server-info says that there are none.
 */
function disabled(c: Context<AppEnv>): Response {
  const rule = c.req.path.replace(/\/workspaces\/[^/]+$/, "/workspaces/<workspace_name>");
  return c.text(
    `Endpoint: ${rule} disabled because the server is running without workspaces support. ` +
      "To enable workspace, run `mlflow server` with `--enable-workspaces`",
    503,
  );
}

workspaceRoutes.on(["GET", "POST"], "/", disabled);
workspaceRoutes.on(["GET", "PATCH", "DELETE"], "/:name", disabled);
