import assert from "node:assert/strict";
import { computeGae } from "./gae.ts";
import fixture from "./testdata/gae.json" with { type: "json" };

Deno.test("computeGae() equals Stable-Baselines3's rollout buffer within 1e-5", () => {
  for (const { advantages: wantedAdvantages, returns: wantedReturns, ...input } of fixture.cases) {
    const n = input.rewards.length;
    const advantages = new Float32Array(n), returns = new Float32Array(n);
    computeGae(input, advantages, returns);
    for (let i = 0; i < n; i++) {
      assert.ok(Math.abs(advantages[i] - wantedAdvantages[i]) <= 1e-5, `advantage ${i}`);
      assert.ok(Math.abs(returns[i] - wantedReturns[i]) <= 1e-5, `return ${i}`);
    }
  }
});

Deno.test("computeGae() names what does not fit", () => {
  const input = { rewards: [1], values: [1], dones: [0], lastValues: [1], gamma: 1, gaeLambda: 1 };
  const one = () => new Float32Array(1);
  assert.throws(() => computeGae({ ...input, values: [] }, one(), one()), /values must have 1/);
  assert.throws(
    () => computeGae({ ...input, gamma: 2 }, one(), one()),
    /gamma must lie in \[0, 1\]/,
  );
  assert.throws(() => computeGae({ ...input, lastValues: [] }, one(), one()), /multiple of 0/);
});
