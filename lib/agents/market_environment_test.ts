import assert from "node:assert/strict";
import fc from "fast-check";
import { type BacktestOptions, backtestSignals } from "../backtester/mod.ts";
import { randomBars } from "../backtester/testdata/make_bars.ts";
import { type Bars, sliceBars } from "../data/mod.ts";
import type { FeatureFrame } from "../features/mod.ts";
import { createRng } from "../math/mod.ts";
import { ActionError } from "./environment.ts";
import { marketEnvironment } from "./market_environment.ts";
import { ppo } from "./ppo.ts";

/** The bar's own return and range: causal features for tests. */
function frameOf(bars: Bars): FeatureFrame {
  return {
    names: ["barReturn", "range"],
    columns: [
      bars.close.map((c, t) => c / bars.open[t] - 1),
      bars.high.map((h, t) => h / bars.low[t] - 1),
    ],
    time: bars.time,
    length: bars.length,
  };
}

const accounts: fc.Arbitrary<BacktestOptions> = fc.record({
  fill: fc.constantFrom("nextOpen", "nextClose", "sameClose"),
  fees: fc.constantFrom(0, 0.001, { bps: 5, minimum: 1 }, { perShare: 0.01, minimum: 1 }),
  slippage: fc.constantFrom(0, 0.0005, { perUnit: 0.01 }, { volatility: 0.1 }),
  spread: fc.constantFrom(0, 0.001),
  lotSize: fc.constantFrom(0, 1),
  tickSize: fc.constantFrom(0, 0.01),
  leverage: fc.constantFrom(1, 2, 20),
  rebalanceBand: fc.constantFrom(0, 0.05),
  finalizeTrades: fc.boolean(),
});

Deno.test("replaying an episode's weights in the backtester gives its equity to the cent", () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1e6 }),
      accounts,
      fc.boolean(),
      fc.boolean(),
      (seed, account, isChoice, isWindow) => {
        const bars = randomBars(90, seed, { volatility: account.leverage === 20 ? 0.05 : 0.015 });
        const most = account.leverage ?? 1;
        const environment = marketEnvironment({
          bars,
          frame: frameOf(bars),
          account,
          actions: isChoice
            ? { kind: "levels", levels: [-most, -0.5, 0, 0.5, most] }
            : { kind: "weight", low: -most, high: most },
          reward: { kind: "pnl" },
          episodeBars: isWindow ? 40 : undefined,
        });
        const rng = createRng(seed + 1);
        for (let round = 0; round < 2; round++) {
          environment.reset(round === 0 ? seed : undefined);
          let rewards = 0;
          for (;;) {
            const action = isChoice
              ? rng.integer(5)
              : Float64Array.of((rng.uniform() * 2 - 1) * most);
            const { reward, terminated, truncated } = environment.step(action);
            rewards += reward;
            if (terminated || truncated) break;
          }
          const { from, to, weights, equity } = environment.episode;
          const replay = backtestSignals(sliceBars(bars, from, to), { weights }, account);
          equity.forEach((value, t) => {
            const want = replay.equity[t];
            const tolerance = Math.max(0.005, 1e-9 * Math.abs(want));
            assert.ok(Math.abs(value - want) < tolerance, `bar ${t}: ${value} and ${want}`);
          });
          const earned = rewards * 10_000, total = equity.at(-1)! - 10_000;
          assert.ok(Math.abs(earned - total) < 0.005, `rewards ${earned} and equity ${total}`);
        }
      },
    ),
    { numRuns: 150, seed: 5 },
  );
});

