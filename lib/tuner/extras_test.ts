import assert from "node:assert/strict";
import {
  createStudy,
  overFolds,
  regretTerminator,
  space,
  suggestAll,
  trainPopulation,
} from "./mod.ts";

Deno.test("a declared space suggests typed values and names a wrong range", async () => {
  const net = {
    rate: space.float(1e-4, 1e-1, { log: true }),
    units: space.int(4, 64, { step: 4 }),
    kind: space.choice(["gru", "lstm"]),
  };
  const study = createStudy({ seed: 1 });
  await study.optimize((trial) => {
    const { rate, units, kind } = suggestAll(trial, net);
    const text: "gru" | "lstm" = kind;
    return rate * units + text.length;
  }, { trials: 15 });
  assert.deepEqual(Object.keys(study.best.params), ["rate", "units", "kind"]);
  await assert.rejects(
    createStudy().optimize((t) => suggestAll(t, { x: space.float(2, 1) }).x, { trials: 1 }),
    /"x": low must be <= high, got \[2, 1\]/,
  );
});

Deno.test("overFolds() reports once per fold, keeps the scores and prunes between folds", async () => {
  const folds = [0, 1, 2, 3];
  const study = createStudy({
    direction: "maximize",
    seed: 1,
    pruner: { kind: "median", startupTrials: 2 },
  });
  await study.optimize((trial) => overFolds(trial, folds, (fold) => fold - trial.number), {
    trials: 4,
  });
  assert.deepEqual(study.trials.map((t) => [t.state, t.value]), [
    ["complete", 1.5],
    ["complete", 0.5],
    ["pruned", -2],
    ["pruned", -3],
  ]);
  assert.deepEqual(study.trials[0].userAttrs.fold_scores, [0, 1, 2, 3]);
  assert.deepEqual([...study.trials[0].intermediate.values()], [0, 0.5, 1, 1.5]);
  const worst = createStudy({ direction: "maximize", pruner: "none" });
  await worst.optimize(
    (t) => overFolds(t, [3, 1, 2], (f) => f, { aggregate: "worst", report: "score" }),
    { trials: 1 },
  );
  assert.equal(worst.best.value, 1);
  assert.deepEqual([...worst.trials[0].intermediate.values()], [3, 1, 2]);
  const broken = createStudy();
  await assert.rejects(
    broken.optimize((t) => overFolds(t, [1, 2], (f) => f === 2 ? NaN : 1), { trials: 1 }),
    /fold 1: value must be a number, got NaN/,
  );
});

Deno.test("regretTerminator() ends a study that has nothing left to gain, not one that has", async () => {
  const run = async (noise: number) => {
    const study = createStudy({ seed: 4, sampler: "tpe" });
    return await study.optimize((t) => (t.suggestFloat("x", -1, 1) - 0.2) ** 2, {
      trials: 60,
      stopWhen: regretTerminator({ noise, every: 5 }),
    });
  };
  assert.equal((await run(0.5)).stopReason, "regret");
  assert.deepEqual(await run(1e-9), { finished: 60, stopReason: "trials" });
});

Deno.test("trainPopulation() follows a moving optimum by copying checkpoints, alike for equal seeds", async () => {
  // A member gains most while its rate is near the schedule 10^-(1 + interval / 5).
  const run = () =>
    trainPopulation({
      space: { rate: space.float(1e-4, 1, { log: true }), kind: space.choice(["a", "b"]) },
      direction: "maximize",
      population: 12,
      intervals: 15,
      seed: 3,
      workers: 3,
      train: ({ params, checkpoint, interval }) => {
        const target = 10 ** -(1 + interval / 5);
        const gain = Math.exp(-((Math.log10(params.rate / target)) ** 2)) *
          (params.kind === "b" ? 1 : 0.7);
        const skill = Number(checkpoint ?? 0) + gain;
        return { value: skill, checkpoint: skill };
      },
    });
  const result = await run();
  assert.deepEqual(await run(), result);
  assert.equal(result.history.length, 12 * 15);
  assert.equal(result.best.value, result.best.checkpoint);
  assert.ok(result.history.some((h) => h.copiedFrom !== null));
  // Without exploiting, the best of 12 fixed random rates.
  const alone = await trainPopulation({
    space: { rate: space.float(1e-4, 1, { log: true }), kind: space.choice(["a", "b"]) },
    direction: "maximize",
    population: 12,
    intervals: 1,
    seed: 3,
    train: ({ params }) => {
      let skill = 0;
      for (let i = 0; i < 15; i++) {
        const target = 10 ** -(1 + i / 5);
        skill += Math.exp(-((Math.log10(params.rate / target)) ** 2)) *
          (params.kind === "b" ? 1 : 0.7);
      }
      return { value: skill, checkpoint: skill };
    },
  });
  assert.ok(result.best.value > alone.best.value + 1, `${result.best.value} ${alone.best.value}`);
  await assert.rejects(
    trainPopulation({
      space: {},
      direction: "minimize",
      population: 1,
      train: () => ({ value: 1, checkpoint: 1 }),
    }),
    /population must be an integer >= 2, got 1/,
  );
});
