/**
 * The server as a value: a Hono app over the services, testable without a socket.
 *
 * ```ts
 * const app = createApp(services);
 * const answer = await app.request("/health");
 * ```
 * @module
 */
import { adminRoutes } from "./routes/v1/admin.ts";
import { archiveRoutes } from "./routes/v1/archives.ts";
import { Hono } from "hono";
import { HTTPException } from "hono/http-exception";
import { ZodError } from "zod";
import { trailAudit } from "./auth/audit_trail.ts";
import { authenticate } from "./auth/authenticate.ts";
import { guardExperiments } from "./auth/experiment_access.ts";
import { limitRate } from "./auth/rate_limit.ts";
import { databaseFault } from "./db/faults.ts";
import type { AppEnv } from "./env.ts";
import { ApiError } from "./errors.ts";
import { absenceOf } from "./absent_features.ts";
import { allowedMethods } from "./allowed_methods.ts";
import { bodyLimit, mergeSlashes, requestLog, securityHeaders } from "./middleware.ts";
import { servingInvocationRoutes } from "./routes/serving_invocations.ts";
import { servingMetricsRoutes } from "./routes/serving_metrics.ts";
import { servingUiRoutes } from "./routes/serving_ui.ts";
import { servingV2Routes } from "./routes/serving_v2.ts";
import { auditRoutes } from "./routes/v1/audit.ts";
import { deploymentRoutes } from "./routes/v1/deployments.ts";
import { heartbeatRoutes, liveRoutes } from "./routes/v1/live.ts";
import { notebookRoutes } from "./routes/v1/notebooks.ts";
import { newApi, openApiDocument, registerSecuritySchemes } from "./routes/v1/openapi.ts";
import { promotionRoutes } from "./routes/v1/promotions.ts";
import { modelGovernanceRoutes } from "./routes/v1/promotions_models.ts";
import { graphqlRoutes } from "./routes/mlflow/graphql.ts";
import { mlflowRoutes } from "./routes/mlflow/mod.ts";
import { runMetricRoutes } from "./routes/v1/runs.ts";
import { reportRoutes } from "./routes/v1/reports.ts";
import { secretRoutes } from "./routes/v1/secrets.ts";
import { serverRoutes } from "./routes/v1/server.ts";
import { studyRoutes } from "./routes/v1/studies.ts";
import { tokenRoutes } from "./routes/v1/tokens.ts";
import { userRoutes } from "./routes/v1/users.ts";
import { permissionRoutes } from "./routes/v1/users_permissions.ts";
import { sessionRoutes } from "./routes/v1/users_session.ts";
import type { Services } from "./services/mod.ts";

/** Paths whose bodies are streamed and therefore not held to the limit of JSON bodies. */
function isStreamed(path: string): boolean {
  return path.includes("/mlflow-artifacts/") || path.endsWith("/upload-artifact") ||
    path === "/api/tapebook/v1/experiments/import";
}

/**
 * Everything under /api/tapebook/v1: one sub-app per file of routes/v1, chained so that the types
 * reach the browser's `hc<AppType>` client.
 */
function v1Routes() {
  const api = newApi()
    .route("/server", serverRoutes)
    .route("/session", sessionRoutes)
    .route("/tokens", tokenRoutes)
    .route("/users", userRoutes)
    .route("/secrets", secretRoutes)
    .route("/experiments", permissionRoutes)
    .route("/experiments", archiveRoutes)
    .route("/admin", adminRoutes)
    .route("/runs", heartbeatRoutes)
    .route("/runs", runMetricRoutes)
    .route("/deployments", deploymentRoutes)
    .route("/promotions", promotionRoutes)
    .route("/models", modelGovernanceRoutes)
    .route("/audit", auditRoutes)
    .route("/notebooks", notebookRoutes)
    .route("/reports", reportRoutes)
    .route("/studies", studyRoutes);
  registerSecuritySchemes(api);
  return api.get("/openapi.json", (c) => c.json(openApiDocument(api, "/api/tapebook/v1")));
}

/** The whole app. Middleware first, then what speaks foreign protocols, then our own API. */
export function createApp(services: Services) {
  const base = new Hono<AppEnv>();
  base.use(async function provideServices(c, next) {
    c.set("services", services);
    await next();
  });
  base.use(requestLog(), securityHeaders(), mergeSlashes());
  base.use(authenticate(), limitRate());
  base.use(bodyLimit(services.config.maxBodyBytes, isStreamed));
  base.use(guardExperiments(), trailAudit());

  const app = base
    .route("/api/tapebook/v1", v1Routes())
    .route("/", mlflowRoutes)
    .route("/", graphqlRoutes((request, env) => base.fetch(request, env as object)))
    .route("/", liveRoutes)
    .route("/v2", servingV2Routes)
    .route("/serving", servingInvocationRoutes)
    .route("/", servingMetricsRoutes)
    .route("/", servingUiRoutes);

  const methodsOf = allowedMethods(app);
  app.notFound((c) => {
    const allowed = methodsOf(c.req.path);
    if (allowed.length > 0) {
      c.header("Allow", allowed.join(", "));
      const message = `${c.req.path} answers ${allowed.join(", ")}, not ${c.req.method}`;
      return c.json({ error_code: "METHOD_NOT_ALLOWED", message }, 405);
    }
    const why = absenceOf(c.req.path);
    const message = `No endpoint answers ${c.req.method} ${c.req.path}${why ? `: ${why}` : ""}`;
    return c.json({ error_code: "ENDPOINT_NOT_FOUND", message }, 404);
  });
  app.onError((error, c) => {
    const requestId = c.get("requestId");
    if (error instanceof ApiError) {
      // A browser's own pages show a sign-in; its built-in one must not come up.
      const isPage = c.req.header("sec-fetch-site") !== undefined;
      if (error.status === 401 && !isPage) {
        c.header("WWW-Authenticate", 'Basic realm="mlflow"');
      }
      const retryAfter = error.details?.retry_after_s;
      if (retryAfter !== undefined) c.header("Retry-After", String(retryAfter));
      return c.json(
        { error_code: error.code, message: error.message, ...error.details },
        error.status,
      );
    }
    if (error instanceof HTTPException) {
      return c.json({ error_code: "BAD_REQUEST", message: error.message }, error.status);
    }
    if (error instanceof ZodError) {
      const message = error.issues.map((i) => `${i.path.join(".")}: ${i.message}`).join("; ");
      return c.json({ error_code: "INVALID_PARAMETER_VALUE", message }, 400);
    }
    const fault = databaseFault(error);
    if (fault) {
      services.log.warn("database", { requestId, error: String(error) });
      return c.json({ error_code: fault.code, message: fault.message }, fault.status);
    }
    // Nothing here recurses but over what a request brought along.
    if (error instanceof RangeError && /call stack/.test(error.message)) {
      const message = "Cannot read the request: its JSON is nested too deeply";
      return c.json({ error_code: "BAD_REQUEST", message }, 400);
    }
    services.log.error("unexpected error", { requestId, error: String(error), stack: error.stack });
    return c.json({
      error_code: "INTERNAL_ERROR",
      message: `The server failed to answer; its log says why under request ${requestId}`,
    }, 500);
  });
  return app;
}

export type AppType = ReturnType<typeof createApp>;
