import assert from "node:assert/strict";
import {
  deflatedSharpe,
  expectedMaximumSharpe,
  minimumTrackRecord,
  probabilisticSharpe,
} from "./mod.ts";
import { createRng, mean, standardDeviation, variance } from "../math/mod.ts";

const near = (actual: number, expected: number, tolerance: number) =>
  assert.ok(Math.abs(actual - expected) <= tolerance, `${actual} is not ${expected}`);

Deno.test("deflatedSharpe() reproduces the numbers of Bailey & Lopez de Prado (2014)", () => {
  // Annual Sharpe 2.5 over five years of 250 bars, skew -3, kurtosis 10, variance of trials 1/2.
  const found = { sharpe: 2.5 / Math.sqrt(250), observations: 1250, skew: -3, kurtosis: 10 };
  const perBar = 0.5 / 250;
  near(expectedMaximumSharpe(100, perBar), 0.113172, 5e-7);
  near(deflatedSharpe(found, { trials: 100, sharpeVariance: perBar }), 0.900397, 5e-7);
  near(deflatedSharpe(found, { trials: 46, sharpeVariance: perBar }), 0.950502, 5e-7);
  const normal = { ...found, skew: 0, kurtosis: 3 };
  near(deflatedSharpe(normal, { trials: 88, sharpeVariance: perBar }), 0.950491, 5e-7);
});

Deno.test("probabilisticSharpe() and minimumTrackRecord() reproduce Bailey & Lopez de Prado (2012)", () => {
  // Section 3: two years of monthly returns, annual Sharpe 1.59, skew -2.448, kurtosis 10.164.
  const fund = { sharpe: 0.458, observations: 24, skew: -2.448, kurtosis: 10.164 };
  near(probabilisticSharpe(fund), 0.913, 5e-4);
  near(probabilisticSharpe({ ...fund, skew: 0, kurtosis: 3 }), 0.982, 5e-4);
  // Section 5: to be sure at 95 % that an annual Sharpe of 2 is above 1 takes 2.73 years of daily,
  // 2.83 of weekly and 3.24 of monthly normal returns.
  const years = (perYear: number) =>
    minimumTrackRecord(
      { sharpe: 2 / Math.sqrt(perYear), observations: 1, skew: 0, kurtosis: 3 },
      { benchmark: 1 / Math.sqrt(perYear) },
    ) / perYear;
  near(years(250), 2.73, 5e-3);
  near(years(52), 2.83, 5e-3);
  near(years(12), 3.24, 5e-3);
  assert.equal(minimumTrackRecord({ ...fund, sharpe: -1 }), Infinity);
});

Deno.test("the best of 1,000 worthless strategies is deflated to nothing", () => {
  const rng = createRng(2024);
  const n = 1250;
  const all = Array.from({ length: 1000 }, () => {
    const returns = rng.fillNormal(new Float64Array(n));
    return returns.map((x) => 0.01 * x);
  });
  const sharpes = all.map((x) => mean(x) / standardDeviation(x));
  const best = sharpes.indexOf(Math.max(...sharpes));
  assert.ok(sharpes[best] * Math.sqrt(252) > 1.1, "the best one looks good");
  assert.ok(probabilisticSharpe(all[best]) > 0.99, "and is taken for skill when seen alone");
  const dsr = deflatedSharpe(all[best], {
    trials: 1000,
    sharpeVariance: variance(Float64Array.from(sharpes)),
  });
  assert.ok(dsr < 0.7, `deflated to ${dsr}`);
  // A real edge of three times the best of luck survives.
  const skilled = all[0].map((x) => x + 3 * 0.01 * sharpes[best]);
  const kept = deflatedSharpe(skilled, {
    trials: 1000,
    sharpeVariance: variance(Float64Array.from(sharpes)),
  });
  assert.ok(kept > 0.95, `kept ${kept}`);
});

Deno.test("expectedMaximumSharpe() is what simulation says", () => {
  const rng = createRng(7);
  for (const trials of [10, 100, 1000]) {
    let sum = 0;
    const rounds = 2000;
    for (let i = 0; i < rounds; i++) {
      let most = -Infinity;
      for (let k = 0; k < trials; k++) most = Math.max(most, rng.normal());
      sum += most;
    }
    near(expectedMaximumSharpe(trials, 1), sum / rounds, 0.06);
  }
  assert.equal(expectedMaximumSharpe(1, 1), 0);
  assert.throws(() => expectedMaximumSharpe(0, 1), /trials must be at least 1, got 0/);
});
