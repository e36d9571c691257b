import assert from "node:assert/strict";
import { testServer } from "../tests/support/server.ts";

testServer("a wrong method on a known path is 405 and names the right ones", async (server) => {
  const table: [string, string, string][] = [
    ["GET", "/api/2.0/mlflow/runs/search", "POST"],
    ["POST", "/ajax-api/2.0/mlflow/runs/get", "GET"],
    ["PUT", "/api/2.0/mlflow/experiments/search", "GET, POST"],
    ["POST", "/health", "GET"],
    ["DELETE", "/api/tapebook/v1/server", "GET"],
  ];
  for (const [method, path, allowed] of table) {
    const answer = await server.request(method, path);
    assert.equal(answer.status, 405, `${method} ${path}: ${answer.text}`);
    assert.equal(answer.headers.get("allow"), allowed, path);
    assert.equal(answer.json().error_code, "METHOD_NOT_ALLOWED");
  }
  for (const path of ["/api/2.0/mlflow/nothing/here", "/api/tapebook/v1/nothing", "/nothing"]) {
    for (const method of ["GET", "POST"]) {
      const answer = await server.request(method, path);
      assert.equal(answer.status, 404, `${method} ${path}: ${answer.text}`);
      assert.equal(answer.json().error_code, "ENDPOINT_NOT_FOUND");
    }
  }
});

testServer("what is left out of MLflow's protocol is refused by name", async (server) => {
  const table: [string, string, RegExp][] = [
    ["GET", "/api/3.0/mlflow/gateway/endpoints/list", /no gateway to language models/],
    ["POST", "/ajax-api/3.0/mlflow/gateway/secrets/create", /no gateway to language models/],
    ["POST", "/api/3.0/mlflow/prompt-optimization/jobs", /optimizes no prompts/],
    ["DELETE", "/api/3.0/mlflow/prompt-optimization/jobs/x", /optimizes no prompts/],
    ["GET", "/api/2.0/mlflow/unified-traces", /Databricks' own tables/],
  ];
  for (const [method, path, why] of table) {
    const answer = await server.request(method, path, method === "POST" ? {} : undefined);
    const { error_code, message } = answer.json<{ error_code: string; message: string }>();
    assert.deepEqual([answer.status, error_code], [404, "ENDPOINT_NOT_FOUND"]);
    assert.ok(message.startsWith(`No endpoint answers ${method} ${path}: `), message);
    assert.match(message, why);
  }
});
