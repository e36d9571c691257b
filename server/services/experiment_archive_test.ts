import assert from "node:assert/strict";
import { Buffer } from "node:buffer";
import type { Readable } from "node:stream";
import tar from "tar-stream";
import { openTestServer, type TestServer, testServer } from "../../tests/support/server.ts";

const v1 = "/api/tapebook/v1";
type TarEntry = Readable & { header: { name: string } };

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
  const reviews = await fillReviews(services, { experimentId, runId: run_id, traceId });
  return { name, experimentId, run_id, modelId: model.info.model_id, traceId, ...reviews, request };
}

/** An issue of the trace, a question, a queue in which the trace waits, and a scorer. */
async function fillReviews(
  { issues, labelSchemas, reviewQueues, scorers, tracking }: TestServer["services"],
  { experimentId, runId, traceId }: { experimentId: string; runId: string; traceId: string },
) {
  const found = { experimentId, name: "slow", description: "late", rootCauses: ["disk"] };
  const { issue_id } = await issues.create({ ...found, sourceRunId: runId, createdBy: "ann" });
  const elsewhere = await tracking.createRun({ experimentId: "0" });
  const foreign = await issues.create({ ...found, sourceRunId: elsewhere.info.run_id });
  const { schema_id } = await labelSchemas.create(
    { experimentId, name: "fine?", type: "FEEDBACK", input: { text: {} } as never },
    "ann",
  );
  const team = { experimentId, name: "Team", type: "CUSTOM" as const, users: ["ann", "bo"] };
  const { queue_id } = await reviewQueues.create({ ...team, schemaIds: [schema_id] }, "ann");
  await reviewQueues.addItems(queue_id, [traceId]);
  await reviewQueues.setStatus(queue_id, traceId, "COMPLETE", "bo");
  for (const text of ['{"v":1}', '{"v":2}']) await scorers.register(experimentId, "judge", text);
  const online = await scorers.setOnlineConfig({ experimentId, name: "judge" }, 0);
  return {
    issueId: issue_id,
    foreignIssueId: foreign.issue_id,
    schemaId: schema_id,
    queueId: queue_id,
    scorerId: online.scorer_id,
  };
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
    same(await before.issues.get(given.issueId), await after.issues.get(given.issueId));
    // Its run is of an experiment that is not there.
    assert.equal((await after.issues.get(given.foreignIssueId)).source_run_id, undefined);
    same(
      await before.labelSchemas.get(given.schemaId),
      await after.labelSchemas.get(given.schemaId),
    );
    same(await before.reviewQueues.get(given.queueId), await after.reviewQueues.get(given.queueId));
    const queued = await after.reviewQueues.listItems(given.queueId, {});
    same(await before.reviewQueues.listItems(given.queueId, {}), queued);
    assert.equal(queued.items[0].completed_by, "bo");
    const scorersOf = async ({ scorers }: typeof before, id: string) => [
      (await scorers.versions(id, "judge")).map((s) => [s.scorer_version, s.serialized_scorer]),
      await scorers.onlineConfigs([given.scorerId]),
    ];
    same(await scorersOf(before, given.experimentId), await scorersOf(after, experimentId));
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

/** The archive with `change` made to each of its entries; those that it makes null are left out. */
async function rewritten(
  archive: Uint8Array,
  change: (name: string, text: string) => string | null,
): Promise<Uint8Array> {
  const extract = tar.extract();
  const pack = tar.pack();
  extract.end(archive);
  for await (const entry of extract as unknown as AsyncIterable<TarEntry>) {
    const chunks: Uint8Array[] = [];
    for await (const chunk of entry) chunks.push(chunk);
    const given = Buffer.concat(chunks);
    const { name } = entry.header;
    const text = name.startsWith("blobs/") ? null : change(name, given.toString());
    if (name.startsWith("blobs/")) pack.entry({ name }, given);
    else if (text !== null) pack.entry({ name }, text);
  }
  pack.finalize();
  return Buffer.concat(await Array.fromAsync(pack as unknown as AsyncIterable<Uint8Array>));
}

testServer(
  "archives of the first format come in, those of unknown ones are refused",
  async (server) => {
    const given = await fill(server);
    const archive = await archiveOf(server, given.experimentId);
    const other = await openTestServer("pglite");
    try {
      const later = await rewritten(
        archive,
        (name, text) =>
          name === "manifest.json" ? text.replace("experiment-2", "experiment-3") : text,
      );
      const refused = await other.request("POST", `${v1}/experiments/import`, later);
      assert.equal(refused.status, 400);
      assert.match(
        refused.json<any>().message,
        /its format must be one of tapebook-experiment-1, tapebook-experiment-2, got tapebook-experiment-3; another/,
      );
      // As it was written before there were reviews.
      const added = /^(issues|label_schemas|review_|scorer|online_)/;
      const earlier = await rewritten(archive, (name, text) => {
        if (name !== "manifest.json") return added.test(name.split("/")[1] ?? "") ? null : text;
        const manifest = JSON.parse(text);
        for (const table of Object.keys(manifest.tables)) {
          if (added.test(table)) delete manifest.tables[table];
        }
        return JSON.stringify({ ...manifest, format: "tapebook-experiment-1" });
      });
      const answer = await other.request("POST", `${v1}/experiments/import`, earlier);
      assert.equal(answer.status, 200, answer.text);
      assert.equal((await other.services.tracking.getRun(given.run_id)).info.run_name, "kept");
    } finally {
      await other.close();
    }
  },
);
