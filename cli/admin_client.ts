/** Questions of the command line to the running server. @module */
import { createWriteStream } from "node:fs";
import { rename, rm } from "node:fs/promises";
import { Readable } from "node:stream";
import { pipeline } from "node:stream/promises";

/**
 * The answer of `/api/tapebook/v1/<path>` at TAPEBOOK_TRACKING_URI, signed in by
 * MLFLOW_TRACKING_TOKEN or MLFLOW_TRACKING_USERNAME and MLFLOW_TRACKING_PASSWORD.
 *
 * @throws {Error} With the server's own words, if it refuses.
 */
export async function askServer(
  path: string,
  body?: ReadableStream<Uint8Array>,
): Promise<Response> {
  const base = Deno.env.get("TAPEBOOK_TRACKING_URI") || "http://127.0.0.1:5000";
  const token = Deno.env.get("MLFLOW_TRACKING_TOKEN");
  const user = Deno.env.get("MLFLOW_TRACKING_USERNAME");
  const headers: Record<string, string> = body ? { "content-type": "application/x-tar" } : {};
  if (token) headers.authorization = `Bearer ${token}`;
  else if (user) {
    const pair = `${user}:${Deno.env.get("MLFLOW_TRACKING_PASSWORD") ?? ""}`;
    headers.authorization = `Basic ${btoa(String.fromCharCode(...new TextEncoder().encode(pair)))}`;
  }
  const url = `${base.replace(/\/+$/, "")}/api/tapebook/v1/${path}`;
  let answer: Response;
  try {
    answer = await fetch(url, { method: body ? "POST" : "GET", headers, body });
  } catch (error) {
    throw new Error(
      `Cannot reach the server that holds the home: TAPEBOOK_TRACKING_URI must be its address, ` +
        `got ${base}`,
      { cause: error },
    );
  }
  if (!answer.ok) {
    const text = await answer.text();
    throw new Error(`Cannot ask ${url}: status ${answer.status}, ${text}`);
  }
  return answer;
}

/** Writes the answer to `file`, which is complete or not there. */
export async function download(path: string, file: string): Promise<void> {
  const answer = await askServer(path);
  const temporary = `${file}.${crypto.randomUUID()}.partial`;
  try {
    await pipeline(
      Readable.fromWeb(answer.body as never),
      createWriteStream(temporary, { mode: 0o600 }),
    );
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
}
