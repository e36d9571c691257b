import assert from "node:assert/strict";
import { type Role, roles, roleScopes, type Scope } from "../../lib/contracts/people/mod.ts";
import type { TestServer } from "../../tests/support/server.ts";
import { bearer, openSignedInServer } from "../../tests/support/signed_in_server.ts";
import { accessOf, hasRule } from "./access_rules.ts";

const v1 = "/api/tapebook/v1";

/** Every route of the app once, `:name` parameters filled in. */
function routesOf({ app }: TestServer): { method: string; path: string }[] {
  const seen = new Map<string, { method: string; path: string }>();
  for (const { method, path } of app.routes) {
    if (path === "/*" || path.includes("*") && method === "ALL") continue;
    const plain = path.replace(/:version\b/g, "1").replace(/:\w+(\{[^}]*\})?/g, "x")
      .replace(/\/\*$/, "/x");
    for (const m of method === "ALL" ? ["GET", "POST"] : [method]) {
      seen.set(`${m} ${plain}`, { method: m, path: plain });
    }
  }
  return [...seen.values()];
}

Deno.test("each route lets in the roles that its rule names", async (t) => {
  const { server, tokens } = await openSignedInServer();

  await t.step("every route has a rule", () => {
    const without = routesOf(server).filter(({ method, path }) => !hasRule(method, path));
    assert.deepEqual(without, [], "routes without a rule in server/auth/access_rules.ts");
  });

  await t.step(
    "every route refuses whoever did not sign in, and the roles that lack its scope",
    async () => {
      let checked = 0;
      for (const { method, path } of routesOf(server)) {
        const access = accessOf(method, path);
        if (access === "public") continue;
        const anonymous = await server.request(method, path);
        assert.equal(anonymous.status, 401, `${method} ${path} without sign-in`);
        assert.equal(anonymous.headers.get("www-authenticate"), 'Basic realm="mlflow"');
        for (const role of roles) {
          if (access === "signedIn" || roleScopes[role].includes(access as Scope)) continue;
          const answer = await server.request(method, path, undefined, bearer(tokens[role]));
          assert.equal(answer.status, 403, `${method} ${path} as ${role}`);
          assert.equal(answer.json().error_code, "PERMISSION_DENIED");
          checked++;
        }
      }
      assert.ok(checked > 200, `${checked} refusals`);
    },
  );

  await t.step("a role lets in what its scope allows", async () => {
    const create = (role: Role) =>
      server.request(
        "POST",
        "/api/2.0/mlflow/experiments/create",
        { name: `of ${role}` },
        bearer(tokens[role]),
      );
    assert.equal((await create("viewer")).status, 403);
    assert.equal((await create("researcher")).status, 200);
    const search = await server.request(
      "POST",
      "/api/2.0/mlflow/runs/search",
      { experiment_ids: ["0"] },
      bearer(tokens.viewer),
    );
    assert.equal(search.status, 200, search.text);
    assert.equal(
      (await server.request("GET", `${v1}/audit`, undefined, bearer(tokens.reviewer))).status,
      200,
    );
  });

  await server.close();
});
