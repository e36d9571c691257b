/** The tracking client against real servers: Tapebook's own, and MLflow's where it is found. @module */
import assert from "node:assert/strict";
import { connect, type Tracker } from "../lib/tracking/mod.ts";
import { readConfig } from "../server/config.ts";
import { startServer } from "../server/start.ts";
import { testWith } from "./support/components.ts";
import { openTestDatabase } from "./support/server.ts";

/**
 * What the client does the same against any server of MLflow's protocol. `setChampion` makes the
 * version of the model `trend` its champion.
 */
async function checkClient(
  url: string,
  setChampion: (tracker: Tracker, version: string) => Promise<void>,
): Promise<void> {
  const spoolDir = await Deno.makeTempDir();
  const tracker = connect(url, { spoolDir });
  try {
    const parent = await tracker.startRun({ experiment: "momentum", name: "parent" });
    const run = await tracker.startRun({
      experiment: "momentum",
      name: "child",
      parentRunId: parent.id,
    });
    run.logParams({ model: { units: 32 }, lr: 1e-3 });
    run.logMetrics({ loss: NaN, "val/loss": -Infinity }, { step: 3 });
    const equity = Float64Array.from({ length: 1500 }, (_, i) => 100 + i);
    await run.logMetricColumn("equity", equity);
    run.logInputs({
      name: "sp500",
      digest: "f".repeat(64),
      source: { path: "sp500.csv" },
      profile: { rows: 5105 },
      context: "training",
    });
    await run.logArtifact("report.md", "# It worked");
    await run.logArtifact("model/a b.bin", new Uint8Array([1, 2, 3]));
    await run.end();
    await parent.end();

    const record = await tracker.getRun(run.id);
    assert.equal(record.status, "FINISHED");
    assert.deepEqual(record.params, { "model.units": "32", lr: "0.001" });
    assert.equal(record.metrics.equity, 1599);
    assert.ok(Number.isNaN(record.metrics.loss));
    assert.equal(record.tags["mlflow.parentRunId"], parent.id);
    const history = await tracker.reader.metricHistory(run.id, "equity");
    assert.deepEqual([...history.values], [...equity]);
    assert.deepEqual(
      (await tracker.reader.listArtifacts(run.id)).map((a) => [a.path, a.isDir]),
      [["model", true], ["report.md", false]],
    );
    assert.deepEqual(
      await tracker.reader.downloadArtifact(run.id, "model/a b.bin"),
      new Uint8Array([1, 2, 3]),
    );
    const found = await tracker.reader.searchRuns({
      experimentIds: [record.experimentId],
      filter: "params.lr = '0.001'",
    });
    assert.deepEqual(found.map((r) => r.runId), [run.id]);

    const version = await tracker.registerModel({ name: "trend", runId: run.id, tags: { a: "b" } });
    assert.equal(version.version, "1");
    await setChampion(tracker, version.version);
    assert.equal((await tracker.registry.getByAlias("trend", "champion")).runId, run.id);

    // A param that another program set meanwhile: refused by name, the rest is kept.
    const again = connect(url, { spoolDir: null });
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
    await Deno.remove(spoolDir, { recursive: true });
  }
}

/** Starts a real MLflow server on SQLite in a folder of its own. */
async function startMlflow(python: string, dir: string) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr;
  listener.close();
  const child = new Deno.Command(python, {
    args: [
      ...["-m", "mlflow", "server", "--host", "127.0.0.1", "--port", String(port)],
      ...["--workers", "1", "--backend-store-uri", `sqlite:///${dir}/mlflow.db`],
      ...["--artifacts-destination", `${dir}/artifacts`],
    ],
    cwd: dir,
    env: { MLFLOW_SERVER_ENABLE_JOB_EXECUTION: "false" },
    stdout: "null",
    stderr: "null",
  }).spawn();
  const uri = `http://127.0.0.1:${port}`;
  for (let i = 0;; i++) {
    const isUp = await fetch(`${uri}/health`).then(async (r) => (await r.text()) === "OK").catch(
      () => false,
    );
    if (isUp) break;
    if (i > 600) throw new Error("MLflow did not start within 60 s");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  return {
    uri,
    async stop() {
      child.kill("SIGTERM");
      const late = setTimeout(() => child.kill("SIGKILL"), 5_000);
      await child.status;
      clearTimeout(late);
    },
  };
}

testWith("mlflow", "the client logs to a real MLflow server", async (python) => {
  const dir = await Deno.makeTempDir();
  const mlflow = await startMlflow(python, dir);
  try {
    await checkClient(mlflow.uri, async (tracker, version) => {
      await tracker.setAlias("trend", "champion", version);
    });
  } finally {
    await mlflow.stop();
    await Deno.remove(dir, { recursive: true });
  }
});

Deno.test("the client logs to Tapebook's own server", async () => {
  const home = await Deno.makeTempDir();
  const server = await startServer(
    readConfig({ TAPEBOOK_HOME: home, TAPEBOOK_PORT: "0", TAPEBOOK_LOG_LEVEL: "silent" }),
    { db: await openTestDatabase("pglite") },
  );
  try {
    // Champions are made by promotion here.
    await checkClient(server.url, async (tracker, version) => {
      const made = await tracker.transport.json<{ promotion: { status: string } }>(
        "POST",
        "/api/tapebook/v1/promotions",
        { body: { model: "trend", version } },
      );
      assert.equal(made.promotion.status, "applied");
    });
    const tracker = connect(server.url, { spoolDir: null });
    const run = await tracker.startRun({ experiment: "long", name: "long" });
    run.logMetrics({ "val/loss": -Infinity }, { step: 3 });
    await run.logMetricColumn("equity", Float64Array.from({ length: 20_000 }, (_, i) => i));
    await run.end();
    const { metrics } = await tracker.getRun(run.id);
    assert.deepEqual(metrics, { "val/loss": -Infinity, equity: 19_999 });
    assert.equal((await tracker.reader.metricHistory(run.id, "equity")).values.length, 20_000);
    await tracker.close();
  } finally {
    await server.close();
    await Deno.remove(home, { recursive: true });
  }
});
