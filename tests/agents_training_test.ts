import assert from "node:assert/strict";
import { cartPole, ppo } from "../lib/agents/mod.ts";
import { connect } from "../lib/tracking/mod.ts";
import { createStudy, TrialPruned } from "../lib/tuner/mod.ts";
import { readConfig } from "../server/config.ts";
import { startServer } from "../server/start.ts";
import { openTestDatabase } from "./support/server.ts";

Deno.test("a study tunes PPO, prunes what lags behind, and each trial's curve is in its run", async () => {
  const home = await Deno.makeTempDir();
  const server = await startServer(
    readConfig({ TAPEBOOK_HOME: home, TAPEBOOK_PORT: "0", TAPEBOOK_LOG_LEVEL: "silent" }),
    { db: await openTestDatabase("pglite") },
  );
  const tracker = connect(server.url, { spoolDir: `${home}/spool` });
  try {
    const rates = [3e-3, 2e-3, 1e-9, 1e-9];
    const runs: string[] = [];
    const study = createStudy({
      direction: "maximize",
      sampler: { kind: "random" },
      pruner: { kind: "median", startupTrials: 2, warmupSteps: 1024 },
      seed: 1,
    });
    await study.optimize(async (trial) => {
      const run = await tracker.startRun({ experiment: "tuned", name: `trial ${trial.number}` });
      runs.push(run.id);
      const { policy, evaluations, stopped } = await ppo.train(() => cartPole(), {
        totalSteps: 6144,
        environments: 4,
        rolloutSteps: 128,
        learningRate: rates[trial.number],
        seed: trial.number,
      }, {
        trial,
        run,
        evaluation: {
          makeEnvironment: () => cartPole({ stepLimit: 200 }),
          everySteps: 1024,
          episodes: 5,
          seed: 50,
        },
      });
      policy.dispose();
      await run.end();
      if (stopped === "pruned") throw new TrialPruned();
      return evaluations.at(-1)!.deterministic.meanReturn;
    }, { trials: 4 });

    const states = study.trials.map((t) => t.state);
    assert.deepEqual(states.slice(0, 2), ["complete", "complete"]);
    assert.ok(states.slice(2).includes("pruned"), `states ${states}`);
    assert.ok(study.best.value > 120, `best return ${study.best.value}`);
    const curve = await tracker.reader.metricHistory(runs[0], "eval/mean_reward");
    assert.deepEqual([...curve.steps], [1, 2, 3, 4, 5, 6].map((k) => 1024 * k));
    assert.equal(curve.values.at(-1), study.trials[0].value);
    assert.ok(Number.isFinite((await tracker.getRun(runs[0])).metrics["train/approx_kl"]));
  } finally {
    await tracker.close();
    await server.close();
    await Deno.remove(home, { recursive: true });
  }
});
