/** `/v1/traces`: spans as OpenTelemetry's exporters send them, MLflow's client among them. @module */
import { Hono } from "hono";
import type { AppEnv } from "../../env.ts";
import { ApiError, invalid } from "../../errors.ts";
import { readOtlp } from "../../services/otlp.ts";
import { missing } from "./_request.ts";

/** The body, unpacked where it is packed, and refused when it becomes larger than a request may. */
async function unpacked(body: Uint8Array, encoding: string, most: number): Promise<Uint8Array> {
  if (encoding === "" || encoding === "identity") return body;
  if (encoding !== "gzip" && encoding !== "deflate") {
    throw invalid(`Unsupported Content-Encoding: ${encoding}`);
  }
  const chunks: Uint8Array[] = [];
  let size = 0;
  const stream = new Blob([body as BlobPart]).stream()
    .pipeThrough(new DecompressionStream(encoding));
  try {
    for await (const chunk of stream) {
      size += chunk.byteLength;
      if (size > most) {
        throw new ApiError(
          "CONTENT_TOO_LARGE",
          `Cannot read the request: its body must be at most ${most} bytes when unpacked`,
        );
      }
      chunks.push(chunk);
    }
  } catch (error) {
    throw error instanceof ApiError ? error : invalid(`Cannot unpack the ${encoding} body`);
  }
  return new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer());
}

export const otlpRoutes = new Hono<AppEnv>().post("/v1/traces", async (c) => {
  const experimentId = c.req.header("x-mlflow-experiment-id");
  if (!experimentId) throw missing("x-mlflow-experiment-id");
  const type = (c.req.header("content-type") ?? "").split(";")[0].trim();
  if (type !== "application/x-protobuf" && type !== "application/json") {
    throw invalid(
      `Invalid Content-Type: ${type}. Expected: application/x-protobuf or application/json`,
    );
  }
  const { traces, config } = c.get("services");
  const body = await unpacked(
    new Uint8Array(await c.req.arrayBuffer()),
    (c.req.header("content-encoding") ?? "").toLowerCase(),
    config.maxBodyBytes,
  );
  const spans = await readOtlp(body, type === "application/json");
  await traces.logSpans(experimentId, spans, c.req.header("x-mlflow-run-id"));
  // An empty ExportTraceServiceResponse: all was taken.
  return type === "application/json"
    ? c.json({})
    : c.body(null, 200, { "Content-Type": "application/x-protobuf" });
});
