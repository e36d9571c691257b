/**
 * What all sub-apps of `/api/tapebook/v1` share: validation by the schemas that also describe the
 * routes, refusals in the one shape, and the OpenAPI document made from both.
 * @module
 */
import { OpenAPIHono, z } from "@hono/zod-openapi";
import type { AppEnv } from "../../env.ts";
import { version } from "../../version.ts";

/** An empty sub-app; input that does not fit its schema is thrown as ZodError to `app.onError`. */
export function newApi(): OpenAPIHono<AppEnv> {
  return new OpenAPIHono<AppEnv>({
    defaultHook: (result) => {
      if (!result.success) throw result.error;
    },
  });
}

/** The refusals of every route. */
const refusal = z.object({ error_code: z.string(), message: z.string() }).meta({ id: "Error" });

/** A JSON answer, with the refusals that any route may give. */
export function answers<Schema extends z.ZodType>(description: string, schema: Schema) {
  return {
    200: { description, content: { "application/json": { schema } } },
    400: { description: "Refused", content: { "application/json": { schema: refusal } } },
  } as const;
}

/** A JSON body that must be there. */
export function jsonBody<Schema extends z.ZodType>(schema: Schema) {
  return { required: true, content: { "application/json": { schema } } } as const;
}

/** The document of `api`, whose routes are mounted at /api/tapebook/v1. */
export function openApiDocument(api: OpenAPIHono<AppEnv>, serverUrl: string) {
  return api.getOpenAPI31Document({
    openapi: "3.1.0",
    info: {
      title: "Tapebook",
      version,
      description:
        "What MLflow's protocol has no word for. Every refusal is {error_code, message}. " +
        "Times are milliseconds since 1970, UTC.",
      license: { name: "Apache-2.0" },
    },
    servers: [{ url: serverUrl }],
    security: [{ bearer: [] }, { basic: [] }, { session: [] }],
  });
}

/** Ways to sign in, as the document names them. */
export function registerSecuritySchemes(api: OpenAPIHono<AppEnv>): void {
  const registry = api.openAPIRegistry;
  registry.registerComponent("securitySchemes", "bearer", { type: "http", scheme: "bearer" });
  registry.registerComponent("securitySchemes", "basic", { type: "http", scheme: "basic" });
  registry.registerComponent("securitySchemes", "session", {
    type: "apiKey",
    in: "cookie",
    name: "tapebook_session",
  });
}
