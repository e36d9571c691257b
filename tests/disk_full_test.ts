/**
 * A disk that is really full: a small file system in memory, which root may mount. It is filled
 * while a server writes artifacts and metrics on it, and emptied again.
 * @module
 */
import assert from "node:assert/strict";
import { startServerProcess } from "./support/server_process.ts";
import { seedPglite } from "./support/server.ts";

const mib = 1 << 20;

async function shell(...command: string[]): Promise<boolean> {
  try {
    const [program, ...args] = command;
    const child = new Deno.Command(program, { args, stdout: "null", stderr: "null" });
    return (await child.output()).success;
  } catch {
    return false;
  }
}

/** A file system of so many bytes, or null where this user may not make one. */
async function smallDisk(bytes: number): Promise<string | null> {
  if (Deno.build.os !== "linux" || Deno.uid() !== 0) return null;
  const folder = await Deno.makeTempDir({ prefix: "tapebook-disk-" });
  if (await shell("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", folder)) return folder;
  await Deno.remove(folder);
  return null;
}

const disk = await smallDisk(160 * mib);
if (!disk) {
  console.log("tests that need a disk of their own are skipped: it takes root to mount one");
}

interface Ask {
  (method: string, path: string, body?: unknown): Promise<{ status: number; body: any }>;
}

const asker = (url: string): Ask => async (method, path, body) => {
  const isBytes = body instanceof Uint8Array;
  const answer = await fetch(`${url}/api/2.0/${path}`, {
    method,
    headers: isBytes || body === undefined ? {} : { "content-type": "application/json" },
    body: isBytes ? body as BodyInit : body === undefined ? undefined : JSON.stringify(body),
  });
  return { status: answer.status, body: await answer.json() };
};

Deno.test({
  name: "a full disk refuses with 507, loses nothing, and goes on when there is space again",
  ignore: !disk,
  sanitizeOps: false,
  sanitizeResources: false,
  async fn() {
    const home = `${disk}/home`;
    await Deno.mkdir(home);
    await seedPglite(home);
    const env = { TAPEBOOK_HOME: home, TAPEBOOK_AUTH: "off", TAPEBOOK_LOG_LEVEL: "silent" };
    let server = await startServerProcess(env);
    try {
      let ask = asker(server.url);
      const { body: { run } } = await ask("POST", "mlflow/runs/create", { experiment_id: "0" });
      const runId = run.info.run_id;
      const put = (name: string, bytes: Uint8Array) =>
        ask("PUT", `mlflow-artifacts/artifacts/0/${runId}/artifacts/${name}`, bytes);
      const kept: string[] = [];
      let refused: { status: number; body: any } | null = null;
      for (let i = 0; i < 200 && !refused; i++) {
        const answer = await put(`a${i}.bin`, new Uint8Array(2 * mib).fill(i));
        if (answer.status === 200) kept.push(`a${i}.bin`);
        else refused = answer;
      }
      assert.equal(refused?.status, 507, JSON.stringify(refused));
      assert.equal(refused?.body.error_code, "INSUFFICIENT_STORAGE");
      assert.ok(kept.length > 10);

      // The last free bytes, so that the database's own files can no longer grow.
      await shell("dd", "if=/dev/zero", `of=${disk}/ballast`, "bs=64K");
      const acknowledged: number[] = [];
      const statuses = new Set<number>();
      let step = 0;
      const logUntil = async (enough: () => boolean, most: number) => {
        for (const end = step + most; step < end && !enough();) {
          const metrics = Array.from({ length: 1000 }, () => ({
            key: "m",
            value: step,
            timestamp: step,
            step: step++,
          }));
          const { status, body } = await ask("POST", "mlflow/runs/log-batch", {
            run_id: runId,
            metrics,
          });
          if (status === 200) acknowledged.push(...metrics.map((m) => m.step));
          else {
            statuses.add(status);
            assert.equal(typeof body.error_code, "string", JSON.stringify(body));
          }
        }
      };
      await logUntil(() => statuses.size > 0, 400_000);
      assert.deepEqual([...statuses], [507], "the database is full");

      await Deno.remove(`${disk}/ballast`);
      await Deno.remove(`${home}/artifacts/incoming`, { recursive: true }).catch(() => {});
      await Deno.mkdir(`${home}/artifacts/incoming`, { recursive: true });
      const before = acknowledged.length;
      await logUntil(() => acknowledged.length > before, 20_000);
      assert.ok(acknowledged.length > before, `it goes on; it answered ${[...statuses]}`);

      await server.stop("SIGKILL");
      server = await startServerProcess(env);
      ask = asker(server.url);
      const steps = new Set<number>();
      let token: string | undefined;
      do {
        const query = new URLSearchParams({ run_id: runId, metric_key: "m", max_results: "25000" });
        if (token) query.set("page_token", token);
        const { body } = await ask("GET", `mlflow/metrics/get-history?${query}`);
        for (const point of body.metrics ?? []) {
          assert.ok(!steps.has(point.step), `point ${point.step} is there twice`);
          steps.add(point.step);
        }
        token = body.next_page_token;
      } while (token);
      const lost = acknowledged.filter((s) => !steps.has(s));
      assert.deepEqual(lost, [], "every acknowledged point is there");
      const listed = await ask("GET", `mlflow/artifacts/list?run_id=${runId}`);
      assert.deepEqual(listed.body.files.map((f: { path: string }) => f.path).sort(), kept.sort());
    } finally {
      await server.stop("SIGKILL").catch(() => {});
      await shell("umount", disk!);
      await Deno.remove(disk!).catch(() => {});
    }
  },
});
