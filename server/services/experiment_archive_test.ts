import assert from "node:assert/strict";
import { openTestServer, type TestServer, testServer } from "../../tests/support/server.ts";

const v1 = "/api/tapebook/v1";

/** An experiment with something of everything that an archive holds. */
async function fill({ services, request }: TestServer) {
  const { tracking, artifacts, loggedModels, traces } = services;
  const name = `archived-${crypto.randomUUID()}`;
  const experimentId = await tracking.createExperiment(name, { tags: [{ key: "k", value: "ü" }] });
  const { info: { run_id } } = await tracking.createRun({ experimentId, runName: "kept" });
  await tracking.logBatch(run_id, {
    metrics: [NaN, Infinity, -0.5, 1e-300].map((value, step) => ({
      key: "loss/val",
      value,
      step,
      timestamp: 10 + step,
    })),
    params: [{ key: "p", value: "multi\nline" }],
    tags: [{ key: "t", value: "'\"\\" }],
  });
  const dataset = { name: "bars", digest: "d1", source_type: "local", source: "{}" };
  await tracking.logInputs(run_id, {
    datasets: [{ dataset, tags: [{ key: "c", value: "train" }] }],
  });
  const gone = await tracking.createRun({ experimentId, runName: "gone" });
  await tracking.deleteRun(gone.info.run_id);
  const model = await loggedModels.create({ experimentId, name: "net", sourceRunId: run_id });
  await tracking.logOutputs(run_id, [{ model_id: model.info.model_id, step: 1 }]);
  await artifacts.write(`runs:/${run_id}/a/b.bin`, crypto.getRandomValues(new Uint8Array(5000)));
  await artifacts.write(`models:/${model.info.model_id}/MLmodel`, "flavors: {}");
  const traceId = `tr-${crypto.randomUUID().replaceAll("-", "")}`;
  await traces.start({
    traceId,
    experimentId,
    requestTime: 1000,
    state: "OK",
    tags: { "mlflow.traceName": "ask" },
    metadata: {},
    assessments: [{ assessment_name: "good", feedback: { value: true } }],
  });
  return { name, experimentId, run_id, modelId: model.info.model_id, traceId, request };
}

async function archiveOf(server: TestServer, experimentId: string): Promise<Uint8Array> {
  const answer = await server.app.request(`${v1}/experiments/${experimentId}/archive`);
  assert.equal(answer.status, 200);
  return new Uint8Array(await answer.arrayBuffer());
}

testServer("an experiment goes from one server to another, whole", async (server) => {
  const given = await fill(server);
  const archive = await archiveOf(server, given.experimentId);
  const other = await openTestServer("pglite");
  try {
    // Numbers differ there, so that what is kept is kept by names.
    await other.services.tracking.createExperiment("another");
    await other.services.tracking.createRun({ experimentId: "0" });
    const answer = await other.request("POST", `${v1}/experiments/import`, archive);
    assert.equal(answer.status, 200, answer.text);
    const { experimentId, ...made } = answer.json<any>();
    assert.deepEqual(made, { name: given.name, runs: 2, points: 4, artifacts: 2 });
    const before = server.services;
    const after = other.services;
    const moved = (value: unknown) =>
      JSON.parse(
        JSON.stringify(value, (_, v) => typeof v === "number" && !isFinite(v) ? String(v) : v)
          .replaceAll(
            `mlflow-artifacts:/${given.experimentId}/`,
            `mlflow-artifacts:/${experimentId}/`,
          )
          .replaceAll(
            `"experiment_id":"${given.experimentId}"`,
            `"experiment_id":"${experimentId}"`,
          ),
      );
    const same = (a: unknown, b: unknown) => assert.deepEqual(moved(b), moved(a));
    same(
      await before.tracking.getRun(given.run_id),
      await after.tracking.getRun(given.run_id),
    );
    same(
      await before.tracking.getMetricHistory(given.run_id, "loss/val"),
      await after.tracking.getMetricHistory(given.run_id, "loss/val"),
    );
    same(await before.loggedModels.get(given.modelId), await after.loggedModels.get(given.modelId));
    assert.deepEqual(
      await after.artifacts.read(`runs:/${given.run_id}/a/b.bin`),
      await before.artifacts.read(`runs:/${given.run_id}/a/b.bin`),
    );
    const model = await after.artifacts.read(`models:/${given.modelId}/MLmodel`);
    assert.equal(new TextDecoder().decode(model), "flavors: {}");
    const trace = await after.traces.getInfo(given.traceId);
    assert.equal(
      trace.tags["mlflow.artifactLocation"],
      `mlflow-artifacts:/${experimentId}/traces/${given.traceId}/artifacts`,
    );
    assert.equal(trace.assessments.length, 1);
    const deleted = await after.tracking.searchRuns([experimentId], { viewType: "DELETED_ONLY" });
    assert.deepEqual(deleted.items.map((r) => r.info.run_name), ["gone"]);
    // It lives on there.
    await after.tracking.logMetrics(given.run_id, [
      { key: "loss/val", value: 2, step: 9, timestamp: 99 },
    ]);
    const again = await other.request("POST", `${v1}/experiments/import`, archive);
    assert.match(again.json<any>().message, /is here already; give another name/);
    const renamed = await other.request("POST", `${v1}/experiments/import?name=twice`, archive);
    assert.match(renamed.json<any>().message, /of it are here already/);
    assert.equal(await after.tracking.getExperimentByName("twice"), null);
  } finally {
    await other.close();
  }
});

testServer("a damaged archive changes nothing", async (server) => {
  const given = await fill(server);
  const archive = await archiveOf(server, given.experimentId);
  const at = (text: string) => new TextDecoder("latin1").decode(archive).indexOf(text);
  const flipped = (place: number) => {
    const copy = archive.slice();
    assert.ok(place > 0);
    copy[place] ^= 1;
    return copy;
  };
  const name = `never-${crypto.randomUUID()}`;
  const bad: Record<string, Uint8Array> = {
    "a changed row": flipped(at("multi")),
    "a changed artifact": flipped(at("flavors")),
    "cut short": archive.slice(0, archive.byteLength / 2),
    "no tar": new TextEncoder().encode("hello ".repeat(500)),
    "empty": new Uint8Array(),
  };
  for (const [what, bytes] of Object.entries(bad)) {
    const answer = await server.request("POST", `${v1}/experiments/import?name=${name}`, bytes);
    assert.equal(answer.status, 400, `${what}: ${answer.text}`);
    assert.match(answer.json<any>().message, /it is damaged or not an experiment's/, what);
  }
  assert.equal(await server.services.tracking.getExperimentByName(name), null);
  const missing = await server.request("GET", `${v1}/experiments/999999/archive`);
  assert.equal(missing.status, 404);
});
