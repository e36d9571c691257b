import assert from "node:assert/strict";
import { createStudy, httpStore, workersExecutor } from "../../lib/tuner/mod.ts";
import { truth } from "../../lib/tuner/testdata/chaos_objective.ts";
import { createRng } from "../../lib/math/mod.ts";
import { readConfig } from "../config.ts";
import { createLogger } from "../log.ts";
import { startServer } from "../start.ts";
import { seedPglite } from "../../tests/support/server.ts";
import { type ServerProcess, startServerProcess } from "../../tests/support/server_process.ts";

const objectives = new URL("../../lib/tuner/testdata/chaos_objective.ts", import.meta.url).href;

async function withHome(body: (home: string) => Promise<void>) {
  const home = await Deno.makeTempDir({ prefix: "tapebook-chaos-" });
  try {
    await body(home);
  } finally {
    await Deno.remove(home, { recursive: true });
  }
}
const start = (home: string, port = 0) =>
  startServer(
    readConfig({
      TAPEBOOK_HOME: home,
      TAPEBOOK_PORT: String(port),
      TAPEBOOK_HOST: "127.0.0.1",
      TAPEBOOK_AUTH: "off",
    }),
    { log: createLogger("error") },
  );

/** A server in a process of its own, so that it can be killed as a power cut would. */
const serve = (home: string, port: number): Promise<ServerProcess> =>
  startServerProcess({
    TAPEBOOK_HOME: home,
    TAPEBOOK_PORT: String(port),
    TAPEBOOK_HOST: "127.0.0.1",
    TAPEBOOK_AUTH: "off",
    DATABASE_URL: "",
  });

Deno.test("200 trials survive killed workers and a server killed twice: each ends once, the best is the true maximum", async () => {
  await withHome(async (home) => {
    await seedPglite(home);
    let server = await serve(home, 0);
    const { url } = server;
    const port = Number(new URL(url).port);
    const study = createStudy({
      name: "chaos",
      direction: "maximize",
      seed: 5,
      store: httpStore({ url, experiment: "chaos", maxAttempts: 20 }),
    });
    await study.ready();
    const rng = createRng(9);
    const processes: Deno.ChildProcess[] = [];
    let killed = 0;
    let restarts = 0;
    let ended = 0;
    const chaos = setInterval(() => {
      const target = processes[rng.integer(Math.max(1, processes.length))];
      if (!target || killed >= 5) return;
      try {
        target.kill("SIGKILL");
        killed++;
      } catch { /* it has ended already */ }
    }, 1000);
    try {
      const result = await study.optimize(`${objectives}#objective`, {
        trials: 200,
        workers: 3,
        maxConsecutiveErrors: Infinity,
        executor: workersExecutor({
          leaseMs: 1000,
          restarts: 30,
          output: "null",
          onStart: (process) => {
            processes.push(process);
            process.status.then(() => processes.splice(processes.indexOf(process), 1));
          },
        }),
        async onTrial() {
          ended++;
          if (restarts < 2 && ended >= 60 * (restarts + 1)) {
            restarts++;
            await server.stop("SIGKILL");
            server = await serve(home, port);
          }
        },
      });
      assert.equal(result.finished, 200);
    } finally {
      clearInterval(chaos);
    }
    assert.equal(restarts, 2);
    assert.ok(killed >= 3, `${killed} workers were killed`);
    // What the store holds, read anew.
    const stored = createStudy({
      name: "chaos",
      direction: "maximize",
      ifExists: "load",
      store: httpStore({ url }),
    });
    await stored.ready();
    const { trials } = stored;
    assert.deepEqual(trials.map((t) => t.number), Array.from({ length: 200 }, (_, i) => i));
    let best = -Infinity;
    for (const t of trials) {
      const expected = t.params.n === 9 ? "pruned" : t.params.n === 8 ? "failed" : "complete";
      assert.equal(t.state, expected, `trial ${t.number}: ${t.error}`);
      if (t.state !== "complete") continue;
      assert.equal(t.value, truth(t.params as { x: number; n: number }));
      assert.equal(t.intermediate.size, 3);
      best = Math.max(best, t.value);
    }
    assert.equal(stored.best.value, best);
    assert.ok(trials.some((t) => t.attempt > 1), "some trial was run again");
    await everyTrialHasOneRun(url, "chaos", 200);
    await stored.close();
    await study.close();
    await server.stop("SIGKILL");
  });
});

/** Waits until the study's run is finished, then counts the runs below it: one per trial. */
async function everyTrialHasOneRun(url: string, study: string, trials: number): Promise<void> {
  const ask = async (path: string, body?: unknown) => {
    const response = await fetch(url + path, {
      method: body ? "POST" : "GET",
      headers: { "content-type": "application/json" },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
    return await response.json();
  };
  const { runId, experimentId } = await ask(`/api/tapebook/v1/studies/${study}`);
  for (let tries = 0;; tries++) {
    const { run } = await ask(`/api/2.0/mlflow/runs/get?run_id=${runId}`);
    if (run.info.status === "FINISHED") break;
    assert.ok(tries < 200, "the study's run is finished at last");
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  const { runs } = await ask("/api/2.0/mlflow/runs/search", {
    experiment_ids: [experimentId],
    filter: `tags."mlflow.parentRunId" = '${runId}'`,
    max_results: 1000,
  });
  const numbers = runs.map((run: { data: { tags: { key: string; value: string }[] } }) =>
    Number(run.data.tags.find((t) => t.key === "tapebook.trial")!.value.split("/")[1])
  );
  assert.deepEqual(
    numbers.sort((a: number, b: number) => a - b),
    Array.from({ length: trials }, (_, i) => i),
  );
}

Deno.test("a worker that kills itself harms nobody: its trials are run again by another process", async () => {
  await withHome(async (home) => {
    const server = await start(home);
    const study = createStudy({
      name: "crashes",
      seed: 1,
      pruner: "none",
      store: httpStore({ url: server.url, experiment: null }),
    });
    await study.ready();
    const seen: number[] = [];
    const result = await study.optimize(`${objectives}#crash`, {
      trials: 5,
      workers: 1,
      executor: workersExecutor({ leaseMs: 2000, output: "null" }),
      onTrial: (t) => {
        seen.push(t.number);
      },
    });
    assert.deepEqual(result, { finished: 5, stopReason: "trials" });
    assert.deepEqual(seen.toSorted(), [0, 1, 2, 3, 4]);
    assert.deepEqual(study.trials.map((t) => [t.state, t.attempt]), [
      ["complete", 1],
      ["complete", 2],
      ["complete", 1],
      ["complete", 1],
      ["complete", 2],
    ]);
    await study.close();
    await server.close();
  });
});