Deno.test("marketEnvironment() shows features and account, and fills at the next open", () => {
  const day = 86_400_000;
  const column = (...v: number[]) => Float64Array.from(v);
  const bars = {
    time: column(0, day, 2 * day),
    open: column(10, 20, 25),
    high: column(10, 25, 30),
    low: column(10, 20, 20),
    close: column(10, 25, 20),
    volume: column(1, 1, 1),
    length: 3,
  };
  const environment = marketEnvironment({
    bars,
    frame: { names: ["number"], columns: [column(1, 2, 3)], time: bars.time, length: 3 },
    account: { cash: 100 },
  });
  assert.deepEqual([...environment.reset(0)], [1, 0, 0, 0]);
  const first = environment.step(2); // 5 units at 20, worth 125 at the close
  assert.ok(Math.abs(first.reward - Math.log(1.25)) < 1e-12);
  assert.deepEqual([...first.observation], [2, 1, Math.fround(Math.log(1.25)), 0]);
  const second = environment.step(2); // kept: 100 at the close
  assert.ok(Math.abs(second.reward - Math.log(0.8)) < 1e-12);
  assert.deepEqual([...second.observation], [3, 1, 0, Math.fround(0.2)]);
  assert.ok(second.truncated && !second.terminated);
  assert.deepEqual([...environment.episode.weights], [1, NaN, NaN]);
  assert.deepEqual([...environment.episode.equity], [100, 125, 100]);
  assert.throws(() => environment.step(2), /call reset first/);
});

Deno.test("marketEnvironment() draws episodes from its range alone, by the seed", () => {
  const bars = randomBars(100);
  const environment = marketEnvironment({
    bars,
    frame: frameOf(bars),
    episodeBars: 10,
    from: 20,
    to: 60,
  });
  const draw = (seed?: number) => {
    environment.reset(seed);
    const { from, to } = environment.episode;
    assert.ok(from >= 20 && to <= 60 && to - from === 10);
    return from;
  };
  const first = [draw(1), draw(), draw(), draw()];
  assert.deepEqual([draw(1), draw(), draw(), draw()], first);
  assert.ok(new Set(first).size > 1);
});

Deno.test("marketEnvironment() names data, ranges and actions that it cannot use", () => {
  const bars = randomBars(30);
  const frame = frameOf(bars);
  const make = (more: object) => marketEnvironment({ bars, frame, ...more });
  assert.throws(() => make({ episodeBars: 31 }), /at least an episode \(31 bars\), got 30/);
  assert.throws(() => make({ episodeBars: 1 }), /episodeBars must be an integer >= 2, got 1/);
  assert.throws(() => make({ to: 31 }), /from and to must be integers in \[0, 30\], got 0 and 31/);
  assert.throws(() => make({ actions: { kind: "levels", levels: [1] } }), /at least 2 finite/);
  assert.throws(() => make({ account: { cash: -1 } }), /cash must be/);
  const gap = { ...frame, columns: [frame.columns[0].with(7, NaN), frame.columns[1]] };
  assert.throws(() => make({ frame: gap }), /feature barReturn must be finite, got NaN at row 7/);
  marketEnvironment({ bars, frame: gap, from: 8 });
  const environment = make({ actions: { kind: "weight", low: 0, high: 1 } });
  environment.reset(0);
  for (const action of [1.1, NaN, [0, 1]]) {
    assert.throws(() => environment.step(action), ActionError);
  }
});

Deno.test("ppo.train() finds the profitable side of a market with a drift", async () => {
  const bars = randomBars(400, 3, { drift: 0.01, volatility: 0.005 });
  const { policy } = await ppo.train(
    () => marketEnvironment({ bars, frame: frameOf(bars), episodeBars: 64, to: 300 }),
    { totalSteps: 30_720, environments: 8, rolloutSteps: 64, learningRate: 1e-3, seed: 2 },
  );
  const unseen = marketEnvironment({ bars, frame: frameOf(bars), from: 300 });
  let observation = unseen.reset(0);
  for (;;) {
    const result = unseen.step(policy.predict(observation)[0]);
    observation = result.observation;
    if (result.terminated || result.truncated) break;
  }
  const held = bars.close[399] / bars.open[301];
  const earned = unseen.episode.equity.at(-1)! / 10_000;
  assert.ok(earned > 0.9 * held, `${earned} of ${held}`);
  policy.dispose();
});
