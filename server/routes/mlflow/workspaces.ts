/** `/mlflow/workspaces…`, answered as by MLflow's server where it runs without workspaces. @module */
import { type Context, Hono } from "hono";
import type { AppEnv } from "../../env.ts";

export const workspaceRoutes = new Hono<AppEnv>();

/**
 * The plain text and the status of MLflow's own server: its client tells its users this text. It
 * asks only after server-info said that there are workspaces, or when its user calls for them.
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
