import assert from "node:assert/strict";
import { backtest, type BacktestOptions, type Strategy } from "../backtester/mod.ts";
import { randomBars } from "../backtester/testdata/make_bars.ts";
import type { Bars } from "../data/mod.ts";
import { createRng } from "../math/mod.ts";
import { type ActorCriticPolicy, createPolicy } from "./actor_critic_policy.ts";
import { type Environment, maskSize, spaceSize } from "./environment.ts";
import { marketEnvironment } from "./market_environment.ts";
import { portfolioEnvironment } from "./portfolio_environment.ts";

const cash = 10_000, bars = 300;
const levels = [-0.7, 0, 0.4, 0.9];
const minimumHoldBars = 4;

const costs: BacktestOptions = {
  cash,
  fees: { bps: 5, minimum: 1 },
  slippage: 0.0005,
  spread: 0.0002,
  borrowRate: 0.03,
  cashRate: 0.01,
};
const features = (b: Bars) => ({
  names: ["change", "range"],
  columns: [
    b.close.map((c, t) => 50 * (c / b.open[t] - 1)),
    b.high.map((h, t) => 50 * (h / b.low[t] - 1)),
  ],
  time: b.time,
  length: b.length,
});
const symbols = ["A", "B", "C"];
const market = Object.fromEntries(symbols.map((s, k) => [s, randomBars(bars, 40 + k)]));
const frames = Object.fromEntries(symbols.map((s) => [s, features(market[s])]));

/** A policy that does something else at each turn: its layers are not small. */
async function wildPolicy(environment: Environment): Promise<ActorCriticPolicy> {
  const policy = await createPolicy({
    observationSize: spaceSize(environment.observationSpace),
    actionSpace: environment.actionSpace,
    hidden: [16],
    seed: 3,
  });
  const rng = createRng(8);
  const { weights } = policy.state();
  policy.restore({ weights: weights.map((w) => w.map((x) => x + rng.normal())) });
  return policy;
}

type Actions = "levels" | "weights" | "softmax";

/**
 * The policy as a strategy of the backtester, written from the environment's documentation alone: what
 * it sees comes from the backtester's context, and what it decides is placed there as target orders.
 */
function strategyOf(
  policy: ActorCriticPolicy,
  names: readonly (string | undefined)[],
  actions: Actions,
  holds: boolean,
  account: BacktestOptions,
): Strategy {
  const shown = names.map((name) => frames[name ?? "A"]);
  const asked = names.map(() => NaN), since = names.map(() => -1);
  const observation = new Float32Array(policy.observationSize);
  let peak = cash;
  return {
    name: "policy",
    next(context) {
      const t = context.bar;
      peak = Math.max(peak, context.equity);
      observation.set([
        ...shown.flatMap((frame) => frame.columns.map((column) => column[t])),
        ...names.map((name) => context.weight(name)),
        Math.log(context.equity / cash),
        1 - context.equity / peak,
      ]);
      const masks = new Uint8Array(maskSize(policy.actionSpace)).fill(1);
      if (actions === "levels") {
        names.forEach((_, a) =>
          levels.forEach((level, k) => {
            const isNew = Number.isNaN(asked[a]);
            const isKept = isNew ? level === 0 : level === asked[a];
            const isBound = holds && !isNew && t - since[a] < minimumHoldBars;
            const isAllowed = account.allowShort !== false || level >= 0;
            masks[a * levels.length + k] = isKept || isAllowed && !isBound ? 1 : 0;
          })
        );
      }
      const options = { deterministic: true, masks: actions === "levels" ? masks : null };
      const taken = policy.act(observation, options).actions;
      const scores = Array.from(taken, (x) => Math.exp(x));
      const sum = scores.reduce((a, b) => a + b, 0);
      names.forEach((name, a) => {
        if (actions === "levels") {
          const level = levels[taken[a]];
          if (level === asked[a]) return;
          asked[a] = level;
          since[a] = t;
          if (names.length === 1 || level !== 0 || context.position(name) !== 0) {
            context.target(level, name);
          }
        } else context.target(actions === "weights" ? taken[a] : scores[a] / sum, name);
      });
    },
  };
}

const single = (options: Partial<Parameters<typeof marketEnvironment>[0]>) =>
  marketEnvironment({ bars: market.A, frame: frames.A, account: costs, ...options });
const portfolio = (options: Partial<Parameters<typeof portfolioEnvironment>[0]>) =>
  portfolioEnvironment({ bars: market, frames, account: costs, ...options });
const longOnly = { ...costs, allowShort: false };
const byLevels = { kind: "levels", levels } as const;

const cases: {
  what: string;
  environment: ReturnType<typeof single> | ReturnType<typeof portfolio>;
  actions: Actions;
  account?: BacktestOptions;
  holds?: boolean;
}[] = [
  { what: "one symbol, choices", environment: single({ actions: byLevels }), actions: "levels" },
  {
    what: "one symbol, masked choices",
    environment: single({ actions: byLevels, account: longOnly, minimumHoldBars }),
    actions: "levels",
    account: longOnly,
    holds: true,
  },
  {
    what: "one symbol, a continuous weight",
    environment: single({ actions: { kind: "weight", low: -1, high: 1 } }),
    actions: "weights",
  },
  { what: "a portfolio by softmax", environment: portfolio({}), actions: "softmax" },
  {
    what: "a portfolio of masked choices",
    environment: portfolio({ actions: byLevels, account: longOnly, minimumHoldBars }),
    actions: "levels",
    account: longOnly,
    holds: true,
  },
];

for (const { what, environment, actions, account = costs, holds = false } of cases) {
  Deno.test(`a policy has the same equity in its environment and as a strategy of the backtester: ${what}`, async () => {
    const policy = await wildPolicy(environment);
    let observation = environment.reset(1);
    for (;;) {
      const masks = environment.actionMask ?? null;
      const taken = policy.act(observation, { deterministic: true, masks }).actions;
      const isOne = environment.actionSpace.kind === "discrete";
      const result = environment.step(isOne ? taken[0] : taken);
      observation = result.observation;
      if (result.terminated || result.truncated) break;
    }
    const isSingle = !("symbols" in environment);
    const names = isSingle ? [undefined] : symbols;
    const strategy = strategyOf(policy, names, actions, holds, account);
    const { equity, trades } = backtest(isSingle ? market.A : market, strategy, account);
    assert.ok(trades.length > 10, `${trades.length} trades`);
    environment.episode.equity.forEach((value, t) =>
      assert.ok(Math.abs(value - equity[t]) < 0.005, `bar ${t}: ${value} and ${equity[t]}`)
    );
    policy.dispose();
  });
}
