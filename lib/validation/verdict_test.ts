import assert from "node:assert/strict";
import { judge } from "./verdict.ts";
import { createRng } from "../math/mod.ts";

Deno.test("judge() fails luck and passes a real edge", () => {
  const rng = createRng(14);
  const trials = Array.from(
    { length: 50 },
    () => rng.fillNormal(new Float64Array(600)).map((x) => 0.01 * x),
  );
  const mean = (x: Float64Array) => x.reduce((s, v) => s + v, 0) / x.length;
  const best = trials.reduce((a, b) => mean(b) > mean(a) ? b : a);
  const luck = judge(best, { trials, benchmark: new Float64Array(600) });
  assert.equal(luck.passed, false);
  assert.ok(luck.metrics.psr > 0.95, "alone it would be believed");
  assert.ok(luck.metrics.dsr < 0.95);
  assert.ok(luck.metrics.spa_p > 0.05);
  const skilled = trials[0].map((x) => x + 0.003);
  const skill = judge(skilled, {
    trials: [skilled, ...trials.slice(1)],
    benchmark: new Float64Array(600),
  });
  assert.deepEqual(skill.lines.filter((l) => !l.passed), []);
  assert.deepEqual(
    Object.keys(skill.metrics).sort(),
    ["dsr", "min_track_record_bars", "pbo", "psr", "sharpe_high", "sharpe_low", "spa_p"],
  );
});
