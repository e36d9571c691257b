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
