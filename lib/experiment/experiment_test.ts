import assert from "node:assert/strict";
import { parseExperimentConfig } from "./config.ts";
import { quickstartConfig } from "./quickstart_config.ts";
import { fitPositionRule, targetWeight } from "./position_rule.ts";

Deno.test("parseExperimentConfig() names the field, the value and what is allowed", () => {
  const config = quickstartConfig({ seed: 7 });
  assert.equal(parseExperimentConfig(config).seed, 7);
  assert.throws(
    () => parseExperimentConfig({ ...config, labels: { horizonBars: 0 } }),
    /labels\.horizonBars .*1, got 0/,
  );
  assert.throws(
    () =>
      parseExperimentConfig({ ...config, split: { ...config.split, trainUntil: "2019-01-01" } }),
    /split\.trainUntil must be before split\.validationUntil \(2013-12-31\), got 2019-01-01/,
  );
  assert.throws(() => parseExperimentConfig({ ...config, wrong: 1 }), /wrong/);
});

Deno.test("targetWeight() is half at the mean, full one deviation above, out one below", () => {
  const rule = fitPositionRule(new Float32Array([0.5, 0.52, 0.54]), 0.25);
  assert.ok(Math.abs(rule.mean - 0.52) < 1e-7);
  assert.ok(Math.abs(rule.spread - 0.02) < 1e-7);
  assert.deepEqual(
    [0.1, 0.5, 0.509, 0.52, 0.531, 0.54, 0.9].map((p) => targetWeight(rule, p)),
    [0, 0, 0.25, 0.5, 0.75, 1, 1],
  );
  assert.equal(targetWeight({ mean: 0.5, spread: 0, step: 0.25 }, 0.9), 0.5);
  assert.throws(() => fitPositionRule(new Float32Array([0.5, NaN]), 0), /finite, got NaN at 1/);
});
