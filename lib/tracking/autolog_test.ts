import assert from "node:assert/strict";
import { backtest } from "../backtester/mod.ts";
import { createStudy } from "../tuner/mod.ts";
import { connect, logBacktest, trainingCallbacks, trialCallbacks } from "./mod.ts";
import * as fluent from "./fluent.ts";
import { readSource } from "./capture.ts";
import { parseGpus, parseNetwork, SystemSampler } from "./system_metrics.ts";
import { TestingServer } from "./testing_server.ts";

async function withServer(body: (server: TestingServer, dir: string) => Promise<void>) {
  const server = new TestingServer();
  const dir = await Deno.makeTempDir();
  try {
    await body(server, dir);
  } finally {
    await server.stop();
    await Deno.remove(dir, { recursive: true });
  }
}

const pointsOf = (points: Set<string>, key: string) =>
  [...points].map((p) => p.split("|")).filter((p) => p[0] === key)
    .sort((a, b) => Number(a[2]) - Number(b[2])).map((p) => Number(p[3]));

Deno.test("trainingCallbacks() logs epochs and the best of them", () =>
  withServer(async (server, spoolDir) => {
    const tracker = connect(server.uri, { spoolDir });
    const run = await tracker.startRun({ name: "training" });
    const callbacks = trainingCallbacks(run, { config: { lr: 0.1 } });
    [3, 1, 2].forEach((validation_loss, epoch) =>
      callbacks.onEpoch({ epoch, metrics: { loss: validation_loss / 2, validation_loss } })
    );
    await run.end();
    const kept = server.run(run.id);
    assert.deepEqual(pointsOf(kept.points, "loss"), [1.5, 0.5, 1]);
    assert.deepEqual(pointsOf(kept.points, "best_validation_loss"), [3, 1]);
    assert.deepEqual(pointsOf(kept.points, "best_epoch"), [0, 1]);
    assert.equal(kept.params.get("lr"), "0.1");
    await tracker.close();
  }));

Deno.test("trialCallbacks() makes a child run of each trial of a study", () =>
  withServer(async (server, spoolDir) => {
    const tracker = connect(server.uri, { spoolDir });
    const parent = await tracker.startRun({ experiment: "tuning", name: "study" });
    const study = await createStudy({ direction: "minimize", seed: 7 });
    await study.optimize((trial) => {
      const x = trial.suggestFloat("x", -1, 1);
      trial.report(x * x, 0);
      trial.report(x * x / 2, 1);
      if (trial.number === 2) throw new RangeError("diverged");
      return x * x;
    }, { trials: 4, callbacks: trialCallbacks(tracker, parent) });
    await parent.end();
    const children = [...server.runs.values()].filter((r) =>
      r.tags.get("mlflow.parentRunId") === parent.id
    );
    assert.deepEqual(children.map((r) => r.name), ["trial 0", "trial 1", "trial 2", "trial 3"]);
    assert.deepEqual(children.map((r) => r.status), ["FINISHED", "FINISHED", "FAILED", "FINISHED"]);
    const best = study.trials[0];
    assert.deepEqual(pointsOf(children[0].points, "objective"), [best.value]);
    assert.equal(pointsOf(children[0].points, "objective/reported").length, 2);
    assert.equal(children[0].params.get("x"), String(best.params.x));
    assert.match(children[2].tags.get("tapebook.error")!, /diverged/);
    await tracker.close();
  }));

Deno.test("logBacktest() records metrics, columns by bar and trades", () =>
  withServer(async (server, spoolDir) => {
    const tracker = connect(server.uri, { spoolDir });
    const run = await tracker.startRun({ name: "backtest" });
    const time = Float64Array.from([-1, 1, 2].map((d) => d * 86_400_000));
    await logBacktest(run, {
      equity: Float64Array.from([100, 90, 120]),
      metrics: { sharpe: 1.5, max_drawdown: -0.1 },
      trades: [{ entryBar: 0, note: 'a "b", c' }, { entryBar: 1, pnl: -10 }],
      time,
    }, { prefix: "oos/" });
    await run.end();
    const kept = server.run(run.id);
    assert.deepEqual(pointsOf(kept.points, "oos/equity"), [100, 90, 120]);
    assert.deepEqual(
      pointsOf(kept.points, "oos/drawdown").map((x) => Math.round(x * 1000)),
      [0, -100, 0],
    );
    assert.deepEqual(pointsOf(kept.points, "oos/sharpe"), [1.5]);
    const csv = new TextDecoder().decode(
      server.artifacts.get(`0/${run.id}/artifacts/oos/backtest/trades.csv`),
    );
    assert.equal(csv, 'entryBar,note,pnl\n0,"a ""b"", c",\n1,,-10\n');
    // A real result has the shape that is asked for.
    const shape: Parameters<typeof logBacktest>[1] | ReturnType<typeof backtest> = {
      equity: time,
      metrics: {},
    };
    assert.ok(shape);
    await tracker.close();
  }));

