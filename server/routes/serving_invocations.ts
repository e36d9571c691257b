/** `/serving/{name}/…`: MLflow's scoring format. Mounted at `/serving`. @module */
import { type Context, Hono } from "hono";
import type { AppEnv } from "../env.ts";
import { encodeBody, readBody } from "../serving/body.ts";
import { ServingError } from "../serving/errors.ts";
import { readInvocation, writePredictions } from "../serving/scoring.ts";
import { version } from "../version.ts";

async function ping(c: Context<AppEnv>) {
  const name = c.req.param("name")!;
  return c.text("\n", await c.get("services").serving.isReady(name) ? 200 : 404);
}

async function invoke(c: Context<AppEnv>) {
  const name = c.req.param("name")!;
  const { serving, config } = c.get("services");
  const body = await readBody(c.req.raw, config.maxBodyBytes);
  const model = await serving.describe(name);
  const inputs = readInvocation(c.req.header("content-type"), body, model);
  const prediction = await serving.predict({
    model: name,
    // The version whose signature the inputs were read by, even if the alias moves meanwhile.
    version: model.ref.version,
    id: c.get("requestId"),
    inputs,
    caller: c.get("caller").name,
  });
  const json = JSON.stringify({ predictions: writePredictions(prediction.outputs) });
  const encoded = await encodeBody(new TextEncoder().encode(json), c.req.header("accept-encoding"));
  c.header("Content-Type", "application/json");
  c.header("Tapebook-Model-Version", prediction.version);
  if (encoded.encoding) c.header("Content-Encoding", encoded.encoding);
  return c.body(encoded.body);
}

const codes: Record<number, string> = {
  400: "BAD_REQUEST",
  404: "RESOURCE_DOES_NOT_EXIST",
  413: "CONTENT_TOO_LARGE",
  415: "UNSUPPORTED_MEDIA_TYPE",
  503: "TEMPORARILY_UNAVAILABLE",
};

/** Scoring of one model; refusals are MLflow's `{error_code, message}`. */
export const servingInvocationRoutes = new Hono<AppEnv>()
  .get("/:name/ping", ping)
  .get("/:name/health", ping)
  .get("/:name/version", (c) => c.text(version))
  .post("/:name/invocations", invoke)
  .onError((error, c) => {
    if (!(error instanceof ServingError)) throw error;
    const code = codes[error.status] ?? "INTERNAL_ERROR";
    return c.json({ error_code: code, message: error.message }, error.status);
  });
