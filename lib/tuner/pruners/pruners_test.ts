import assert from "node:assert/strict";
import { createStudy, type PrunerConfig, TrialPruned } from "../mod.ts";
import { crc32 } from "./hyperband.ts";
import { wilcoxonGreater } from "./wilcoxon.ts";
import { hyperbandPruner, medianPruner, successiveHalvingPruner, thresholdPruner } from "./mod.ts";

Deno.test("every pruner decides as Optuna 5.0's does on recorded curves", async () => {
  const { curves, cases } = JSON.parse(
    await Deno.readTextFile(new URL("../testdata/pruner_decisions.json", import.meta.url)),
  );
  for (const c of cases) {
    const sign = c.direction === "minimize" ? 1 : -1;
    const study = createStudy({
      name: "recorded",
      direction: c.direction,
      sampler: "random",
      pruner: { kind: c.kind, ...c.options } as PrunerConfig,
      seed: 1,
    });
    const pruned: (number | null)[] = [];
    await study.optimize((trial) => {
      const reported: number[] = [];
      for (const [step, value] of curves[c.data][trial.number]) {
        const x = value === null ? NaN : sign * value;
        trial.report(x, step);
        reported.push(x);
        if (trial.shouldPrune()) {
          pruned[trial.number] = step;
          throw new TrialPruned();
        }
      }
      pruned[trial.number] = null;
      return c.data === "curves"
        ? reported.at(-1)!
        : reported.reduce((a, b) => a + b, 0) / reported.length;
    }, { trials: 40 });
    assert.deepEqual(pruned, c.pruned, `${c.kind} ${JSON.stringify(c.options)} ${c.direction}`);
    assert.ok(pruned.some((p) => p !== null), `${c.kind} prunes something`);
  }
});

Deno.test("crc32() has the check value of its standard", () => {
  assert.equal(crc32("123456789"), 0xcbf43926);
});

Deno.test("wilcoxonGreater() equals scipy's exact and approximate p-values", () => {
  // scipy 1.17 wilcoxon(d, alternative="greater", zero_method="zsplit")
  assert.ok(Math.abs(wilcoxonGreater([1, 2, 3, -4, 5]) - 0.21875) < 1e-12);
});

Deno.test("pruners name the option that is wrong", () => {
  assert.throws(
    () => medianPruner({ startupTrials: -1 }),
    /startupTrials must be an integer >= 0, got -1/,
  );
  assert.throws(
    () => successiveHalvingPruner({ reductionFactor: 1 }),
    /reductionFactor must be an integer >= 2/,
  );
  assert.throws(() => hyperbandPruner({ bootstrapCount: 1 }), /maxResource must be a number/);
  assert.throws(() => thresholdPruner({}), /lower or upper must be given/);
  assert.throws(
    () => thresholdPruner({ lower: 2, upper: 1 }),
    /lower must be <= upper, got \[2, 1\]/,
  );
});