Deno.test("fluent runs nest, and bodies side by side log to their own run", () =>
  withServer(async (server, spoolDir) => {
    await fluent.setTrackingUri(server.uri, { spoolDir });
    fluent.setExperiment("fluent");
    assert.throws(() => fluent.logMetric("x", 1), /a run must be active, got none/);
    await fluent.withRun({ name: "grid" }, async (parent) => {
      await Promise.all(
        [1, 2, 3].map((i) =>
          fluent.withRun({ name: `child ${i}` }, async (child) => {
            await new Promise((resolve) => setTimeout(resolve, 5));
            fluent.logParams({ i });
            assert.equal(fluent.activeRun()?.id, child.id);
          })
        ),
      );
      assert.equal(fluent.activeRun()?.id, parent.id);
    });
    await fluent.startRun({ name: "open" });
    fluent.setTag("a", "b");
    await fluent.logArtifact("a.txt", "text");
    await fluent.endRun();
    assert.equal(fluent.activeRun(), null);
    const runs = [...server.runs.values()];
    const grid = runs.find((r) => r.name === "grid")!;
    for (const i of [1, 2, 3]) {
      const child = runs.find((r) => r.name === `child ${i}`)!;
      assert.equal(child.params.get("i"), String(i));
      assert.equal(child.tags.get("mlflow.parentRunId"), grid.id);
    }
    assert.equal(runs.find((r) => r.name === "open")!.tags.get("a"), "b");
    await fluent.getTracker().close();
  }));

Deno.test("system metrics are read from the machine", async () => {
  const dev = `Inter-|   Receive
 face |bytes
    lo: 5 0 0 0 0 0 0 0 5 0 0 0 0 0 0 0
  eth0: 100 1 0 0 0 0 0 0 50 1 0 0 0 0 0 0
`;
  assert.deepEqual(parseNetwork(dev), { receivedBytes: 100, sentBytes: 50 });
  assert.deepEqual(parseGpus("35, 1000, 4000, 71.5\n"), {
    "system/gpu_0_utilization_percentage": 35,
    "system/gpu_0_memory_usage_megabytes": 1048.576,
    "system/gpu_0_memory_usage_percentage": 25,
    "system/gpu_0_power_usage_watts": 71.5,
  });
  const sampler = new SystemSampler();
  await sampler.sample();
  await new Promise((resolve) => setTimeout(resolve, 50));
  const metrics = await sampler.sample();
  assert.ok(metrics["system/process_memory_megabytes"] > 10);
  const percent = metrics["system/system_memory_usage_percentage"];
  assert.ok(percent > 0 && percent < 100, String(percent));
  const cpu = metrics["system/cpu_utilization_percentage"];
  assert.ok(cpu >= 0 && cpu <= 100, String(cpu));
});

Deno.test("a run with systemMetrics logs them until it ends", () =>
  withServer(async (server, spoolDir) => {
    const tracker = connect(server.uri, { spoolDir });
    const run = await tracker.startRun({ name: "busy", systemMetrics: { everyMs: 20 } });
    await new Promise((resolve) => setTimeout(resolve, 300));
    await run.end();
    await new Promise((resolve) => setTimeout(resolve, 60));
    const memory = pointsOf(server.run(run.id).points, "system/process_memory_megabytes");
    assert.ok(memory.length >= 2, `${memory.length} samples`);
    await tracker.close();
  }));

Deno.test("readSource() tells commit, branch, dirtiness and the lock's hash", async () => {
  const dir = await Deno.makeTempDir();
  const git = async (...args: string[]) => {
    const { success, stdout } = await new Deno.Command("git", {
      args: ["-C", dir, "-c", "user.name=t", "-c", "user.email=t@example.org", ...args],
      stderr: "null",
    }).output();
    assert.ok(success, args.join(" "));
    return new TextDecoder().decode(stdout).trim();
  };
  await git("init", "-q", "-b", "trunk");
  await Deno.writeTextFile(`${dir}/deno.lock`, "{}");
  await git("add", ".");
  await git("commit", "-q", "-m", "first");
  await Deno.mkdir(`${dir}/sub`);
  const clean = await readSource(`${dir}/sub`);
  assert.equal(clean["mlflow.source.git.commit"], await git("rev-parse", "HEAD"));
  assert.equal(clean["mlflow.source.git.branch"], "trunk");
  assert.equal(clean["tapebook.git.dirty"], "false");
  assert.equal(
    clean["tapebook.lock.sha256"],
    "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a",
  );
  await Deno.writeTextFile(`${dir}/deno.lock`, "{ }");
  assert.equal((await readSource(dir))["tapebook.git.dirty"], "true");
  await Deno.remove(dir, { recursive: true });
});
