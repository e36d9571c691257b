/**
 * Requests of MLflow's protocol, as its suites make them.
 * @module
 */
import assert from "node:assert/strict";
import type { TestServer } from "./server.ts";

export const mlflowApi = "/api/2.0/mlflow";

export const unique = (name: string) => `${name}-${crypto.randomUUID().slice(0, 8)}`;

/** The answer to a request that must be taken. */
export async function ok<T = any>(
  server: TestServer,
  method: string,
  path: string,
  body?: unknown,
): Promise<T> {
  const answer = await server.request(method, mlflowApi + path, body);
  assert.equal(answer.status, 200, `${method} ${path}: ${answer.text}`);
  return answer.json<any>();
}

/** A request that must be refused, by status, code and words. */
export async function refused(
  server: TestServer,
  method: string,
  path: string,
  body: unknown,
  status: number,
  code: string,
  message: RegExp,
): Promise<void> {
  const answer = await server.request(method, mlflowApi + path, body);
  assert.equal(answer.status, status, answer.text);
  assert.equal(answer.json<any>().error_code, code);
  assert.match(answer.json<any>().message, message);
}
