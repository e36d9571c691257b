import assert from "node:assert/strict";
import { openTestServer } from "../../../tests/support/server.ts";

const v1 = "/api/tapebook/v1";

Deno.test("the OpenAPI document describes every route of /api/tapebook/v1", async () => {
  const server = await openTestServer();
  const answer = await server.request("GET", `${v1}/openapi.json`);
  const document = answer.json<
    { openapi: string; paths: Record<string, Record<string, unknown>> }
  >();
  assert.match(document.openapi, /^3\.1/);
  const described = new Set(
    Object.entries(document.paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((m) => `${m.toUpperCase()} ${path.replace(/\/$/, "")}`)
    ),
  );
  const missing = new Set<string>();
  for (const { method, path } of server.app.routes) {
    if (!path.startsWith(v1) || method === "ALL" || path.endsWith("openapi.json")) continue;
    const inner = path.slice(v1.length).replace(/:(\w+)(\{[^}]*\})?/g, "{$1}").replace(/\/$/, "");
    if (!described.has(`${method} ${inner}`)) missing.add(`${method} ${inner}`);
  }
  // A file with any number of folders in its path: OpenAPI has no word for such a parameter.
  missing.delete("GET /reports/file/{path}");
  assert.deepEqual([...missing], []);
  await server.close();
});
