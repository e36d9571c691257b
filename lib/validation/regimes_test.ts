import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { filterStates, fitHiddenMarkov, stationaryDistribution } from "./hidden_markov.ts";
import {
  hiddenMarkovRegimes,
  metricsByRegime,
  regimeSplits,
  trendRegimes,
  volatilityRegimes,
} from "./regimes.ts";
import { createRng } from "../math/mod.ts";

const { markov } = JSON.parse(
  readFileSync(new URL("./testdata/validation_fixtures.json", import.meta.url), "utf8"),
) as {
  markov: Record<"returns" | "params" | "given" | "givenFiltered", number[]> & {
    llf: number;
    givenLlf: number;
  };
};
const returns = Float64Array.from(markov.returns);

Deno.test("filterStates() gives statsmodels' likelihood and filtered probabilities, to 1e-9", () => {
  const [p00, p10, m0, m1, v0, v1] = markov.given;
  const transition = Float64Array.of(p00, 1 - p00, p10, 1 - p10);
  const { probabilities, logLikelihood } = filterStates(returns, {
    states: 2,
    initial: stationaryDistribution(transition, 2),
    transition,
    mean: Float64Array.of(m0, m1),
    variance: Float64Array.of(v0, v1),
  });
  assert.ok(Math.abs(logLikelihood - markov.givenLlf) < 1e-9 * Math.abs(markov.givenLlf));
  markov.givenFiltered.forEach((p, t) => {
    assert.ok(Math.abs(probabilities[2 * t + 1] - p) < 1e-9, `bar ${t}`);
  });
});

Deno.test("fitHiddenMarkov() finds what statsmodels' maximum likelihood finds", () => {
  const fit = fitHiddenMarkov(returns);
  const [p00, p10, m0, m1, v0, v1] = markov.params;
  const near = (a: number, b: number, tolerance: number) =>
    assert.ok(Math.abs(a - b) < tolerance, `${a} is not ${b}`);
  // Ours also fits the first state's distribution, theirs takes the stationary one.
  assert.ok(fit.logLikelihood >= markov.llf - 1e-6);
  near(fit.logLikelihood, markov.llf, 1);
  near(fit.transition[0], p00, 0.01);
  near(fit.transition[2], p10, 0.02);
  near(fit.mean[0], m0, 0.02);
  near(fit.mean[1], m1, 0.05);
  near(fit.variance[0], v0, 0.02);
  near(fit.variance[1], v1, 0.2);
  assert.throws(() => fitHiddenMarkov(new Float64Array(5)), /2 states and 5 returns/);
});

Deno.test("regimes are causal: on a prefix they are the first ones of the whole", () => {
  const rng = createRng(3);
  const n = 700;
  const r = Float64Array.from(
    { length: n },
    (_, t) => (t % 200 < 100 ? 0.01 : 0.03) * rng.normal(),
  );
  let price = 100;
  const close = r.map((x) => price *= 1 + x);
  const kinds: Record<string, (to: number) => Int8Array> = {
    trend: (to) => trendRegimes(close.slice(0, to), 50),
    volatility: (to) => volatilityRegimes(r.slice(0, to)),
    hidden: (to) => hiddenMarkovRegimes(r.slice(0, to), { trainBars: 200, refitBars: 100 }),
  };
  for (const [name, regimes] of Object.entries(kinds)) {
    const whole = regimes(n);
    assert.ok(new Set(whole).size >= 3, `${name}: unknown and at least two states`);
    for (const to of [150, 333, 450, 699]) {
      assert.deepEqual(regimes(to), whole.slice(0, to), `${name} on ${to} bars`);
    }
  }
});

Deno.test("hiddenMarkovRegimes() tells stormy bars from calm ones", () => {
  const rng = createRng(8);
  const isStormy = (t: number) => t % 250 >= 150;
  const r = Float64Array.from(
    { length: 2000 },
    (_, t) => (isStormy(t) ? 0.03 : 0.007) * rng.normal(),
  );
  const regimes = hiddenMarkovRegimes(r);
  let right = 0, known = 0;
  regimes.forEach((s, t) => {
    if (s < 0) return;
    known++;
    if ((s === 1) === isStormy(t)) right++;
  });
  assert.equal(known, 1500);
  assert.ok(right / known > 0.9, `${right / known}`);
});

Deno.test("metricsByRegime() takes the regime known at the bar before", () => {
  const r = Float64Array.of(0.5, 0.01, 0.02, 0.03, 0.04);
  const [unknown, calm, stormy] = metricsByRegime(r, Int8Array.of(-1, 0, 0, 1, 1));
  assert.deepEqual([unknown.regime, unknown.bars], [-1, 1]);
  assert.deepEqual([calm.bars, calm.metrics.total_return], [2, 1.02 * 1.03 - 1]);
  assert.equal(stormy.bars, 1);
});

Deno.test("regimeSplits() tests each regime on a model of the others, purged at the borders", () => {
  const regimes = Int8Array.of(-1, 0, 0, 0, 1, 1, 1, 0, 0, 0);
  const spanEnd = Int32Array.from(regimes, (_, i) => Math.min(9, i + 1));
  const [zero, one] = regimeSplits(regimes, { spanEnd });
  assert.deepEqual([...one.test], [4, 5, 6]);
  assert.deepEqual([...one.train], [1, 2, 8, 9]); // 3 looks into the test, 7 is seen by its last label
  assert.deepEqual(zero.testRanges, [[1, 4], [7, 10]]);
  assert.throws(() => regimeSplits(Int8Array.of(0, 0)), /at least 2 regimes must occur, got 1/);
});
