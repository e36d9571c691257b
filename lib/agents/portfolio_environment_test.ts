import assert from "node:assert/strict";
import fc from "fast-check";
import { backtestSignals, backtestWeights } from "../backtester/mod.ts";
import { randomBars } from "../backtester/testdata/make_bars.ts";
import { type Bars, makeBars, sliceBars } from "../data/mod.ts";
import type { FeatureFrame } from "../features/mod.ts";
import { createRng, type Rng } from "../math/mod.ts";
import { ActionError, type Environment } from "./environment.ts";
import { marketEnvironment } from "./market_environment.ts";
import { fromJson, toJson } from "./plain_json.ts";
import { portfolioEnvironment, type PortfolioEnvironmentOptions } from "./portfolio_environment.ts";
import { ppo } from "./ppo.ts";

const frameOf = (bars: Bars): FeatureFrame => ({
  names: ["barReturn"],
  columns: [bars.close.map((c, t) => c / bars.open[t] - 1)],
  time: bars.time,
  length: bars.length,
});

/** Three symbols: one whole, one listed late with a gap, one that ends early. */
function market(seed: number): Record<string, Bars> {
  const b = randomBars(80, seed + 1);
  const keep = Array.from({ length: 80 }, (_, t) => t).filter((t) => t >= 25 && (t < 40 || t > 43));
  const pick = (c: Float64Array) => Float64Array.from(keep, (t) => c[t]);
  return {
    A: randomBars(80, seed),
    B: makeBars({
      time: pick(b.time),
      open: pick(b.open),
      high: pick(b.high),
      low: pick(b.low),
      close: pick(b.close),
      volume: pick(b.volume),
    }),
    C: sliceBars(randomBars(80, seed + 2), 0, 60),
  };
}

const framesOf = (bars: Record<string, Bars>) =>
  Object.fromEntries(Object.entries(bars).map(([s, b]) => [s, frameOf(b)]));

function randomAction(environment: Environment, rng: Rng): Int32Array | Float32Array {
  const { actionSpace: space, actionMask: mask } = environment;
  if (space.kind === "box") {
    return Float32Array.from(space.low, (l, k) => l + (space.high[k] - l) * rng.uniform());
  }
  assert.ok(space.kind === "multiDiscrete");
  return Int32Array.from(space.choices, (n, a) => {
    for (;;) {
      const k = rng.integer(n);
      if (!mask || mask[a * n + k]) return k;
    }
  });
}

Deno.test("replaying a portfolio's weights in the backtester gives its equity to the cent", () => {
  const accounts = fc.record({
    fill: fc.constantFrom("nextOpen", "nextClose", "sameClose"),
    fees: fc.constantFrom(0, 0.001, { bps: 5, minimum: 1 }),
    slippage: fc.constantFrom(0, 0.0005),
    leverage: fc.constantFrom(1, 2),
    allowShort: fc.boolean(),
    borrowRate: fc.constantFrom(0, 0.03),
    maintenanceMargin: fc.constantFrom(0, 0.3),
    finalizeTrades: fc.boolean(),
  });
  const rules = fc.constantFrom<PortfolioEnvironmentOptions["actions"]>(
    { kind: "softmax" },
    { kind: "weights", low: -1, high: 1 },
    { kind: "weights", low: 0, high: 1, gross: 0.8 },
    { kind: "levels", levels: [-0.5, 0, 0.3, 0.6] },
  );
  fc.assert(
    fc.property(
      fc.integer({ min: 0, max: 1e6 }),
      accounts,
      rules,
      fc.boolean(),
      (seed, account, actions, isWindow) => {
        const bars = market(seed);
        const environment = portfolioEnvironment({
          bars,
          frames: framesOf(bars),
          account: account as PortfolioEnvironmentOptions["account"],
          actions,
          reward: { kind: "pnl" },
          episodes: isWindow ? { kind: "random", bars: 30 } : undefined,
          minimumHoldBars: actions!.kind === "levels" ? 3 : undefined,
        });
        const rng = createRng(seed + 1);
        for (let round = 0; round < 2; round++) {
          environment.reset(round === 0 ? seed : undefined);
          while (true) {
            const { terminated, truncated } = environment.step(randomAction(environment, rng));
            if (terminated || truncated) break;
          }
          const { weights, equity, account: used } = environment.episode;
          const cut = environment.episodeBars();
          const named = Object.fromEntries(Object.keys(cut).map((s) => [s, weights[s]]));
          const replay = backtestWeights(cut, { weights: named }, used);
          assert.equal(replay.equity.length, equity.length);
          equity.forEach((value, t) => {
            const want = replay.equity[t];
            assert.ok(Math.abs(value - want) < 0.005, `bar ${t}: ${value} and ${want}`);
          });
        }
      },
    ),
    { numRuns: 120, seed: 7 },
  );
});

