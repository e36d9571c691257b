/** `/v2/…`: the Open Inference Protocol. Mounted at `/v2`. @module */
import { type Context, Hono } from "hono";
import type { AppEnv } from "../env.ts";
import { ApiError } from "../errors.ts";
import { encodeBody, readBody } from "../serving/body.ts";
import { ServingError } from "../serving/errors.ts";
import { readInferRequest, writeInferResponse } from "../serving/open_inference.ts";
import { version } from "../version.ts";

const lengthHeader = "Inference-Header-Content-Length";

const names = (c: Context<AppEnv>) => {
  const { model, version } = c.req.param() as { model: string; version?: string };
  return [model, version] as const;
};

async function metadata(c: Context<AppEnv>) {
  const [model, wanted] = names(c);
  const { serving } = c.get("services");
  const loaded = await serving.describe(model, wanted);
  return c.json({
    name: model,
    versions: await serving.versions(model),
    platform: "onnxruntime_onnx",
    inputs: loaded.signature.inputs,
    outputs: loaded.signature.outputs,
  });
}

async function ready(c: Context<AppEnv>) {
  const [model, wanted] = names(c);
  const isReady = await c.get("services").serving.isReady(model, wanted);
  return c.json({ name: model, ready: isReady }, isReady ? 200 : 503);
}

async function infer(c: Context<AppEnv>) {
  const [model, wanted] = names(c);
  const { serving, config } = c.get("services");
  const body = await readBody(c.req.raw, config.maxBodyBytes);
  const request = readInferRequest(body, c.req.header(lengthHeader));
  const prediction = await serving.predict({
    model,
    version: wanted,
    id: request.id ?? c.get("requestId"),
    inputs: request.inputs,
    outputs: request.outputs,
    caller: c.get("caller").name,
  });
  const answer = writeInferResponse(prediction, request.isBinary);
  const encoded = await encodeBody(answer.body, c.req.header("accept-encoding"));
  c.header(
    "Content-Type",
    answer.jsonLength === undefined ? "application/json" : "application/octet-stream",
  );
  if (answer.jsonLength !== undefined) c.header(lengthHeader, String(answer.jsonLength));
  if (encoded.encoding) c.header("Content-Encoding", encoded.encoding);
  return c.body(encoded.body);
}

/** Routes of the protocol; every refusal is `{"error": text}`. */
export const servingV2Routes = new Hono<AppEnv>()
  .get("/", (c) => c.json({ name: "tapebook", version, extensions: ["binary_tensor_data"] }))
  .get("/health/live", (c) => c.json({ live: true }))
  .get("/health/ready", (c) => c.json({ live: true, ready: true }))
  .get("/models/:model", metadata)
  .get("/models/:model/versions/:version", metadata)
  .get("/models/:model/ready", ready)
  .get("/models/:model/versions/:version/ready", ready)
  .post("/models/:model/infer", infer)
  .post("/models/:model/versions/:version/infer", infer)
  .all("*", (c) => c.json({ error: `No endpoint answers ${c.req.method} ${c.req.path}` }, 404))
  .onError((error, c) => {
    if (error instanceof ServingError || error instanceof ApiError) {
      return c.json({ error: error.message }, error.status);
    }
    const { log } = c.get("services");
    log.error("scoring failed", {
      requestId: c.get("requestId"),
      error: String(error),
      stack: error.stack,
    });
    return c.json({
      error: `The server failed; its log says why under request ${c.get("requestId")}`,
    }, 500);
  });
