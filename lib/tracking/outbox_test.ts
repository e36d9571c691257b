import assert from "node:assert/strict";
import { TrackingError } from "./mod.ts";
import { trackingTest } from "./testing_bench.ts";

const spoolFiles = (dir: string) => {
  const found: string[] = [];
  for (const folder of Deno.readDirSync(dir)) {
    for (const e of Deno.readDirSync(`${dir}/${folder.name}`)) {
      if (e.name.endsWith(".jsonl")) found.push(`${dir}/${folder.name}/${e.name}`);
    }
  }
  return found;
};

trackingTest(
  "while the server is away everything waits on disk and arrives once, in order",
  async (b) => {
    const tracker = b.open();
    const run = await tracker.startRun({ name: "outage" });
    run.logMetric("m", 0);
    await run.flush();
    await b.server.stop();
    for (let i = 1; i <= 2000; i++) run.logMetric("m", i);
    run.setTag("phase", "one");
    await assert.rejects(run.flush({ timeoutMs: 50 }), (error: unknown) => {
      assert.ok(error instanceof TrackingError);
      assert.match(error.message, /Cannot flush within 50 ms: \d+ operations wait in .*refused/);
      return true;
    });
    await run.logArtifact("a.txt", "kept");
    run.setTag("phase", "two");
    const orphan = await tracker.startRun({ name: "made offline", parentRunId: run.id });
    assert.match(orphan.id, /^pending-/);
    assert.match(b.warnings[0], /run "made offline" is not at .* yet in /);
    orphan.logParams({ made: "offline" });
    assert.ok(spoolFiles(b.spoolDir).length === 1);

    b.server.start();
    await tracker.flush();
    assert.match(orphan.id, /^[0-9a-f]{32}$/);
    const kept = b.server.run(run.id);
    assert.equal(kept.points.size, 2001);
    assert.equal(kept.tags.get("phase"), "two");
    assert.equal(b.server.artifacts.size, 1);
    assert.equal(b.server.run(orphan.id).tags.get("mlflow.parentRunId"), run.id);
    assert.equal(b.server.run(orphan.id).params.get("made"), "offline");
    await tracker.endAll();
    assert.equal(b.server.runs.size, 2);
    await tracker.close();
    assert.deepEqual(spoolFiles(b.spoolDir), []);
  },
);

trackingTest("a child that is delivered before its parent waits for it", async (b) => {
  await b.server.stop();
  const tracker = b.open();
  const parent = await tracker.startRun({ name: "parent" });
  const child = await tracker.startRun({ name: "child", parentRunId: parent.id });
  await Promise.all([
    child.end("FINISHED", { timeoutMs: 1 }),
    parent.end("FINISHED", { timeoutMs: 1 }),
  ]);
  // The parent's creation is answered late, so that the child's turn comes first.
  b.server.fault = async (request, path) => {
    if (path !== "runs/create") return;
    const body = await request.clone().text().catch(() => "");
    if (body.includes('"parent"')) await new Promise((resolve) => setTimeout(resolve, 50));
    return undefined;
  };
  b.server.start();
  await tracker.flush();
  const made = [...b.server.runs.values()].find((r) => r.name === "child")!;
  assert.equal(made.tags.get("mlflow.parentRunId"), parent.id);
  assert.match(parent.id, /^[0-9a-f]{32}$/);
});

trackingTest("what a program left in the spool is delivered by the next one", async (b) => {
  const first = b.open();
  const run = await first.startRun({ name: "left behind" });
  await run.flush();
  await b.server.stop();
  run.logMetric("m", 1, { step: 1, timestamp: 1 });
  await run.logArtifact("a.txt", "kept");
  const offline = await first.startRun({ name: "never seen" });
  offline.logMetric("n", 2, { step: 1, timestamp: 1 });
  await offline.end("KILLED", { timeoutMs: 20 });
  await run.end("FINISHED", { timeoutMs: 20 });
  await first.close();
  assert.equal(spoolFiles(b.spoolDir).length, 1);

  b.server.start();
  const second = b.open();
  await second.flush();
  const kept = b.server.run(run.id);
  assert.deepEqual([...kept.points], ["m|1|1|1"]);
  assert.equal(kept.status, "FINISHED");
  const made = [...b.server.runs.values()].find((r) => r.name === "never seen")!;
  assert.deepEqual([...made.points], ["n|1|1|2"]);
  assert.equal(made.status, "KILLED");
  assert.equal(b.server.artifacts.size, 1);
  await second.close();
  assert.deepEqual(spoolFiles(b.spoolDir), []);
});

