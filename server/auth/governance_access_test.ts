import assert from "node:assert/strict";
import { openTestServer, type TestServer } from "../../tests/support/server.ts";
import { testWith } from "../../tests/support/components.ts";
import { insertAliasChange } from "../db/promotions.ts";
import { type Role, roleScopes } from "../../lib/contracts/people/mod.ts";

const v1 = "/api/tapebook/v1";
const api = "/api/2.0/mlflow";
const password = "correct horse battery";
const system = { name: "system" };

/** Asks as a person of the role, whose name is the role's. */
async function people(server: TestServer) {
  const { users } = server.services;
  const tokens = {} as Record<Role, string>;
  for (const role of ["viewer", "researcher", "reviewer", "admin"] as const) {
    if (role !== "admin") await users.create({ name: role, role, password }, system);
    const scopes = roleScopes[role];
    const label = { label: "test", expiresInDays: 1 };
    tokens[role] = (await users.createToken({ name: role, scopes }, label, system)).token;
  }
  return async (role: Role, method: string, path: string, body?: unknown) => {
    const answer = await server.request(method, path, body, {
      authorization: `Bearer ${tokens[role]}`,
    });
    return { status: answer.status, text: answer.text, body: JSON.parse(answer.text) };
  };
}

async function closedVersionsShowNothing(server: TestServer): Promise<void> {
  const ask = await people(server);
  const make = async (path: string, body: unknown) => {
    const answer = await ask("researcher", "POST", path, body);
    assert.equal(answer.status, 200, answer.text);
    return answer.body;
  };
  await make(`${api}/registered-models/create`, { name: "m" });
  const ids: string[] = [];
  for (const [i, name] of ["closed", "open"].entries()) {
    const { experiment_id } = await make(`${api}/experiments/create`, { name });
    const { run } = await make(`${api}/runs/create`, { experiment_id });
    const { run_id } = run.info;
    await make(`${api}/model-versions/create`, { name: "m", source: `runs:/${run_id}/x`, run_id });
    const version = String(i + 1);
    await make(`${v1}/models/m/alerts`, { version, message: `drift of ${name}` });
    const { promotion } = await make(`${v1}/promotions`, { model: "m", version });
    assert.equal(promotion.lineage.experimentId, experiment_id);
    ids.push(promotion.id);
    if (name === "closed") {
      const put = await ask("researcher", "PUT", `${v1}/experiments/${experiment_id}/permissions`, {
        permissions: [
          { user: "researcher", level: "manage" },
          { user: "viewer", level: "read" },
          { user: "*", level: "none" },
        ],
      });
      assert.equal(put.status, 200, put.text);
    }
  }
  const [closed, open] = ids;
  const refused: [string, string, unknown?][] = [
    ["GET", `${v1}/promotions/${closed}`],
    ["POST", `${v1}/promotions/${closed}/evaluate`],
    ["POST", `${v1}/promotions/${closed}/comment`, { text: "x" }],
    ["POST", `${v1}/promotions/${closed}/approve`, { text: "x" }],
    ["POST", `${v1}/promotions/${closed}/reject`, { text: "x" }],
    ["GET", `${v1}/models/m/versions/1/lineage`],
    ["POST", `${v1}/promotions`, { model: "m", version: "1", alias: "challenger" }],
    ["POST", `${v1}/models/m/alerts`, { version: "1", message: "x" }],
  ];
  for (const [method, path, body] of refused) {
    const answer = await ask("reviewer", method, path, body);
    assert.equal(answer.status, 403, `${method} ${path}: ${answer.text}`);
  }
  const seen = async (role: Role) => {
    const promotions = await ask(role, "GET", `${v1}/promotions?model=m`);
    const alerts = await ask(role, "GET", `${v1}/models/m/alerts`);
    return [
      promotions.body.promotions.map((p: { version: string }) => p.version).sort(),
      alerts.body.alerts.map((a: { version: string }) => a.version).sort(),
    ];
  };
  assert.deepEqual(await seen("reviewer"), [["2"], ["2"]]);
  for (const role of ["viewer", "researcher", "admin"] as const) {
    assert.deepEqual(await seen(role), [["1", "2"], ["1", "2"]], role);
    assert.equal((await ask(role, "GET", `${v1}/promotions/${closed}`)).status, 200, role);
    assert.equal((await ask(role, "GET", `${v1}/models/m/versions/1/lineage`)).status, 200, role);
  }
  // Nor do the moves of an alias from and to a closed version show it.
  const { db } = server.services;
  await db.query("delete from alias_changes");
  await db.transaction(async (tx) => {
    for (const [version, previousVersion] of [[1, null], [2, 1], [1, 2]] as const) {
      await insertAliasChange(tx, {
        model: "m",
        alias: "champion",
        version,
        previousVersion,
        reason: "rollback",
        promotionId: null,
        changedBy: "admin",
        changedAt: 1,
      });
    }
  });
  const moves = async (role: Role) => {
    const { body } = await ask(role, "GET", `${v1}/models/m/alias-history`);
    return body.changes.map((m: { version: string; previousVersion: string | null }) => [
      m.version,
      m.previousVersion,
    ]);
  };
  assert.deepEqual(await moves("viewer"), [["1", "2"], ["2", "1"], ["1", null]]);
  assert.deepEqual(await moves("reviewer"), [["2", null]]);
  const approved = await ask("reviewer", "POST", `${v1}/promotions/${open}/comment`, {
    text: "ok",
  });
  assert.equal(approved.status, 200, approved.text);
}

const title = "promotions, lineages and alerts of a closed experiment's versions are not shown";
const loose = { sanitizeOps: false, sanitizeResources: false };
const run = async (kind: "pglite" | "postgres") => {
  const server = await openTestServer(kind, { env: { TAPEBOOK_AUTH: "on" } });
  try {
    await closedVersionsShowNothing(server);
  } finally {
    await server.close();
  }
};
Deno.test({ name: `${title} [pglite]`, ...loose, fn: () => run("pglite") });
testWith("postgres", title, () => run("postgres"), loose);
