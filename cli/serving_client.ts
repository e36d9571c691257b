/**
 * A question to the serving endpoint in the Open Inference protocol.
 * @module
 */

/**
 * What the deployed model answers for windows of `shape`, flat.
 *
 * @throws {Error} With the endpoint's own words, if it refuses.
 */
export async function askServing(
  url: string,
  model: string,
  shape: readonly number[],
  x: Float32Array,
): Promise<{ data: number[]; latencyMs: number }> {
  const body = JSON.stringify({
    inputs: [{ name: "window", shape, datatype: "FP32", data: Array.from(x) }],
  });
  const started = performance.now();
  const response = await fetch(`${url}/v2/models/${encodeURIComponent(model)}/infer`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body,
  });
  const text = await response.text();
  const latencyMs = performance.now() - started;
  if (!response.ok) {
    throw new Error(`Cannot ask ${model} at ${url}: status ${response.status}, ${text}`);
  }
  const answer = JSON.parse(text) as { outputs: { data: number[] }[] };
  return { data: answer.outputs[0].data.flat(Infinity) as number[], latencyMs };
}
