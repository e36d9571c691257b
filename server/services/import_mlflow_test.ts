import assert from "node:assert/strict";
import { testWith } from "../../tests/support/components.ts";
import { openTestServer } from "../../tests/support/server.ts";
import { importMlflow } from "./import_mlflow.ts";

testWith("mlflow", "an MLflow SQLite store is taken over whole, and once", async (python) => {
  const folder = await Deno.makeTempDir({ prefix: "tapebook-import-" });
  const server = await openTestServer("pglite");
  try {
    const script = new URL("../../tests/mlflow_client/make_store.py", import.meta.url).pathname;
    const { stdout, stderr, success } = await new Deno.Command(python, {
      args: [script, folder],
      stdout: "piped",
      stderr: "piped",
    }).output();
    assert.ok(success, new TextDecoder().decode(stderr));
    const runId = new TextDecoder().decode(stdout).trim().split("\n").at(-1)!;
    const { services } = server;
    const report = await importMlflow(services, `${folder}/mlflow.db`);
    assert.deepEqual(report, {
      experiments: 1,
      runs: 2,
      skippedRuns: 0,
      points: 502,
      models: 1,
      versions: 1,
      artifacts: 1,
    });
    const run = await services.tracking.getRun(runId);
    assert.equal(run.info.run_name, "first");
    assert.equal(run.info.status, "FINISHED");
    assert.deepEqual(run.data.params, [{ key: "lr", value: "0.1" }, {
      key: "note",
      value: "it's",
    }]);
    const loss = await services.tracking.getMetricHistory(runId, "loss");
    assert.equal(loss.items.length, 500);
    assert.equal(loss.items[9].value, 0.1);
    const odd = await services.tracking.getMetricHistory(runId, "odd");
    assert.deepEqual(odd.items.map((p) => p.value).sort(), [Infinity, NaN]);
    const note = await services.artifacts.read("models:/model@champion/a.txt");
    assert.equal(new TextDecoder().decode(note), "hello");
    const experiment = await services.tracking.getExperimentByName("imported");
    const deleted = await services.tracking.searchRuns([experiment!.experiment_id], {
      viewType: "DELETED_ONLY",
    });
    assert.deepEqual(deleted.items.map((r) => r.info.run_name), ["gone"]);
    const again = await importMlflow(services, `${folder}/mlflow.db`);
    assert.deepEqual([again.runs, again.skippedRuns, again.models], [0, 2, 0]);
  } finally {
    await server.close();
    await Deno.remove(folder, { recursive: true });
  }
}, { sanitizeOps: false, sanitizeResources: false });

Deno.test("importMlflow() says what it wants when it is given something else", async () => {
  const file = await Deno.makeTempFile();
  await Deno.writeTextFile(file, "no database");
  await assert.rejects(
    importMlflow({} as Parameters<typeof importMlflow>[0], file),
    /^Error: Cannot import .*: it must be a SQLite database of an MLflow server/,
  );
  await Deno.remove(file);
});
