import assert from "node:assert/strict";
import { testWith } from "../../tests/support/components.ts";
import { connect } from "./mod.ts";

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
  const tracker = connect(mlflow.uri, { spoolDir: `${dir}/spool` });
  try {
    const parent = await tracker.startRun({ experiment: "momentum", name: "parent" });
    const run = await tracker.startRun({
      experiment: "momentum",
      name: "child",
      parentRunId: parent.id,
    });
    run.logParams({ model: { units: 32 }, lr: 1e-3 });
    run.logMetrics({ loss: NaN, "val/loss": -Infinity }, { step: 3 });
    await run.logMetricColumn("equity", Float64Array.from({ length: 1500 }, (_, i) => 100 + i));
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
    assert.deepEqual([...history.values], Array.from({ length: 1500 }, (_, i) => 100 + i));
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
    await tracker.setAlias("trend", "champion", version.version);
    assert.equal((await tracker.registry.getByAlias("trend", "champion")).runId, run.id);

    // A param that another program set meanwhile: refused by name, the rest is kept.
    const again = connect(mlflow.uri, { spoolDir: null });
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
    await mlflow.stop();
    await Deno.remove(dir, { recursive: true });
  }
});
