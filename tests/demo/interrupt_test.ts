/**
 * Ctrl-C in the middle of the search: what finished stays recorded, what did not is marked KILLED,
 * and the same home takes a new demo.
 * @module
 */
import assert from "node:assert/strict";
import { connect } from "../../lib/tracking/mod.ts";
import { readConfig } from "../../server/config.ts";
import { startServer } from "../../server/start.ts";

const root = new URL("../../", import.meta.url).pathname;

function startDemo(home: string, ...args: string[]): Deno.ChildProcess {
  return new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "cli.ts", "demo", "--exit", ...args],
    cwd: root,
    env: {
      TAPEBOOK_HOME: home,
      TAPEBOOK_PORT: "0",
      DATABASE_URL: "",
      TAPEBOOK_REPORTS: `${home}/reports`,
    },
    stdout: "piped",
    stderr: "piped",
  }).spawn();
}

async function readUntil(stream: ReadableStream<Uint8Array>, pattern: RegExp): Promise<string> {
  let text = "";
  const decoder = new TextDecoder();
  const reader = stream.getReader();
  for (;;) {
    const { done, value } = await reader.read();
    if (done) return text;
    text += decoder.decode(value, { stream: true });
    if (pattern.test(text)) {
      // The rest is drained, so that the child never blocks on a full pipe.
      (async () => {
        while (!(await reader.read()).done);
      })();
      return text;
    }
  }
}

Deno.test({
  name: "Ctrl-C while tuning keeps finished trials, marks the run KILLED, and a new demo works",
  sanitizeResources: false,
  sanitizeOps: false,
  fn: async () => {
    const home = await Deno.makeTempDir();
    try {
      const first = startDemo(home, "--trials", "400");
      const said = await readUntil(first.stdout, /trial ([3-9]|\d\d+)\/400/);
      assert.match(said, /trial ([3-9]|\d\d+)\/400/);
      first.kill("SIGINT");
      const [status] = await Promise.all([first.status, first.stderr.cancel()]);
      assert.equal(status.code, 130);

      const server = await startServer(
        readConfig({ TAPEBOOK_HOME: home, TAPEBOOK_PORT: "0", TAPEBOOK_LOG_LEVEL: "error" }),
        {},
      );
      const tracker = connect(server.url, { spoolDir: null });
      try {
        const runs = await tracker.reader.searchRuns({
          experimentIds: [await tracker.ensureExperiment("quickstart")],
        });
        const parents = runs.filter((r) => r.tags["tapebook.kind"] === "experiment");
        const trials = runs.filter((r) => r.tags["tapebook.kind"] === "trial");
        assert.deepEqual(parents.map((r) => r.status), ["KILLED"]);
        const finished = trials.filter((r) => r.status === "FINISHED");
        assert.ok(finished.length >= 2, `${finished.length} finished trials`);
        for (const run of finished) assert.ok(Number.isFinite(run.metrics.validation_loss));
        assert.equal(trials.filter((r) => r.status === "RUNNING").length, 0);
      } finally {
        await tracker.close();
        await server.close();
      }

      const json = `${home}/result.json`;
      const again = startDemo(home, "--trials", "2", "--json", json);
      const [out, err, { code }] = await Promise.all([
        new Response(again.stdout).text(),
        new Response(again.stderr).text(),
        again.status,
      ]);
      assert.equal(code, 0, err);
      assert.match(out, /promotion applied/);
      const result = JSON.parse(await Deno.readTextFile(json));
      assert.equal(result.model.version, "1");
      for (const [i, p] of result.localPrediction.entries()) {
        assert.ok(Math.abs(p - result.servedPrediction[i]) <= 1e-5);
      }
    } finally {
      await Deno.remove(home, { recursive: true });
    }
  },
});
