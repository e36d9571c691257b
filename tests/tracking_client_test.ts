import assert from "node:assert/strict";
import { connect } from "../lib/tracking/mod.ts";
import { readConfig } from "../server/config.ts";
import { openDatabase } from "../server/db/open.ts";
import { startServer } from "../server/start.ts";

Deno.test("the client logs to Tapebook's own server", async () => {
  const home = await Deno.makeTempDir();
  const server = await startServer(
    readConfig({ TAPEBOOK_HOME: home, TAPEBOOK_PORT: "0", TAPEBOOK_LOG_LEVEL: "silent" }),
    { db: await openDatabase({ home: "memory:" }) },
  );
  const tracker = connect(server.url, { spoolDir: `${home}/spool` });
  try {
    const parent = await tracker.startRun({ experiment: "momentum", name: "parent" });
    const run = await tracker.startRun({
      experiment: "momentum",
      name: "child",
      parentRunId: parent.id,
    });
    run.logParams({ model: { units: 32 }, lr: 1e-3 });
    run.logMetrics({ loss: NaN, "val/loss": -Infinity }, { step: 3 });
    await run.logMetricColumn("equity", Float64Array.from({ length: 20_000 }, (_, i) => 100 + i));
    run.logInputs({ name: "sp500", digest: "f".repeat(64), context: "training" });
    await run.logArtifact("report.md", "# It worked");
    await run.logArtifact("model/a b.bin", new Uint8Array([1, 2, 3]));
    await run.end();
    await parent.end();

    const record = await tracker.getRun(run.id);
    assert.equal(record.status, "FINISHED");
    assert.deepEqual(record.params, { "model.units": "32", lr: "0.001" });
    assert.equal(record.metrics.equity, 20_099);
    assert.ok(Number.isNaN(record.metrics.loss));
    assert.equal(record.metrics["val/loss"], -Infinity);
    assert.equal(record.tags["mlflow.parentRunId"], parent.id);
    const history = await tracker.reader.metricHistory(run.id, "equity");
    assert.equal(history.values.length, 20_000);
    assert.deepEqual(
      (await tracker.reader.listArtifacts(run.id)).map((a) => [a.path, a.isDir]),
      [["model", true], ["report.md", false]],
    );
    assert.deepEqual(
      await tracker.reader.downloadArtifact(run.id, "model/a b.bin"),
      new Uint8Array([1, 2, 3]),
    );

    const version = await tracker.registerModel({ name: "trend", runId: run.id, tags: { a: "b" } });
    assert.equal(version.version, "1");
    const made = await tracker.transport.json<{ promotion: { status: string } }>(
      "POST",
      "/api/tapebook/v1/promotions",
      { body: { model: "trend", version: "1" } },
    );
    assert.equal(made.promotion.status, "applied");
    assert.equal((await tracker.registry.getByAlias("trend", "champion")).runId, run.id);

    const again = connect(server.url, { spoolDir: null });
    const same = await again.resumeRun(run.id);
    const other = await tracker.resumeRun(run.id);
    same.logParams({ clash: 1 });
    await same.flush();
    other.logParams({ fine: 1, clash: 2 });
    await assert.rejects(other.flush(), /Cannot log param "clash".*Changing param values/s);
    assert.equal((await tracker.getRun(run.id)).params.fine, "1");
    await again.close();
  } finally {
    await tracker.close();
    await server.close();
    await Deno.remove(home, { recursive: true });
  }
});
