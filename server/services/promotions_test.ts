import assert from "node:assert/strict";
import { policy, type Promotion } from "../../lib/contracts/governance/mod.ts";
import { type TestServer, testServer } from "../../tests/support/server.ts";
import { auditHash } from "./audit_chain.ts";
import { createAuditLog, verifyAudit } from "./audit_log.ts";
import { systemClock } from "./clock.ts";
import type { ServerEvent } from "./events.ts";

const ann = { name: "ann" };
const bob = { name: "bob" };

function setUp({ services, app }: TestServer) {
  const { events, tracking, registry, promotions, audit, db } = services;
  const heard: ServerEvent[] = [];
  events.on("*", (event) => heard.push(event));
  /** A model with `metrics.length` versions, each of a run with these metrics. */
  const makeModel = async (name: string, ...metrics: Record<string, number>[]) => {
    await registry.createModel(name);
    const experimentId = await tracking.createExperiment(`${name}-experiment`);
    for (const values of metrics) {
      const run = await tracking.createRun({
        experimentId,
        userId: "ann",
        tags: [
          { key: "mlflow.source.git.commit", value: "c0ffee" },
          { key: "tapebook.pipeline.hash", value: "beef" },
        ],
      });
      const runId = run.info.run_id;
      await tracking.logMetrics(
        runId,
        Object.entries(values).map(([key, value]) => ({ key, value, timestamp: 1, step: 0 })),
      );
      await tracking.logInputs(runId, {
        datasets: [{
          dataset: { name: "sp500", digest: "abc", source_type: "sample", source: "{}" },
          tags: [{ key: "tapebook.fingerprint", value: "f".repeat(64) }],
        }],
      });
      await registry.createVersion({ name, source: `runs:/${runId}/model`, runId });
    }
  };
  return { promotions, registry, audit, db, heard, makeModel, app };
}

const verdicts = (promotion: Promotion) =>
  Object.fromEntries(promotion.rules.map((r) => [r.rule, r.passed]));

