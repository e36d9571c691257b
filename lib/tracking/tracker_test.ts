import assert from "node:assert/strict";
import { RejectedError } from "./mod.ts";
import { trackingTest } from "./testing_bench.ts";
import { TestingServer } from "./testing_server.ts";

const spoolFiles = (dir: string) => {
  const found: string[] = [];
  for (const folder of Deno.readDirSync(dir)) {
    for (const e of Deno.readDirSync(`${dir}/${folder.name}`)) {
      if (e.name.endsWith(".jsonl")) found.push(`${dir}/${folder.name}/${e.name}`);
    }
  }
  return found;
};

trackingTest("a run's params, metrics, tags, datasets and artifacts arrive", async (b) => {
  const tracker = b.open();
  const parent = await tracker.startRun({ experiment: "momentum", name: "parent" });
  const run = await tracker.startRun({
    experiment: "momentum",
    name: "child",
    parentRunId: parent.id,
    tags: { side: "long" },
  });
  run.logParams({ model: { units: 32 }, lr: 1e-3 });
  run.logMetric("loss", 0.5);
  run.logMetric("loss", 0.25);
  run.logMetrics({ "val/loss": NaN }, { step: 7, timestamp: 9 });
  run.setTags({ note: "first" });
  run.logInputs({ name: "sp500", digest: "f".repeat(64), context: "test" });
  await run.logArtifact("report.md", "# It worked");
  await run.logArtifact("model/a b.bin", new Uint8Array([1, 2, 3]));
  await run.end();
  await parent.end("FAILED");

  const kept = b.server.run(run.id);
  assert.equal(kept.experimentId, b.server.experiments.get("momentum"));
  assert.deepEqual([...kept.params], [["model.units", "32"], ["lr", "0.001"]]);
  assert.equal(kept.tags.get("mlflow.parentRunId"), parent.id);
  assert.equal(kept.tags.get("side"), "long");
  assert.equal(kept.tags.get("note"), "first");
  const points = [...kept.points].map((p) => p.split("|"));
  assert.deepEqual(points.filter((p) => p[0] === "loss").map((p) => [p[2], p[3]]), [
    ["0", "0.5"],
    ["1", "0.25"],
  ]);
  assert.deepEqual(points.find((p) => p[0] === "val/loss"), ["val/loss", "9", "7", "NaN"]);
  assert.equal(kept.status, "FINISHED");
  assert.equal(b.server.run(parent.id).status, "FAILED");
  // deno-lint-ignore no-explicit-any
  const dataset = kept.datasets[0] as any;
  assert.equal(dataset.dataset.digest.length, 36);
  assert.equal(
    dataset.tags.find((t: { key: string }) => t.key === "tapebook.fingerprint").value,
    "f".repeat(64),
  );
  assert.equal(
    new TextDecoder().decode(
      b.server.artifacts.get(`${kept.experimentId}/${run.id}/artifacts/report.md`),
    ),
    "# It worked",
  );
  assert.deepEqual(
    await tracker.reader.downloadArtifact(run.id, "model/a b.bin"),
    new Uint8Array([1, 2, 3]),
  );
});

trackingTest(
  "logging in a loop is sent in batches, a column a thousand points at a time",
  async (b) => {
    const run = await b.open().startRun({ name: "many" });
    for (let i = 0; i < 5000; i++) run.logMetric("a", i, { step: i });
    await run.logMetricColumn("b", Float64Array.from({ length: 4500 }, (_, i) => i / 2), {
      steps: Float64Array.from({ length: 4500 }, (_, i) => 10 * i),
    });
    await run.end();
    const kept = b.server.run(run.id);
    assert.equal(kept.points.size, 9500);
    assert.equal(kept.received, 9500);
    const batches = b.server.requests.filter((r) => r.endsWith("log-batch")).length;
    assert.ok(batches >= 10 && batches <= 16, `${batches} batches`);
  },
);

trackingTest(
  "a param that changes is refused at once, and nothing of the call is kept",
  async (b) => {
    const run = await b.open().startRun({ name: "params" });
    run.logParams({ lr: 0.1 });
    run.logParams({ lr: 0.1 });
    assert.throws(
      () => run.logParams({ units: 8, lr: 0.2 }),
      /Cannot log param "lr": its value must stay "0.1", got "0.2"/,
    );
    await run.end();
    assert.deepEqual([...b.server.run(run.id).params], [["lr", "0.1"]]);
    assert.throws(() => run.logMetric("x", 1), /must be active, got one that ended as FINISHED/);
  },
);

