import assert from "node:assert/strict";
import { openTestServer } from "../../tests/support/server.ts";

const v1 = "/api/tapebook/v1";

Deno.test("without sign-in, other sites and rebound names are kept out", async () => {
  const server = await openTestServer();
  const create = (headers: Record<string, string>) =>
    server.request(
      "POST",
      "/api/2.0/mlflow/experiments/create",
      { name: crypto.randomUUID() },
      headers,
    );
  const host = "127.0.0.1:5000";
  assert.equal((await create({ host, origin: "http://127.0.0.1:5000" })).status, 200);
  assert.equal((await create({ host })).status, 200);
  assert.equal((await create({ host, origin: "https://evil.example" })).status, 403);
  assert.equal((await create({ host: "evil.example:5000" })).status, 403);
  const read = await server.request("GET", "/api/2.0/mlflow/experiments/search", undefined, {
    host: "evil.example",
  });
  assert.equal(read.status, 403);
  const who = await server.request("GET", `${v1}/session`, undefined, { "x-tapebook-user": "ann" });
  assert.deepEqual(who.json(), {
    user: "ann",
    scopes: ["read", "write", "review", "admin"],
    auth: "off",
    expiresAt: null,
    csrfToken: null,
  });
  await server.close();
});