testServer("promotions", async (server, t) => {
  const { promotions, registry, audit, db, heard, makeModel, app } = setUp(server);

  await t.step("without a policy a promotion is applied at once, its rules shown", async () => {
    await makeModel(
      "momentum",
      { dsr: 0.97, max_drawdown: -0.12, walk_forward_folds: 5, onnx_max_abs_diff: 2e-7 },
      { dsr: 0.5, max_drawdown: -0.6 },
    );
    const first = await promotions.request(
      { model: "momentum", version: "1", alias: "champion", comment: "best of 12" },
      ann,
    );
    assert.equal(first.status, "applied");
    assert.equal(first.previousVersion, null);
    assert.equal(first.comments[0].text, "best of 12");
    assert.deepEqual(verdicts(first), {
      minDeflatedSharpe: true,
      maxDrawdown: true,
      walkForward: true,
      latencyBudget: false,
      onnxParity: true,
      noUnresolvedDrift: true,
      lineage: true,
      approval: false,
    });
    assert.deepEqual(first.lineage.datasets, [
      { name: "sp500", fingerprint: "f".repeat(64), context: null },
    ]);
    assert.equal(first.lineage.codeCommit, "c0ffee");
    assert.equal(first.lineage.pipelineHash, "beef");
    assert.equal((await registry.getVersionByAlias("momentum", "champion")).version, "1");
    assert.ok(heard.some((e) => e.kind === "alias.set" && e.data?.version === "1"));

    const second = await promotions.request(
      { model: "momentum", version: "2", alias: "champion" },
      ann,
    );
    assert.equal(second.status, "applied");
    assert.equal(second.previousVersion, "1");
    const drawdown = second.rules.find((r) => r.rule === "maxDrawdown")!;
    assert.deepEqual(drawdown.evidence, { value: -0.6, from: "metric max_drawdown", min: -0.3 });
    assert.equal(drawdown.message, "Max drawdown is -0.6, but must be at least -0.3");
    assert.equal((await registry.getVersionByAlias("momentum", "previous")).version, "1");
  });

  await t.step("rollback puts the former champion back, and again forward", async () => {
    const back = await promotions.rollback("momentum", "champion", bob, "lost money");
    assert.deepEqual([back.version, back.previousVersion], ["1", "2"]);
    assert.equal((await registry.getVersionByAlias("momentum", "champion")).version, "1");
    assert.equal((await registry.getVersionByAlias("momentum", "previous")).version, "2");
    const forward = await promotions.rollback("momentum", "champion", bob);
    assert.equal(forward.version, "2");
    await makeModel("fresh", {});
    await assert.rejects(
      promotions.rollback("fresh", "champion", bob),
      /Cannot roll back model fresh: alias champion must have pointed at another version/,
    );
  });

  await t.step("a required rule holds a promotion back until it is met", async () => {
    await makeModel("strict", { dsr: 0.9 });
    await promotions.setPolicy(
      "strict",
      policy.parse({
        rules: [
          { kind: "minDeflatedSharpe", min: 0.8, required: true },
          { kind: "approval", required: true },
          { kind: "noUnresolvedDrift", required: true },
        ],
      }),
      bob,
    );
    const alert = await promotions.raiseAlert(
      "strict",
      { kind: "drift", message: "PSI of rsi is 0.4", version: "1" },
      bob,
    );
    const asked = await promotions.request(
      { model: "strict", version: "1", alias: "champion" },
      ann,
    );
    assert.equal(asked.status, "pending");
    assert.deepEqual(verdicts(asked), {
      minDeflatedSharpe: true,
      approval: false,
      noUnresolvedDrift: false,
    });
    await assert.rejects(
      promotions.approve(asked.id, "me", ann),
      /the approver must not be its author, got ann/,
    );
    const approved = await promotions.approve(asked.id, "fine", bob);
    assert.equal(approved.status, "pending");
    assert.equal(approved.approvals[0].author, "bob");
    await promotions.resolveAlert("strict", alert.id, "data fixed", bob);
    const applied = await promotions.evaluate(asked.id, ann);
    assert.equal(applied.status, "applied");
    assert.equal((await registry.getVersionByAlias("strict", "champion")).version, "1");
    await assert.rejects(
      promotions.reject(asked.id, "late", bob),
      /Cannot reject promotion .*: its status must be pending, got applied/,
    );
    const commented = await promotions.comment(asked.id, "noted", bob);
    assert.equal(commented.comments.at(-1)!.text, "noted");
  });

  await t.step("the alias of a model with required rules cannot be moved around them", async () => {
    await assert.rejects(
      registry.setAlias("strict", "champion", "1"),
      /Cannot move alias champion of model strict: its policy has required rules/,
    );
    await assert.rejects(registry.deleteAlias("strict", "champion"), /its policy has required/);
    await registry.setAlias("strict", "challenger", "1");
  });

  await t.step("a second request for the same while one is pending is the same one", async () => {
    await makeModel("twice", {});
    await promotions.setPolicy(
      "twice",
      policy.parse({ rules: [{ kind: "approval", required: true }] }),
      bob,
    );
    const request = { model: "twice", version: "1", alias: "champion" };
    const [a, b] = [await promotions.request(request, ann), await promotions.request(request, ann)];
    assert.equal(a.id, b.id);
    const rejected = await promotions.reject(a.id, "not yet", bob);
    assert.equal(rejected.status, "rejected");
    assert.equal(rejected.decidedBy, "bob");
    await assert.rejects(registry.getVersionByAlias("twice", "champion"));
    assert.notEqual((await promotions.request(request, ann)).id, a.id);
  });

  await t.step("people who act at the same time do not lose each other's word", async () => {
    await makeModel("crowded", {});
    await promotions.setPolicy(
      "crowded",
      policy.parse({ rules: [{ kind: "approval", count: 3, required: true }] }),
      bob,
    );
    const request = { model: "crowded", version: "1", alias: "champion" };
    const asked = await Promise.all(
      Array.from({ length: 4 }, () => promotions.request(request, ann)),
    );
    assert.equal(new Set(asked.map((p) => p.id)).size, 1);
    const { id } = asked[0];
    await Promise.all(["bob", "cat", "dan"].map((name) => promotions.approve(id, "", { name })));
    const done = await promotions.get(id);
    assert.equal(done.status, "applied");
    assert.equal(done.approvals.length, 3);
  });

  await t.step("the routes speak JSON and refuse what does not fit", async () => {
    const post = (path: string, body: unknown) =>
      app.request(`/api/tapebook/v1${path}`, {
        method: "POST",
        headers: { "content-type": "application/json" },
        body: JSON.stringify(body),
      });
    await makeModel("routed", { dsr: 1 }, {});
    const made = await post("/promotions", { model: "routed", version: "1" });
    assert.equal(made.status, 200);
    const { promotion } = await made.json();
    assert.equal(promotion.alias, "champion");
    assert.equal(promotion.status, "applied");
    assert.equal((await post("/promotions", { model: "routed", version: 2 })).status, 200);
    const listed = await app.request("/api/tapebook/v1/promotions?model=routed&status=applied");
    assert.equal((await listed.json()).promotions.length, 2);
    const one = await app.request(`/api/tapebook/v1/promotions/${promotion.id}`);
    assert.equal((await one.json()).promotion.id, promotion.id);
    const rolled = await post("/models/routed/rollback", {});
    assert.equal((await rolled.json()).version, "1");
    const lineage = await app.request("/api/tapebook/v1/models/routed/versions/1/lineage");
    assert.equal((await lineage.json()).lineage.codeCommit, "c0ffee");
    const put = await app.request("/api/tapebook/v1/models/routed/policy", {
      method: "PUT",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ rules: [{ kind: "maxDrawdown", worst: -0.2, required: true }] }),
    });
    assert.equal((await put.json()).policy.rules[0].worst, -0.2);
    const got = await app.request("/api/tapebook/v1/models/routed/policy");
    assert.equal((await got.json()).isDefault, false);

    for (
      const [path, body, status, message] of [
        ["/promotions", { model: "routed" }, 400, /version/],
        ["/promotions", { model: "routed", version: "1", alias: "v3" }, 400, /alias: must be/],
        ["/promotions", { model: "none", version: "1" }, 404, /none/],
        ["/promotions/nope/approve", { text: "" }, 404, /Promotion with id=nope not found/],
        ["/models/none/rollback", {}, 404, /none/],
      ] as const
    ) {
      const refused = await post(path, body);
      const answer = await refused.json();
      assert.equal(refused.status, status, JSON.stringify(answer));
      assert.match(answer.message, message);
    }
  });

  await t.step("everything is in the audit log, which proves itself", async () => {
    const entries = await audit.list({ limit: 1000 });
    const actions = new Set(entries.map((e) => e.action));
    for (
      const action of [
        "promotion.request",
        "promotion.apply",
        "promotion.approve",
        "promotion.reject",
        "promotion.comment",
        "promotion.rollback",
        "policy.set",
        "alert.raise",
        "alert.resolve",
      ]
    ) assert.ok(actions.has(action), action);
    assert.equal((await audit.list({ target: "model:strict*", action: "policy.set" })).length, 1);
    const answer = await app.request("/api/tapebook/v1/audit/verify");
    assert.deepEqual(await answer.json(), {
      ok: true,
      entries: entries.length,
      head: entries[0].hash,
      brokenAt: null,
      reason: null,
    });
  });

  await t.step("the audit log refuses changes, and shows those made behind its back", async () => {
    for (
      const sql of [
        "update audit_entries set actor = 'x'",
        "delete from audit_entries",
        "truncate audit_entries",
      ]
    ) {
      await assert.rejects(db.query(sql), /append-only/);
    }
    await db.query("alter table audit_entries disable trigger all");
    await db.query("update audit_entries set actor = 'mallory' where seq = 3");
    assert.deepEqual(
      (({ ok, brokenAt, reason }) => ({ ok, brokenAt, reason }))(await verifyAudit(db)),
      { ok: false, brokenAt: 3, reason: "entry 3 was changed after it was written" },
    );
    // Hashing it anew does not help: the next entry follows another one.
    const [row] = await db.query<Parameters<typeof auditHash>[0]>(
      "select * from audit_entries where seq = 3",
    );
    await db.query("update audit_entries set hash = $1 where seq = 3", [auditHash(row)]);
    assert.equal((await verifyAudit(db)).brokenAt, 4);
    await db.query("delete from audit_entries where seq = 3");
    assert.match((await verifyAudit(db)).reason!, /entry 3 is missing/);
  });

  await t.step("anchors outside the database show a log that was cut or made anew", async () => {
    await db.query("truncate audit_entries");
    const home = await Deno.makeTempDir();
    const log = createAuditLog({ db, clock: systemClock, anchorFile: `${home}/audit.anchors` });
    for (let i = 0; i < 3; i++) {
      await log.append({ actor: "ann", action: "run.delete", target: `run:${i}`, details: { i } });
    }
    assert.equal((await log.verify()).ok, true);
    await db.query("delete from audit_entries where seq = 3");
    assert.equal((await verifyAudit(db)).ok, true);
    assert.match((await log.verify()).reason!, /ends at entry 2, but the anchor file noted 3/);
    await log.append({ actor: "mallory", action: "nothing", target: "run:x" });
    assert.match((await log.verify()).reason!, /entry 3 is not the one that the anchor file noted/);
    await Deno.remove(home, { recursive: true });
  });
});