trackingTest("a param that the server refuses does not take its batch with it", async (b) => {
  const tracker = b.open();
  const run = await tracker.startRun({ name: "clash" });
  b.server.run(run.id).params.set("lr", "9");
  run.logParams({ a: 1, b: 2, lr: 1, c: 3 });
  run.logMetric("loss", 1);
  await assert.rejects(run.flush(), (error: unknown) => {
    assert.ok(error instanceof RejectedError);
    assert.equal(error.rejections.length, 1);
    assert.match(error.message, /Cannot log param "lr" to run .*Changing param values is not/);
    return true;
  });
  const kept = b.server.run(run.id);
  assert.deepEqual([...kept.params.keys()].sort(), ["a", "b", "c", "lr"]);
  assert.equal(kept.points.size, 1);
  const refused = spoolFiles(b.spoolDir).find((f) => f.endsWith("refused.jsonl"))!;
  assert.match(await Deno.readTextFile(refused), /"lr\\?"/);
  await run.end();
});

trackingTest(
  "withRun() marks a run whose body throws FAILED and lets the error through",
  async (b) => {
    const tracker = b.open();
    await assert.rejects(
      tracker.withRun({ name: "bad" }, () => {
        throw new RangeError("diverged");
      }),
      /diverged/,
    );
    const [run] = [...b.server.runs.values()];
    assert.equal(run.status, "FAILED");
    assert.match(run.tags.get("tapebook.error")!, /diverged/);
  },
);

trackingTest("resumeRun() goes on with a run, its params still unchangeable", async (b) => {
  const tracker = b.open();
  const run = await tracker.startRun({ name: "again" });
  run.logParams({ lr: 1 });
  await run.end();
  const again = await tracker.resumeRun(run.id);
  assert.throws(() => again.logParams({ lr: 2 }), /must stay "1", got "2"/);
  again.logMetric("m", 1);
  await again.end();
  assert.equal(b.server.run(run.id).points.size, 1);
  assert.equal(b.server.run(run.id).status, "FINISHED");
});

trackingTest("bad input is refused with the field, the value and what is allowed", async (b) => {
  const run = await b.open().startRun({ name: "bad input" });
  assert.throws(() => run.logMetric("a;b", 1), /key must contain only .*got "a;b"/);
  assert.throws(() => run.logMetric("a", "1" as unknown as number), /value must be a number/);
  await assert.rejects(
    run.logMetricColumn("c", new Float64Array(3), { steps: [1, 2] }),
    /steps must have 3 entries, got 2/,
  );
  await assert.rejects(run.logArtifact("../x", ""), /path must be relative/);
  await assert.rejects(run.logArtifactFile("/no/such"), /file must exist, got "\/no\/such"/);
  await run.end();
});

Deno.test("a signal marks active runs KILLED before the program leaves", async () => {
  const server = new TestingServer();
  const spoolDir = await Deno.makeTempDir();
  const script = `
    import { connect, endRunsOnSignal } from ${
    JSON.stringify(new URL("./mod.ts", import.meta.url).href)
  };
    const tracker = connect(Deno.args[0], { spoolDir: Deno.args[1] });
    endRunsOnSignal(tracker);
    const run = await tracker.startRun({ name: "long" });
    run.logMetric("m", 1);
    console.log(run.id);
    setInterval(() => {}, 1000);
  `;
  const file = `${spoolDir}/script.ts`;
  await Deno.writeTextFile(file, script);
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--no-check", file, server.uri, spoolDir],
    stdout: "piped",
    stderr: "null",
    cwd: new URL("../..", import.meta.url).pathname,
  }).spawn();
  const reader = child.stdout.getReader();
  const first = await reader.read();
  const id = new TextDecoder().decode(first.value).trim();
  child.kill("SIGINT");
  const { code } = await child.status;
  await reader.cancel();
  assert.equal(code, 130);
  assert.equal(server.run(id).status, "KILLED");
  assert.equal(server.run(id).points.size, 1);
  await server.stop();
  await Deno.remove(spoolDir, { recursive: true });
});
