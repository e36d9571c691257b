import assert from "node:assert/strict";
import v8 from "node:v8";
import { makeBars } from "../data/mod.ts";
import { createRng } from "../math/mod.ts";
import { cartPole } from "./cart_pole.ts";
import { spaceSize } from "./environment.ts";
import { frameStack } from "./frame_stack.ts";
import {
  type MarketEnvironment,
  marketEnvironment,
  type MarketEnvironmentOptions,
} from "./market_environment.ts";
import { normalizeObservations } from "./normalize_observations.ts";
import { pendulum } from "./pendulum.ts";
import {
  type PortfolioEnvironment,
  portfolioEnvironment,
  type PortfolioEnvironmentOptions,
} from "./portfolio_environment.ts";
import { scaleRewards } from "./scale_rewards.ts";
import { type VectorEnvironment, vectorize } from "./vector_environment.ts";
import { actionRepeat, timeLimit } from "./wrappers.ts";

/** The smallest object of the engine, a single boxed number, takes 16 bytes. */
const boundBytes = 2;
const bars = 20_000;

function market(seed: number) {
  const rng = createRng(seed);
  let x = 0;
  const close = Float64Array.from(
    { length: bars },
    () => 100 * Math.exp(x = 0.999 * x + 0.01 * rng.normal()),
  );
  const open = close.map((c, t) => t === 0 ? c : close[t - 1] * (1 + 0.001 * rng.normal()));
  const data = makeBars({
    time: close.map((_, t) => (t + 1) * 86_400_000),
    open,
    high: close.map((c, t) => Math.max(c, open[t])),
    low: close.map((c, t) => Math.min(c, open[t])),
    close,
    volume: close.map(() => 1e7),
  });
  const frame = { names: ["price"], columns: [close], time: data.time, length: bars };
  return { data, frame };
}

/** Bytes that the heap gave out per environment step, all garbage included. */
function bytesPerStep(environments: VectorEnvironment, actions: (Int32Array | Float32Array)[]) {
  const { count } = environments;
  const run = (steps: number) => {
    for (let t = 0; t < steps; t++) environments.step(actions[t % actions.length]);
  };
  const allocated = () =>
    (v8.getHeapStatistics() as unknown as { total_allocated_bytes: number }).total_allocated_bytes;
  environments.reset(1);
  const steps = Math.ceil(1e6 / count);
  let bytes = Infinity;
  // Code that has just become hot makes objects until the compiler, on a thread of its own, is done.
  for (let round = 0; round < 6 && bytes >= boundBytes; round++) {
    const before = allocated();
    run(steps);
    bytes = (allocated() - before) / (steps * count);
  }
  return bytes;
}

/** Three sets of actions for all copies, each another than the one before. */
function threeActions(environments: VectorEnvironment, values: number[]) {
  const { actionSpace, count } = environments;
  const size = spaceSize(actionSpace);
  return [0, 1, 2].map((turn) => {
    const numbers = Array.from({ length: count * size }, (_, i) => values[(turn + i) % 3]);
    return actionSpace.kind === "box" ? Float32Array.from(numbers) : Int32Array.from(numbers);
  });
}

const { data, frame } = market(1);
const costs = { fees: { bps: 1 }, slippage: 0.0001, spread: 0.0001 };
const single = (options: Partial<MarketEnvironmentOptions>) => () =>
  marketEnvironment({ bars: data, frame, account: costs, ...options });
const several = ["A", "B", "C"].map((symbol, k) => [symbol, market(k + 1)] as const);
const portfolio = (options: Partial<PortfolioEnvironmentOptions>) => () =>
  portfolioEnvironment({
    bars: Object.fromEntries(several.map(([symbol, m]) => [symbol, m.data])),
    frames: Object.fromEntries(several.map(([symbol, m]) => [symbol, m.frame])),
    account: costs,
    ...options,
  });

const markets: [string, () => MarketEnvironment | PortfolioEnvironment, number[]][] = [
  ["short, flat and long", single({}), [0, 1, 2]],
  [
    "masked levels, trades at the close",
    single({
      actions: { kind: "levels", levels: [-1, 0, 0.5, 1] },
      account: { ...costs, allowShort: false, fill: "nextClose" },
    }),
    [1, 2, 3],
  ],
  [
    "weights with leverage, financing and a volume limit",
    single({
      actions: { kind: "weight", low: -2, high: 2 },
      account: { ...costs, leverage: 2, borrowRate: 0.02, marginRate: 0.04, volumeLimit: 0.1 },
      reward: { kind: "differentialSharpe", drawdownPenalty: 0.1, turnoverPenalty: 0.1 },
    }),
    [-1.5, 0.3, 1.8],
  ],
  ["a portfolio by softmax", portfolio({}), [0, 1, 2]],
  [
    "a portfolio by levels",
    portfolio({ actions: { kind: "levels", levels: [0, 0.1, 0.3] } }),
    [0, 1, 2],
  ],
];

for (const [what, make, values] of markets) {
  Deno.test(`a million steps that trade at each bar make no object: ${what}`, () => {
    const alone = make();
    const one = vectorize(() => alone, 1);
    one.reset(1);
    const turns = threeActions(one, values);
    for (let t = 0; t < 300; t++) one.step(turns[t % 3]);
    const { weights } = alone.episode;
    for (const column of weights instanceof Float64Array ? [weights] : Object.values(weights)) {
      assert.ok(column.subarray(0, 300).every(Number.isFinite), "orders");
    }
    const environments = vectorize(make, 8);
    const bytes = bytesPerStep(environments, threeActions(environments, values));
    assert.ok(bytes < boundBytes, `${environments.actionSpace.kind} ${bytes} bytes per step`);
  });
}

Deno.test("steps of CartPole, Pendulum and of all wrappers make no object either", () => {
  const wrapped = scaleRewards(
    normalizeObservations(
      frameStack(vectorize(() => timeLimit(actionRepeat(single({})(), 2), 10_000), 8), 3),
    ),
  );
  const cases: [VectorEnvironment, number[]][] = [
    [vectorize(() => cartPole(), 8), [0, 1, 0]],
    [vectorize(() => pendulum(), 8), [-1, 0.5, 1]],
    [wrapped, [0, 1, 2]],
  ];
  for (const [environments, values] of cases) {
    const bytes = bytesPerStep(environments, threeActions(environments, values));
    assert.ok(bytes < boundBytes, `${environments.actionSpace.kind} ${bytes} bytes per step`);
  }
});

Deno.test("the measure sees an environment that makes one object per step", () => {
  const kept: unknown[] = [];
  const make = () => {
    const inner = cartPole();
    return {
      ...inner,
      step(action: Parameters<typeof inner.step>[0]) {
        const result = inner.step(action);
        kept[0] = { order: action };
        return result;
      },
    };
  };
  const environments = vectorize(make, 8);
  const bytes = bytesPerStep(environments, threeActions(environments, [0, 1, 0]));
  assert.ok(bytes > 8 * boundBytes, `${environments.actionSpace.kind} ${bytes} bytes per step`);
});