Deno.test("portfolioEnvironment() shows features by symbol, positions and account", () => {
  const bars = market(3);
  const environment = portfolioEnvironment({
    bars,
    frames: framesOf(bars),
    account: { cash: 100 },
  });
  const first = [...environment.reset(0)];
  const returnOf = (b: Bars, t: number) => Math.fround(b.close[t] / b.open[t] - 1);
  // B is not listed yet.
  assert.deepEqual(first, [returnOf(bars.A, 0), 0, returnOf(bars.C, 0), 0, 0, 0, 0, 0]);
  assert.deepEqual(environment.symbols, ["A", "B", "C"]);
  const { observation } = environment.step(Float32Array.of(10, -10, -10, -10));
  const units = 100 / bars.A.open[1], equity = units * bars.A.close[1];
  assert.ok(Math.abs(observation[3] - 1) < 1e-6);
  assert.ok(Math.abs(observation[6] - Math.log(equity / 100)) < 1e-6);
});

Deno.test("portfolioEnvironment() names symbols and actions that it cannot use", () => {
  const bars = market(4), frames = framesOf(bars);
  const make = (more: object) => portfolioEnvironment({ bars, frames, ...more });
  assert.throws(() => make({ frames: { A: frames.A } }), /frames must have B, got A/);
  const broken = { ...frames.C, columns: [frames.C.columns[0].with(7, NaN)] };
  assert.throws(
    () => make({ frames: { ...frames, C: broken } }),
    /feature barReturn of C must be finite, got NaN at row 7/,
  );
  assert.throws(() => make({ to: 81 }), /must be integers in \[0, 80\]/);
  assert.throws(
    () => make({ episodes: { kind: "walkForward", bars: 90 } }),
    /at least an episode \(90 bars\), got 80/,
  );
  const environment = make({ actions: { kind: "weights", low: -1, high: 1 } });
  environment.reset(0);
  for (const action of [[0, 0], [0, 0, 2], [0, NaN, 0]]) {
    assert.throws(() => environment.step(action), ActionError);
  }
});

Deno.test("a level that the account or a holding period forbids is masked and refused", () => {
  const bars = randomBars(30);
  const environment = marketEnvironment({
    bars,
    frame: frameOf(bars),
    account: { allowShort: false },
    actions: { kind: "levels", levels: [-1, 0, 1, 2] },
    minimumHoldBars: 3,
  });
  environment.reset(0);
  const mask = () => [...environment.actionMask!];
  assert.deepEqual(mask(), [0, 1, 1, 0]);
  assert.throws(() => environment.step(0), /must be allowed by the mask, got choice 0/);
  environment.step(2);
  assert.deepEqual(mask(), [0, 0, 1, 0]);
  environment.step(2);
  assert.deepEqual(mask(), [0, 0, 1, 0]);
  environment.step(2);
  assert.deepEqual(mask(), [0, 1, 1, 0]);
  assert.throws(
    () => marketEnvironment({ bars, frame: frameOf(bars), minimumHoldBars: 0.5 }),
    /minimumHoldBars must be an integer >= 0, got 0.5/,
  );
});

