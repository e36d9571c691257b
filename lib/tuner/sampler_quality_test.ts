import assert from "node:assert/strict";
import { bestOf } from "./testdata/sampler_quality.ts";

interface Row {
  sampler: string;
  problem: string;
  trials: number;
  pWorse: number;
  pBetter: number;
  repeat?: { seeds: number; pWorse: number };
  tapebook: number[];
  optuna: number[];
}
const { rows } = JSON.parse(
  await Deno.readTextFile(new URL("./testdata/sampler_quality.json", import.meta.url)),
) as { rows: Row[] };

Deno.test("no sampler is worse than Optuna's at 5 %: recorded over 30 seeds, chance findings repeated", () => {
  assert.ok(rows.length >= 45);
  for (const { sampler, problem, pWorse, repeat, tapebook, optuna } of rows) {
    assert.equal(tapebook.length, 30);
    assert.equal(optuna.length, 30);
    const p = repeat?.pWorse ?? pWorse;
    assert.ok(p >= 0.05, `${sampler} on ${problem}: p ${p}`);
  }
  // All first comparisons together (Holm): none is worse than chance allows.
  assert.ok(Math.min(...rows.map((r) => r.pWorse)) * rows.length > 0.05);
});

Deno.test("the recorded comparison is what this code does: some cells run again", async () => {
  for (
    const [sampler, problem, seeds] of [
      ["tpe", "branin", 3],
      ["cmaes", "mixed", 3],
      [
        "nsga2",
        "tabular",
        2,
      ],
      ["tpe-group", "conditional", 2],
      ["gp", "hartmann6", 1],
    ] as const
  ) {
    const row = rows.find((r) => r.sampler === sampler && r.problem === problem)!;
    for (let seed = 0; seed < seeds; seed++) {
      const best = await bestOf(sampler, problem, seed, row.trials);
      assert.ok(
        Math.abs(best - row.tapebook[seed]) <= 1e-7 * Math.max(1, Math.abs(best)),
        `${sampler} ${problem} ${seed}`,
      );
    }
  }
});
