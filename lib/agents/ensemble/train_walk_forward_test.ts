import assert from "node:assert/strict";
import { backtestSignals } from "../../backtester/mod.ts";
import { type Bars, sliceBars } from "../../data/mod.ts";
import { createPolicy } from "../actor_critic_policy.ts";
import { discreteSpace } from "../environment.ts";
import { bestSharpe, outOfTurbulence, rollingSharpe, softmaxSharpe } from "./selection.ts";
import { type Market, tradePolicy } from "./trade_policy.ts";
import { type AgentPlan, backtestPolicy, trainWalkForward } from "./train_walk_forward.ts";

/** A wave with its own next return as a feature would be a gift; this shows the slope of the past. */
function makeMarket(length: number, change: (t: number) => number = () => 1): Market {
  const close = new Float64Array(length), slope = new Float64Array(length);
  for (let t = 0; t < length; t++) {
    close[t] = 100 * (1 + 0.1 * Math.sin(t / 8)) * change(t);
    slope[t] = t === 0 ? 0 : 100 * (close[t] / close[t - 1] - 1);
  }
  const time = Float64Array.from({ length }, (_, t) => t * 86_400_000);
  const bars: Bars = { time, open: close, high: close, low: close, close, volume: time, length };
  return {
    bars,
    frame: { names: ["slope"], columns: [slope], time, length },
    actions: { kind: "levels", levels: [0, 1] },
    account: { fill: "nextClose", fees: { bps: 1 } },
  };
}

/** A policy that likes to be long where `sign * slope` is positive. */
const followSlope = async (sign: number) => {
  const policy = await createPolicy({
    observationSize: 4,
    actionSpace: discreteSpace(2),
    hidden: [],
    seed: 1,
  });
  const { weights } = policy.state();
  policy.restore({
    weights: weights.map((w, i) => w.map((_, k) => i === 0 && k < 2 ? sign * (k - 0.5) : 0)),
  });
  return policy;
};
const plans: AgentPlan[] = [
  { name: "follower", train: () => followSlope(1) },
  { name: "contrarian", train: () => followSlope(-1) },
];
const sizes = { trainBars: 100, validationBars: 40, testBars: 30 };

Deno.test("a walk-forward's best agent of the validation trades the test, and decisions join without gaps", async () => {
  const length = 260, market = makeMarket(length);
  const result = await trainWalkForward({ ...sizes, agents: plans, market, length });
  assert.deepEqual(result.windows.map((w) => w.test), [
    [140, 170],
    [170, 200],
    [200, 230],
    [230, 260],
  ]);
  for (const { sharpes, combination, validation, train } of result.windows) {
    assert.ok(sharpes[0] > sharpes[1]);
    assert.deepEqual(combination, { kind: "mean", weights: [1, 0] });
    assert.equal(validation[0], train[1]);
  }
  assert.equal(result.from, 139);
  assert.equal(result.weights.length, length - 1 - 139);
  assert.deepEqual(result.weights, result.agentWeights.follower);
  // Long exactly where the slope before was positive.
  let held = NaN;
  result.weights.forEach((w, i) => {
    if (!Number.isNaN(w)) held = w;
    assert.equal(held, market.frame.columns[0][result.from + i] > 0 ? 1 : 0);
  });
  const bars = sliceBars(market.bars, result.from, length);
  const weights = new Float64Array(bars.length).fill(NaN);
  weights.set(result.weights);
  assert.ok(backtestSignals(bars, { weights }, market.account).metrics.sharpe > 3);
  result.policy.dispose();
});

Deno.test("decisions of a walk-forward do not change when bars after them do", async () => {
  const length = 220, cut = 185;
  const weightsOf = async (change: (t: number) => number) => {
    const market = makeMarket(length, change);
    const agents: AgentPlan[] = [
      // What this agent becomes depends on all bars that it may train on.
      {
        name: "trained",
        train: (range) => {
          const [slope] = range.frame.columns;
          const sum = slope.slice(range.from, range.to).reduce((a, b) => a + b * b, 0);
          return followSlope(sum);
        },
      },
      plans[1],
    ];
    const { weights, from, policy } = await trainWalkForward({
      ...sizes,
      agents,
      market,
      length,
      selection: softmaxSharpe(),
    });
    policy.dispose();
    return weights.slice(0, cut - from);
  };
  const noise = (t: number) => t < cut ? 1 : 1 + 0.2 * Math.cos(t * t);
  assert.deepEqual(await weightsOf(noise), await weightsOf(() => 1));
});

