/**
 * `tapebook rerun` on a recorded run of the smallest experiment: the same metrics, said in so many words.
 * @module
 */
import assert from "node:assert/strict";
import { metricDifferences } from "../../cli/rerun.ts";
import { quickstartConfig, runExperiment } from "../../lib/experiment/mod.ts";
import { connect } from "../../lib/tracking/mod.ts";
import { readConfig } from "../../server/config.ts";
import { startServer } from "../../server/start.ts";
import { tapebook } from "../support/tapebook.ts";

Deno.test("metricDifferences() names what differs, NaN equal to NaN, absent ones included", () => {
  assert.deepEqual(metricDifferences({ a: 1, b: NaN, c: 2 }, { a: 1, b: NaN, c: 3, d: 4 }), [
    { name: "c", before: 2, after: 3 },
    { name: "d", before: undefined, after: 4 },
  ]);
});

Deno.test({
  name: "rerun repeats a recorded run from the server alone and finds equal metrics",
  sanitizeOps: false,
  sanitizeResources: false,
  fn: async () => {
    const home = await Deno.makeTempDir();
    const server = await startServer(
      readConfig({ TAPEBOOK_HOME: home, TAPEBOOK_PORT: "0", TAPEBOOK_LOG_LEVEL: "error" }),
      {},
    );
    const tracker = connect(server.url, { spoolDir: null });
    try {
      const quick = quickstartConfig({ seed: 3, trials: 1, epochs: 2 });
      const config = {
        ...quick,
        search: { ...quick.search, kinds: ["mlp" as const] },
        walkForward: { ...quick.walkForward, refitEveryBars: 800 },
      };
      const { runId } = await runExperiment(config, { tracker, log: () => {} });
      const rerun = async (id: string) => {
        const { code, out, err } = await tapebook(["rerun", id], {
          TAPEBOOK_TRACKING_URI: server.url,
          TAPEBOOK_HOME: `${home}/client`,
        });
        return { code, text: out + err };
      };
      const repeated = await rerun(runId);
      assert.match(repeated.text, /Equal: all \d+ metrics/);
      assert.equal(repeated.code, 0);
      const [trial] = await tracker.reader.searchRuns({
        experimentIds: [await tracker.ensureExperiment(config.name)],
        filter: "tags.`tapebook.kind` = 'trial'",
      });
      const refused = await rerun(trial.runId);
      assert.equal(refused.code, 1);
      assert.match(refused.text, /run must be an experiment's parent run, got trial 0/);
    } finally {
      await tracker.close();
      await server.close();
      await Deno.remove(home, { recursive: true });
    }
  },
});
