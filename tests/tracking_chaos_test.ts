import assert from "node:assert/strict";
import { connect } from "../lib/tracking/mod.ts";
import { seedPglite } from "./support/server.ts";
import { type ServerProcess, startServerProcess } from "./support/server_process.ts";

Deno.test({
  name: "a server killed while a client logs: every point is there exactly once",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const home = await Deno.makeTempDir({ prefix: "tapebook-chaos-" });
    await seedPglite(home);
    const env: Record<string, string> = { TAPEBOOK_HOME: home };
    let server: ServerProcess = await startServerProcess(env);
    // The same address after each restart, as behind a name.
    env.TAPEBOOK_PORT = new URL(server.url).port;
    const warnings: string[] = [];
    const tracker = connect(server.url, {
      spoolDir: `${home}/spool`,
      flushIntervalMs: 10,
      maxBackoffMs: 200,
      offlineAfterMs: 500,
      warn: (message) => warnings.push(message),
    });
    try {
      const run = await tracker.startRun({ experiment: "chaos", name: "steady" });
      let step = 0;
      let isOver = false;
      const logging = (async () => {
        while (!isOver) {
          for (let i = 0; i < 20; i++) run.logMetric("loss", 1 / (step + 1), { step: step++ });
          run.setTag("last step", step);
          await new Promise((resolve) => setTimeout(resolve, 5));
        }
      })();
      const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
      await pause(300);
      const column = run.logMetricColumn(
        "equity",
        Float64Array.from({ length: 30_000 }, (_, i) => 100 + i),
      );
      await pause(30);
      await server.stop("SIGKILL");
      await pause(300);
      const offline = await tracker.startRun({
        experiment: "chaos",
        name: "begun in the dark",
        parentRunId: run.id,
      });
      assert.match(offline.id, /^pending-/);
      offline.logParams({ lr: 0.1 });
      await offline.logArtifact("note.txt", "kept");
      server = await startServerProcess(env);
      await pause(300);
      isOver = true;
      await logging;
      await column;
      await offline.end();
      await run.end();
      await tracker.flush();

      const loss = await tracker.reader.metricHistory(run.id, "loss");
      assert.equal(loss.steps.length, step, "no point lost, none twice");
      assert.equal(new Set(loss.steps).size, step);
      const equity = await tracker.reader.metricHistory(run.id, "equity");
      assert.equal(equity.steps.length, 30_000);
      assert.equal(new Set(equity.steps).size, 30_000);
      const record = await tracker.getRun(run.id);
      assert.equal(record.status, "FINISHED");
      assert.equal(record.tags["last step"], String(step));
      const runs = await tracker.reader.searchRuns({ experimentIds: [record.experimentId] });
      assert.equal(runs.length, 2, "no run was made twice");
      const dark = runs.find((r) => r.name === "begun in the dark")!;
      assert.equal(dark.tags["mlflow.parentRunId"], run.id);
      assert.deepEqual(dark.params, { lr: "0.1" });
      assert.equal(dark.status, "FINISHED");
      assert.equal(
        new TextDecoder().decode(await tracker.reader.downloadArtifact(dark.runId, "note.txt")),
        "kept",
      );
      assert.equal(tracker.waiting, 0);
    } finally {
      await tracker.close();
      await server.stop("SIGKILL").catch(() => {});
    }
    const left = [...Deno.readDirSync(`${home}/spool`)].flatMap((dir) =>
      [...Deno.readDirSync(`${home}/spool/${dir.name}`)].filter((e) => e.isFile)
    );
    assert.deepEqual(left, [], "the spool is empty");
    await Deno.remove(home, { recursive: true });
  },
});

Deno.test({
  name: "a program killed during an outage: the next one delivers what it left",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const home = await Deno.makeTempDir({ prefix: "tapebook-chaos-" });
    await seedPglite(home);
    const env: Record<string, string> = { TAPEBOOK_HOME: home };
    let server = await startServerProcess(env);
    env.TAPEBOOK_PORT = new URL(server.url).port;
    const { url } = server;
    const program = `${home}/program.ts`;
    await Deno.writeTextFile(
      program,
      `import { connect } from ${
        JSON.stringify(new URL("../lib/tracking/mod.ts", import.meta.url).href)
      };
      const tracker = connect(Deno.args[0], { spoolDir: Deno.args[1], flushIntervalMs: 5, warn: () => {} });
      const run = await tracker.startRun({ name: "doomed" });
      console.log(run.id);
      for (let step = 0;; step++) {
        run.logMetric("loss", step, { step, timestamp: 1 });
        if (step % 10 === 9) await new Promise((resolve) => setTimeout(resolve, 1));
      }`,
    );
    const child = new Deno.Command(Deno.execPath(), {
      args: ["run", "-A", "--no-check", program, url, `${home}/spool`],
      cwd: new URL("..", import.meta.url).pathname,
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = child.stdout.getReader();
    const runId = new TextDecoder().decode((await reader.read()).value).trim();
    const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
    await pause(300);
    await server.stop("SIGKILL");
    await pause(500);
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    // All that the program had synced to its spool.
    let spooled = -1;
    for (const folder of Deno.readDirSync(`${home}/spool`)) {
      for (const e of Deno.readDirSync(`${home}/spool/${folder.name}`)) {
        if (!e.name.endsWith(".jsonl")) continue;
        const text = await Deno.readTextFile(`${home}/spool/${folder.name}/${e.name}`);
        for (const line of text.split("\n").slice(0, -1)) {
          for (const [, step] of line.matchAll(/\\"step\\":(\d+)/g)) {
            spooled = Math.max(spooled, Number(step));
          }
        }
      }
    }
    assert.ok(spooled > 0, "something waited in the spool");

    server = await startServerProcess(env);
    const tracker = connect(url, { spoolDir: `${home}/spool` });
    try {
      await tracker.flush();
      const { steps } = await tracker.reader.metricHistory(runId, "loss");
      assert.deepEqual(
        [...steps].sort((a, b) => a - b),
        Array.from({ length: spooled + 1 }, (_, i) => i),
        "every step up to the last one synced, once",
      );
    } finally {
      await tracker.close();
      await server.stop("SIGKILL");
      await Deno.remove(home, { recursive: true });
    }
  },
});