Deno.test("outOfTurbulence() leaves the market above the training bars' quantile of a feature", async () => {
  const length = 200, market = makeMarket(length);
  const { policy, windows } = await trainWalkForward({
    ...sizes,
    agents: plans,
    market,
    length,
    selection: outOfTurbulence(bestSharpe(), { feature: "slope", quantile: 0.9 }),
  });
  const [{ combination, train }] = windows;
  assert.equal(combination.kind, "regime");
  if (combination.kind !== "regime") return;
  const training = market.frame.columns[0].slice(...train);
  const above = training.filter((x) => x > combination.thresholds[0]).length;
  assert.ok(Math.abs(above / training.length - 0.1) < 0.02);
  // Rising, but turbulent.
  const steep = Float32Array.of(9, 0, 0, 0), gentle = Float32Array.of(0.1, 0, 0, 0);
  assert.equal(policy.act(steep, { deterministic: true }).actions[0], 0);
  assert.equal(policy.act(gentle, { deterministic: true }).actions[0], 1);
  policy.dispose();
});

Deno.test("rollingSharpe() follows the better agent once its window is full, warm from the validation", async () => {
  const length = 200, market = makeMarket(length);
  const { policy, weights, agentWeights } = await trainWalkForward({
    ...sizes,
    agents: plans,
    market,
    length,
    selection: rollingSharpe({
      assetReturn: { index: 0, scale: 0.01 },
      windowBars: 30,
      temperature: 0.5,
      costBps: 1,
    }),
  });
  assert.equal(policy.combination.kind, "rollingSharpe");
  assert.deepEqual(weights, agentWeights.follower);
  const graph = await policy.toOnnx();
  assert.ok(graph.length > 0 && policy.stateSize === 2 * 31 + 1);
  policy.dispose();
});

Deno.test("PPO, A2C and A3C are trained per window and traded as one", async () => {
  const length = 200, market = makeMarket(length);
  const shared = { totalSteps: 256, hidden: [4] };
  const seen: number[] = [];
  const { policy, weights, windows } = await trainWalkForward({
    ...sizes,
    testBars: 60,
    episodeBars: 50,
    market: () => market,
    length,
    agents: [
      {
        name: "ppo",
        algorithm: "ppo",
        config: { ...shared, environments: 2, rolloutSteps: 64, batchSize: 32, epochs: 2 },
      },
      { name: "a2c", algorithm: "a2c", config: { ...shared, environments: 4 } },
      { name: "a3c", algorithm: "a3c", config: { ...shared, workers: 2 } },
    ],
    selection: softmaxSharpe({ temperature: 2 }),
    onWindow: ({ index }) => void seen.push(index),
  });
  assert.deepEqual(seen, [0]);
  assert.equal(windows[0].sharpes.length, 3);
  assert.equal(policy.members.length, 3);
  assert.ok(weights.every((w) => Number.isNaN(w) || w === 0 || w === 1));
  policy.dispose();
});

Deno.test("tradePolicy() and trainWalkForward() name ranges and agents that do not fit", async () => {
  const market = makeMarket(50);
  const policy = await followSlope(1);
  assert.throws(() => tradePolicy(policy, market, { from: 9, to: 9 }), /got 9, 9 and 9/);
  assert.throws(() => tradePolicy(policy, market, { from: 9, to: 50 }), RangeError);
  const { equity } = backtestPolicy(policy, market, [10, 50]);
  assert.equal(equity.length, 40);
  await assert.rejects(
    trainWalkForward({ ...sizes, agents: [], market, length: 50 }),
    /agents must not be empty/,
  );
  await assert.rejects(
    trainWalkForward({ ...sizes, agents: plans, market, length: 50 }),
    /Cannot walk forward/,
  );
  policy.dispose();
});
