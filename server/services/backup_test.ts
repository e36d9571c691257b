import assert from "node:assert/strict";
import { openTestServer, testServer } from "../../tests/support/server.ts";
import { backup, checksums, restore } from "./backup.ts";
import { collectGarbage } from "./garbage.ts";

testServer("a backup restores to the same sums, artifacts included", async (server) => {
  const { services } = server;
  const { tracking, artifacts, registry } = services;
  const experimentId = await tracking.createExperiment(`backup ${crypto.randomUUID()}`);
  const { info } = await tracking.createRun({ experimentId, tags: [{ key: "ü", value: "'\"\\" }] });
  await tracking.logBatch(info.run_id, {
    metrics: Array.from({ length: 1000 }, (_, i) => ({
      key: "curve",
      value: i === 3 ? NaN : i === 4 ? Infinity : i / 3,
      timestamp: i,
      step: i,
    })),
  });
  await artifacts.write(
    `runs:/${info.run_id}/a/b.bin`,
    crypto.getRandomValues(new Uint8Array(5000)),
  );
  const name = `m${crypto.randomUUID()}`;
  await registry.createModel(name);
  await registry.createVersion({ name, source: `runs:/${info.run_id}/a`, runId: info.run_id });
  const file = await Deno.makeTempFile({ suffix: ".tar" });
  const other = await openTestServer("pglite");
  try {
    const before = await checksums(services.db);
    const manifest = await backup(services, file);
    assert.deepEqual(manifest.tables, before);
    await restore(other.services, file);
    assert.deepEqual(await checksums(other.services.db), before);
    assert.deepEqual(
      await other.services.artifacts.read(`models:/${name}/1/b.bin`),
      await artifacts.read(`runs:/${info.run_id}/a/b.bin`),
    );
    // It goes on from there: new ids do not clash with the restored ones.
    const next = await other.services.tracking.createExperiment("after");
    assert.ok(Number(next) > Number(experimentId));
  } finally {
    await other.close();
    await Deno.remove(file);
  }
});

Deno.test({
  name: "a damaged backup changes nothing",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const server = await openTestServer("pglite");
    const file = await Deno.makeTempFile({ suffix: ".tar" });
    try {
      const { services } = server;
      await services.tracking.createExperiment("kept");
      await backup(services, file);
      const before = await checksums(services.db);
      const bytes = await Deno.readFile(file);
      const at = new TextDecoder("latin1").decode(bytes).indexOf('"name":"kept"');
      bytes[at + 8] = "b".charCodeAt(0);
      await Deno.writeFile(file, bytes);
      await assert.rejects(restore(services, file), /^Error: Cannot restore .* is damaged/);
      assert.deepEqual(await checksums(services.db), before);
    } finally {
      await server.close();
      await Deno.remove(file);
    }
  },
});

testServer("garbage collection frees bytes and names of what was deleted", async (server) => {
  const { services } = server;
  const { tracking, artifacts, db, blobs } = services;
  const name = `garbage ${crypto.randomUUID()}`;
  const experimentId = await tracking.createExperiment(name);
  const { info } = await tracking.createRun({ experimentId });
  await tracking.logMetrics(info.run_id, [{ key: "m", value: 1, timestamp: 1, step: 0 }]);
  const { sha256, path } = await artifacts.write(
    `runs:/${info.run_id}/x.bin`,
    crypto.getRandomValues(new Uint8Array(100)),
  );
  await tracking.deleteExperiment(experimentId);
  await assert.rejects(tracking.createExperiment(name), /already exists/);
  const kept = await collectGarbage(services, { olderThanMs: 3_600_000, blobGraceMs: 0 });
  assert.ok(!kept.runs.includes(info.run_id));
  const report = await collectGarbage(services, { blobGraceMs: 0 });
  assert.ok(report.runs.includes(info.run_id));
  assert.ok(report.experiments.includes(experimentId));
  assert.equal(await blobs.has(sha256), false);
  assert.equal(await artifacts.exists(path), false);
  const points = await db.query(
    "select 1 from metric_points p where not exists (select 1 from metric_series s where s.series_no = p.series_no)",
  );
  assert.equal(points.length, 0);
  await tracking.createExperiment(name);
});

testServer(
  "retention deletes finished runs that are older than their experiment allows",
  async (server) => {
    const { tracking } = server.services;
    const experimentId = await tracking.createExperiment(`retention ${crypto.randomUUID()}`, {
      tags: [{ key: "tapebook.retentionDays", value: "30" }],
    });
    const day = 86_400_000;
    const old = (await tracking.createRun({ experimentId, startTime: Date.now() - 40 * day })).info;
    const young =
      (await tracking.createRun({ experimentId, startTime: Date.now() - 20 * day })).info;
    for (const run of [old, young]) await tracking.updateRun(run.run_id, { status: "FINISHED" });
    await collectGarbage(server.services, { olderThanMs: day });
    assert.equal((await tracking.getRun(old.run_id)).info.lifecycle_stage, "deleted");
    assert.equal((await tracking.getRun(young.run_id)).info.lifecycle_stage, "active");
  },
);
