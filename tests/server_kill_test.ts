import assert from "node:assert/strict";
import { testWith } from "./support/components.ts";
import { clusterFolder, clusterUrl, killCluster, restartCluster } from "./support/postgres.ts";
import { seedPglite } from "./support/server.ts";
import { type ServerProcess, startServerProcess } from "./support/server_process.ts";

const api = "/api/2.0/mlflow";

async function post(url: string, path: string, body: unknown): Promise<Response> {
  return await fetch(`${url}${api}${path}`, {
    method: "POST",
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  });
}

async function newRun(url: string): Promise<string> {
  const answer = await post(url, "/runs/create", { experiment_id: "0" });
  return (await answer.json()).run.info.run_id;
}

/**
 * Logs from many clients until `stop`, and remembers which points were acknowledged. A client ends
 * at its first refusal, unless it is to `goOn`.
 */
function logFromClients(url: string, runId: string, clients: number, goOn = false) {
  const acknowledged = new Map<string, Set<number>>();
  let stopped = false;
  const loops = Array.from({ length: clients }, async (_, client) => {
    const key = `client ${client}`;
    const steps = new Set<number>();
    acknowledged.set(key, steps);
    for (let step = 0; !stopped; step++) {
      const isBatch = step % 3 === 2;
      const metrics = [0, 1, 2].map((i) => ({
        key,
        value: step + i / 10,
        timestamp: 1,
        step: 3 * step + i,
      }));
      try {
        const answer = isBatch
          ? await post(url, "/runs/log-batch", { run_id: runId, metrics })
          : await post(url, "/runs/log-metric", { run_id: runId, ...metrics[0] });
        await answer.body?.cancel();
        if (answer.status !== 200) {
          assert.equal(answer.status, 503, "a database that is away is no fault of the caller");
          if (!goOn) return;
          await new Promise((resolve) => setTimeout(resolve, 20));
          continue;
        }
        (isBatch ? metrics : metrics.slice(0, 1)).forEach((m) => steps.add(m.step));
      } catch (error) {
        if (goOn || error instanceof assert.AssertionError) throw error;
        return;
      }
    }
  });
  const count = () => [...acknowledged.values()].reduce((n, steps) => n + steps.size, 0);
  return {
    acknowledged,
    /** Resolves when so many points more were acknowledged. */
    async atLeast(points: number) {
      const goal = count() + points;
      for (let i = 0; i < 200 && count() < goal; i++) {
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      assert.ok(count() >= goal, `only ${count()} points were acknowledged, wanted ${goal}`);
    },
    async stop() {
      stopped = true;
      await Promise.all(loops);
    },
    finished: Promise.all(loops),
  };
}

/** Every acknowledged point is there, and no point is there twice. */
async function checkAll(url: string, runId: string, acknowledged: Map<string, Set<number>>) {
  let points = 0;
  for (const [key, steps] of acknowledged) {
    const query = new URLSearchParams({ run_id: runId, metric_key: key });
    const answer = await fetch(`${url}${api}/metrics/get-history?${query}`);
    const { metrics = [] } = await answer.json() as { metrics?: { step: number }[] };
    const found = metrics.map((m) => m.step);
    assert.equal(new Set(found).size, found.length, `${key} has a point twice`);
    const there = new Set(found);
    for (const step of steps) assert.ok(there.has(step), `${key} lost step ${step}`);
    points += steps.size;
  }
  return points;
}

async function killDuringLogging(env: Record<string, string>): Promise<void> {
  let server: ServerProcess = await startServerProcess(env);
  try {
    const runId = await newRun(server.url);
    const load = logFromClients(server.url, runId, 16);
    await load.atLeast(200);
    await server.stop("SIGKILL");
    await load.finished;
    server = await startServerProcess(env);
    const points = await checkAll(server.url, runId, load.acknowledged);
    assert.ok(points > 50, `only ${points} points were acknowledged before the kill`);
    // It goes on as if nothing had happened.
    assert.equal(
      (await post(server.url, "/runs/set-tag", {
        run_id: runId,
        key: "after",
        value: "yes",
      })).status,
      200,
    );
    const status = await server.stop("SIGTERM");
    assert.equal(status.code, 0);
  } catch (error) {
    await server.stop("SIGKILL").catch(() => {});
    throw error;
  }
}

const loose = { sanitizeOps: false, sanitizeResources: false };

Deno.test({
  name: "a server killed while 16 clients log loses no acknowledged point [pglite]",
  ...loose,
  async fn() {
    const home = await Deno.makeTempDir({ prefix: "tapebook-kill-" });
    try {
      await seedPglite(home);
      await killDuringLogging({ TAPEBOOK_HOME: home });
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  },
});

testWith(
  "postgres",
  "a server killed while 16 clients log loses no acknowledged point",
  async () => {
    const home = await Deno.makeTempDir({ prefix: "tapebook-kill-" });
    try {
      const url = await clusterUrl({ name: "chaos", durable: true });
      await killDuringLogging({ TAPEBOOK_HOME: home, DATABASE_URL: url });
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  },
  loose,
);

testWith(
  "postgres",
  "backends of PostgreSQL killed while 16 clients log lose no acknowledged point",
  async () => {
    const home = await Deno.makeTempDir({ prefix: "tapebook-kill-" });
    const url = await clusterUrl({ name: "chaos", durable: true });
    const server = await startServerProcess({ TAPEBOOK_HOME: home, DATABASE_URL: url });
    try {
      const runId = await newRun(server.url);
      const load = logFromClients(server.url, runId, 16, true);
      const folder = clusterFolder("chaos");
      const pid = Number((await Deno.readTextFile(`${folder}/data/postmaster.pid`)).split("\n")[0]);
      // A backend dies by SIGKILL: PostgreSQL drops all connections and recovers from its log.
      for (let kill = 0; kill < 4; kill++) {
        await load.atLeast(100);
        const { stdout } = await new Deno.Command("pgrep", {
          args: ["-P", String(pid), "-f", "tapebook postgres"],
          stdout: "piped",
        }).output();
        const backends = new TextDecoder().decode(stdout).trim().split("\n").map(Number);
        assert.ok(backends[0] > 0, "no connection of the server was found");
        Deno.kill(backends[kill % backends.length], "SIGKILL");
      }
      await load.atLeast(100);
      await load.stop();
      assert.ok(await checkAll(server.url, runId, load.acknowledged) >= 500);
    } finally {
      await server.stop("SIGTERM");
      await Deno.remove(home, { recursive: true });
    }
  },
  loose,
);

testWith(
  "postgres",
  "PostgreSQL ended and started again while 16 clients log loses no acknowledged point",
  async () => {
    const home = await Deno.makeTempDir({ prefix: "tapebook-kill-" });
    const url = await clusterUrl({ name: "power", durable: true });
    const server = await startServerProcess({ TAPEBOOK_HOME: home, DATABASE_URL: url });
    try {
      const runId = await newRun(server.url);
      const load = logFromClients(server.url, runId, 16);
      await load.atLeast(200);
      await killCluster("power");
      await load.finished;
      const away = await post(server.url, "/runs/set-tag", { run_id: runId, key: "a", value: "1" });
      assert.equal(away.status, 503, await away.text());
      await restartCluster("power");
      // The server was not restarted: it finds its database again by itself.
      const again = async () => {
        const answer = await post(server.url, "/runs/set-tag", {
          run_id: runId,
          key: "after",
          value: "yes",
        });
        await answer.body?.cancel();
        return answer.status;
      };
      for (let i = 0; i < 60 && await again() !== 200; i++) {
        await new Promise((resolve) => setTimeout(resolve, 250));
      }
      assert.equal(await again(), 200);
      assert.ok(await checkAll(server.url, runId, load.acknowledged) > 50);
    } finally {
      await server.stop("SIGTERM");
      await Deno.remove(home, { recursive: true });
    }
  },
  loose,
);