trackingTest("a spool torn in its last line loses only what was never synced", async (b) => {
  const first = b.open();
  await b.server.stop();
  const run = await first.startRun({ name: "torn" });
  run.logMetric("m", 1, { step: 1, timestamp: 1 });
  await run.end("FINISHED", { timeoutMs: 20 });
  await first.close();
  const [file] = spoolFiles(b.spoolDir);
  await Deno.writeTextFile(file, '{"seq":99,"op":{"kind":"bat', { append: true });
  b.server.start();
  const second = b.open();
  await second.flush();
  const made = [...b.server.runs.values()];
  assert.equal(made.length, 1);
  assert.deepEqual([...made[0].points], ["m|1|1|1"]);
});

trackingTest(
  "a spool that cannot be written is told of once, and memory serves instead",
  async (b) => {
    const file = `${b.spoolDir}/a-file`;
    await Deno.writeTextFile(file, "");
    const tracker = b.open({ spoolDir: `${file}/spool` });
    const run = await tracker.startRun({ name: "no disk" });
    await b.server.stop();
    for (let i = 0; i < 3; i++) {
      run.logMetric("m", i);
      await assert.rejects(run.flush({ timeoutMs: 20 }), /Cannot flush within 20 ms/);
    }
    const told = b.warnings.filter((w) =>
      /Cannot spool to .*waiting records are in memory/.test(w)
    );
    assert.equal(told.length, 1);
    b.server.start();
    await run.end();
    assert.equal(b.server.run(run.id).points.size, 3);
    await Deno.remove(file);
  },
);

trackingTest("an answer that gets lost makes no second run and no second point", async (b) => {
  const tracker = b.open();
  let lost = 0;
  b.server.faultAfter = (_request, path) => {
    if (["runs/create", "runs/log-batch"].includes(path) && lost++ % 2 === 0) {
      return new Response("gone", { status: 503 });
    }
  };
  const run = await tracker.startRun({ name: "once", experiment: "Default" });
  for (let i = 0; i < 10; i++) {
    run.logMetric("m", i);
    await run.flush();
  }
  await run.end();
  assert.equal(b.server.runs.size, 1);
  assert.equal(b.server.run(run.id).points.size, 10);
  assert.ok(b.server.run(run.id).received > 10);
});

trackingTest("a busy server is asked again no sooner than its Retry-After", async (b) => {
  const run = await b.open().startRun({ name: "busy" });
  const asked: number[] = [];
  b.server.fault = (_request, path) => {
    if (path !== "runs/log-batch") return;
    asked.push(performance.now());
    if (asked.length === 1) {
      return new Response("{}", { status: 429, headers: { "retry-after": "0.3" } });
    }
  };
  run.logMetric("m", 1);
  run.send();
  await new Promise((resolve) => setTimeout(resolve, 600));
  assert.equal(asked.length, 2);
  assert.ok(asked[1] - asked[0] >= 299, `${asked[1] - asked[0]} ms`);
  await run.end();
});

trackingTest(
  "wrong credentials are named, and what was logged is kept for the next try",
  async (b) => {
    const tracker = b.open();
    const run = await tracker.startRun({ name: "token" });
    b.server.fault = () =>
      Response.json({ error_code: "UNAUTHENTICATED", message: "Token expired" }, { status: 401 });
    run.logMetric("m", 1);
    await assert.rejects(
      run.flush({ timeoutMs: 5000 }),
      /Token expired \(set MLFLOW_TRACKING_TOKEN/,
    );
    await assert.rejects(tracker.startRun({ name: "no" }), /Token expired/);
    b.server.fault = null;
    await run.end();
    assert.equal(b.server.run(run.id).points.size, 1);
  },
);

trackingTest("startRun() with offline: fail says why, and starts nothing later", async (b) => {
  await b.server.stop();
  const tracker = b.open({ offline: "fail" });
  await assert.rejects(tracker.startRun({ name: "x" }), /Cannot start run "x": Cannot reach/);
  b.server.start();
  await tracker.flush();
  assert.equal(b.server.runs.size, 0);
});
