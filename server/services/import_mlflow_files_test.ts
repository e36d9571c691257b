import assert from "node:assert/strict";
import { createReadStream } from "node:fs";
import { mkdir, writeFile } from "node:fs/promises";
import { dirname, join } from "node:path";
import { createGunzip } from "node:zlib";
import tar from "tar-stream";
import { testServer } from "../../tests/support/server.ts";
import { importMlflow } from "./import_mlflow.ts";

const runId = "38688113ee3146cb8c3befacba34fde0";

/** The store in testdata, which testdata/make_mlruns.py made. */
async function unpackStore(folder: string): Promise<string> {
  const extract = tar.extract();
  const file = new URL("./testdata/mlruns.tar.gz", import.meta.url);
  createReadStream(file).pipe(createGunzip()).pipe(extract as never);
  for await (const entry of extract) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry) chunks.push(chunk as Uint8Array);
    if (entry.header.type !== "file") continue;
    const path = join(folder, entry.header.name);
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, new Uint8Array(await new Blob(chunks as BlobPart[]).arrayBuffer()));
  }
  return join(folder, "mlruns");
}

testServer("MLflow's folder of files is taken over whole, and once", async ({ services }) => {
  const folder = await Deno.makeTempDir({ prefix: "tapebook-import-" });
  try {
    const store = await unpackStore(folder);
    assert.deepEqual(await importMlflow(services, store), {
      experiments: 2,
      runs: 3,
      skippedRuns: 0,
      points: 7,
      models: 1,
      versions: 1,
      artifacts: 1,
    });
    const { tracking, artifacts, registry } = services;
    const run = await tracking.getRun(runId);
    assert.equal(run.info.run_name, "first: 'x'");
    assert.equal(run.info.status, "FINISHED");
    assert.deepEqual(run.data.params, [{ key: "lr", value: "multi\nline" }]);
    assert.equal(run.data.tags.find((t) => t.key === "t/sub")?.value, "v");
    assert.deepEqual(run.inputs.dataset_inputs.map((i) => [i.dataset.name, i.tags]), [
      ["bars", [{ key: "mlflow.data.context", value: "train" }]],
    ]);
    const loss = await tracking.getMetricHistory(runId, "loss/val");
    assert.deepEqual(
      loss.items.map((p) => [p.timestamp, p.value, p.step]),
      [0, 1, 2, 3, 4].map((i) => [i + 1, i / 7, i]),
    );
    const odd = await tracking.getMetricHistory(runId, "odd");
    assert.deepEqual(odd.items.map((p) => p.value), [NaN, -Infinity]);
    const note = await artifacts.read("models:/from-files@champion/a.txt");
    assert.equal(new TextDecoder().decode(note), "hello");
    const version = await registry.getVersion("from-files", "1");
    assert.equal(version.current_stage, "Production");
    assert.deepEqual(version.tags, [{ key: "k", value: "v" }]);
    const experiment = (await tracking.getExperimentByName("files"))!;
    assert.deepEqual(experiment.tags, [{ key: "team", value: 'q: "x"\nline' }]);
    const deleted = await tracking.searchRuns([experiment.experiment_id], {
      viewType: "DELETED_ONLY",
    });
    assert.deepEqual(deleted.items.map((r) => r.info.run_name), ["gone"]);
    assert.equal((await tracking.getExperimentByName("trash"))?.lifecycle_stage, "deleted");
    const again = await importMlflow(services, store);
    assert.deepEqual([again.runs, again.skippedRuns, again.models], [0, 3, 0]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

testServer("a folder that is no store is refused", async ({ services }) => {
  const folder = await Deno.makeTempDir();
  await assert.rejects(importMlflow(services, folder), /no folder in it has a meta\.yaml/);
  await Deno.remove(folder);
});
