import assert from "node:assert/strict";
import { createStudy, httpStore, rayExecutor, type RayOptions } from "../../lib/tuner/mod.ts";
import { workerPermissions } from "../../lib/tuner/executors/workers.ts";
import { startMockRay } from "../../lib/tuner/testing/mock_ray.ts";
import { peerPython, testWith } from "../../tests/support/components.ts";
import { openTestServer } from "../../tests/support/server.ts";

const objectives = new URL("../../lib/tuner/testdata/chaos_objective.ts", import.meta.url).href;
const main = new URL("../../lib/tuner/worker_main.ts", import.meta.url).pathname;
/** As `tapebook worker`, without anything installed. */
const command = `${Deno.execPath()} run --quiet ${workerPermissions.join(" ")} ${main}`;

async function withStudy(
  body: (study: ReturnType<typeof createStudy>) => Promise<void>,
): Promise<void> {
  const server = await openTestServer("pglite");
  const http = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => server.app.fetch(request),
  );
  const study = createStudy({
    name: "on ray's cluster",
    direction: "maximize",
    seed: 1,
    store: httpStore({ url: `http://127.0.0.1:${http.addr.port}`, experiment: null }),
  });
  try {
    await study.ready();
    await body(study);
  } finally {
    await study.close();
    await http.shutdown();
    await server.close();
  }
}
const executor = (options: RayOptions) => rayExecutor({ command, pollMs: 100, ...options });

Deno.test("the ray executor submits workers with resources, follows them and resubmits what failed", async () => {
  const ray = startMockRay({ failFirst: 1 });
  const statuses: string[] = [];
  let logs = "";
  try {
    await withStudy(async (study) => {
      const result = await study.optimize(`${objectives}#objective`, {
        trials: 6,
        workers: 2,
        maxConsecutiveErrors: Infinity,
        executor: executor({
          address: ray.address,
          cpus: 0.5,
          gpus: 0,
          runtimeEnv: { env_vars: { A: "b" } },
          onStatus: (_id, status) => statuses.push(status),
          onLog: (_id, text) => logs += text,
        }),
      });
      assert.equal(result.finished, 6);
      assert.equal(study.trials.length, 6);
    });
    assert.equal(ray.jobs.length, 3);
    assert.equal(new Set(ray.jobs.map((j) => j.submission_id)).size, 3);
    const { body } = ray.jobs[0];
    assert.equal(body.entrypoint_num_cpus, 0.5);
    assert.equal(body.entrypoint_num_gpus, 0);
    assert.deepEqual(body.runtime_env, { env_vars: { A: "b" } });
    assert.deepEqual(body.metadata, { study: "on ray's cluster" });
    assert.match(String(body.entrypoint), /--study 'on ray'\\''s cluster' --url http:/);
    assert.ok(statuses.includes("FAILED") && statuses.includes("SUCCEEDED"), statuses.join());
    assert.match(logs, /trial \d (complete|pruned|failed)/);
    assert.match(logs, /worker done: \d trials/);
  } finally {
    await ray.close();
  }
});

Deno.test("cancelling stops every job, and its trial waits for others", async () => {
  const ray = startMockRay();
  try {
    await withStudy(async (study) => {
      const controller = new AbortController();
      const result = await study.optimize(`${objectives}#objective`, {
        trials: 5000,
        workers: 1,
        signal: controller.signal,
        maxConsecutiveErrors: Infinity,
        executor: executor({ address: ray.address }),
        onTrial: () => controller.abort(),
      });
      assert.equal(result.stopReason, "aborted");
      assert.deepEqual(ray.jobs.map((j) => j.status), ["STOPPED"]);
      await ray.jobs[0].process!.status;
      await study.refresh();
      assert.ok(study.trials.every((t) => t.state !== "running"), "no trial is left running");
    });
  } finally {
    await ray.close();
  }
});

Deno.test("a cluster that is not there, and jobs that never work, end with a clear error", async () => {
  await withStudy(async (study) => {
    const run = (options: RayOptions) =>
      study.optimize(`${objectives}#objective`, { trials: 1, executor: executor(options) });
    await assert.rejects(
      run({ address: "http://127.0.0.1:9" }),
      /Cannot reach Ray at http:\/\/127.0.0.1:9/,
    );
    const ray = startMockRay();
    try {
      await assert.rejects(
        run({ address: ray.address, command: "sh -c 'exit 7'", resubmissions: 1 }),
        /no job of Ray ended a trial, the last says: Job entrypoint command failed with exit code 7/,
      );
      assert.equal(ray.jobs.length, 2);
    } finally {
      await ray.close();
    }
    await assert.rejects(
      study.optimize(() => 1, { trials: 1, executor: executor({}) }),
      /objective must be the path of a module, got a function/,
    );
  });
  await assert.rejects(
    createStudy().optimize("x.ts", {
      trials: 1,
      executor: rayExecutor({ address: "http://127.0.0.1:9" }),
    }),
    /Cannot reach Ray/,
  );
});

// Ray without its "default" extra has no job server.
const hasJobServer = peerPython("aiohttp_cors") !== null ||
  Deno.env.get("TAPEBOOK_REQUIRE")?.split(",").includes("ray");
if (!hasJobServer) console.log('the test on a real Ray is skipped: it needs "ray[default]"');
(hasJobServer ? testWith : () => {})(
  "ray",
  "a real single-machine Ray runs the workers",
  async (python) => {
    const bin = python.replace(/\/[^/]+$/, "");
    const folder = await Deno.makeTempDir({ prefix: "tapebook-ray-" });
    const port = 20_000 + Math.floor(Math.random() * 20_000);
    const token = crypto.randomUUID();
    const env = {
      RAY_AUTH_MODE: "token",
      RAY_AUTH_TOKEN: token,
      PATH: `${bin}:${Deno.env.get("PATH")}`,
      RAY_TMPDIR: folder,
      RAY_USAGE_STATS_ENABLED: "0",
    };
    const starter = `import ray, sys
ray.init(num_cpus=2, num_gpus=0, include_dashboard=True, dashboard_host="127.0.0.1", dashboard_port=${port},
         _temp_dir="${folder}", object_store_memory=80_000_000, log_to_driver=False)
print("ready", flush=True)
sys.stdin.read()`;
    const process = new Deno.Command(python, {
      args: ["-c", starter],
      env,
      stdin: "piped",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const reader = process.stdout.getReader();
    try {
      let text = "";
      while (!text.includes("ready")) {
        const { value, done } = await reader.read();
        if (done) throw new Error(`Ray ended while starting: ${text}`);
        text += new TextDecoder().decode(value);
      }
      await withStudy(async (study) => {
        const statuses: string[] = [];
        const result = await study.optimize(`${objectives}#objective`, {
          trials: 6,
          workers: 2,
          maxConsecutiveErrors: Infinity,
          executor: executor({
            address: `http://127.0.0.1:${port}`,
            token,
            cpus: 0.5,
            onStatus: (_id, status) => statuses.push(status),
          }),
        });
        assert.equal(result.finished, 6);
        assert.equal(statuses.filter((s) => s === "SUCCEEDED").length, 2, statuses.join());
      });
    } finally {
      await reader.cancel();
      await process.stdin.close();
      await process.status;
      await Deno.remove(folder, { recursive: true }).catch(() => {});
    }
  },
);