Deno.test("episodes are drawn in order, at random or growing, as their sampling says", () => {
  const bars = randomBars(100);
  const windows = (episodes: PortfolioEnvironmentOptions["episodes"], count: number) => {
    const environment = marketEnvironment({
      bars,
      frame: frameOf(bars),
      from: 10,
      to: 90,
      episodes,
    });
    return Array.from({ length: count }, (_, i) => {
      environment.reset(i === 0 ? 5 : undefined);
      const { from, to } = environment.episode;
      assert.ok(from >= 10 && to <= 90);
      for (let steps = 1;; steps++) {
        const { truncated } = environment.step(1);
        if (!truncated) continue;
        assert.equal(steps, to - from - 1);
        break;
      }
      return [from, to - from];
    });
  };
  assert.deepEqual(windows({ kind: "walkForward", bars: 30, stride: 25 }, 4), [
    [10, 30],
    [35, 30],
    [60, 30],
    [10, 30],
  ]);
  const grown = windows({ kind: "curriculum", bars: 10, finalBars: 50, episodes: 4 }, 6);
  assert.deepEqual(grown.map(([, length]) => length), [10, 20, 30, 40, 50, 50]);
  const drawn = windows({ kind: "random", bars: 20 }, 6);
  assert.ok(new Set(drawn.map(([from]) => from)).size > 2);
});

Deno.test("random costs differ by episode, within their ranges, and replay with the episode's account", () => {
  const bars = randomBars(60);
  const environment = marketEnvironment({
    bars,
    frame: frameOf(bars),
    randomCosts: { fees: [0.001, 0.01], slippage: [0, 0.002] },
  });
  const fees = new Set<number>();
  for (let round = 0; round < 4; round++) {
    environment.reset(round === 0 ? 1 : undefined);
    for (let t = 0; t < 59; t++) environment.step(t % 3);
    const { account, weights, equity } = environment.episode;
    const { fees: fee, slippage } = account as { fees: number; slippage: number };
    assert.ok(fee >= 0.001 && fee <= 0.01 && slippage >= 0 && slippage <= 0.002);
    fees.add(fee);
    const replay = backtestSignals(environment.episodeBars(), { weights }, account);
    equity.forEach((v, t) => assert.ok(Math.abs(v - replay.equity[t]) < 0.005));
  }
  assert.equal(fees.size, 4);
  assert.throws(
    () => marketEnvironment({ bars, frame: frameOf(bars), randomCosts: { spread: [0.2, 0.1] } }),
    /randomCosts.spread must ascend in \[0, 1\), got \[0.2,0.1\]/,
  );
});

Deno.test("a market goes on from its saved state as if it had not been interrupted", () => {
  const bars = market(9);
  const make = () =>
    portfolioEnvironment({
      bars,
      frames: framesOf(bars),
      actions: { kind: "levels", levels: [-0.5, 0, 0.5] },
      reward: { kind: "differentialSharpe" },
      episodes: { kind: "random", bars: 40 },
      randomCosts: { fees: [0, 0.01] },
      minimumHoldBars: 2,
    });
  const first = make(), rng = createRng(1);
  first.reset(3);
  first.reset();
  for (let t = 0; t < 25; t++) first.step(randomAction(first, rng));
  const second = make();
  second.restoreState!(fromJson(toJson(first.saveState!())));
  for (let t = 0; t < 60; t++) {
    const action = randomAction(first, rng);
    const a = first.step(action), b = second.step(action);
    assert.deepEqual([...b.observation, b.reward, b.truncated], [
      ...a.observation,
      a.reward,
      a.truncated,
    ]);
    assert.deepEqual(second.actionMask, first.actionMask);
    if (a.truncated) assert.deepEqual(second.reset(), first.reset());
  }
});

Deno.test("ppo.train() moves a portfolio into the symbol that rises", async () => {
  const bars = {
    UP: randomBars(200, 1, { drift: 0.004, volatility: 0.005 }),
    DOWN: randomBars(200, 2, { drift: -0.004, volatility: 0.005 }),
  };
  const { policy } = await ppo.train(
    () => portfolioEnvironment({ bars, frames: framesOf(bars), episodeBars: 50 }),
    {
      totalSteps: 16_384,
      environments: 8,
      rolloutSteps: 64,
      learningRate: 3e-3,
      gamma: 0.9,
      seed: 2,
    },
  );
  const environment = portfolioEnvironment({ bars, frames: framesOf(bars), from: 100 });
  let observation = environment.reset(0);
  for (let done = false; !done;) {
    const result = environment.step(policy.predict(observation) as Float32Array);
    observation = result.observation;
    done = result.truncated;
  }
  const earned = environment.episode.equity.at(-1)! / 10_000;
  const held = bars.UP.close[199] / bars.UP.open[101];
  assert.ok(earned > 1 + 0.6 * (held - 1), `${earned} of ${held}`);
  policy.dispose();
});
