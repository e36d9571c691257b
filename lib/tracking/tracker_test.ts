import assert from "node:assert/strict";
import { connect, type ConnectOptions, RejectedError, type Tracker, TrackingError } from "./mod.ts";
import { TestingServer } from "./testing_server.ts";

interface Bench {
  server: TestingServer;
  spoolDir: string;
  warnings: string[];
  open(options?: ConnectOptions): Tracker;
}

/** A test with a server and a spool folder of its own; trackers are closed afterwards. */
function trackingTest(name: string, body: (bench: Bench) => Promise<void>): void {
  Deno.test(name, async () => {
    const server = new TestingServer();
    const spoolDir = await Deno.makeTempDir();
    const trackers: Tracker[] = [];
    const warnings: string[] = [];
    try {
      await body({
        server,
        spoolDir,
        warnings,
        open: (options) => {
          const tracker = connect(server.uri, {
            spoolDir,
            flushIntervalMs: 5,
            backoffBaseMs: 5,
            maxBackoffMs: 20,
            offlineAfterMs: 100,
            retries: 2,
            warn: (m) => warnings.push(m),
            ...options,
          });
          trackers.push(tracker);
          return tracker;
        },
      });
    } finally {
      for (const tracker of trackers) await tracker.close();
      await server.stop();
      await Deno.remove(spoolDir, { recursive: true });
    }
  });
}

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
