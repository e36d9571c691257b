/**
 * Agents trained anew for each window of a walk-forward, and the ensemble that trades it.
 * @module
 */
import { type BacktestResult, backtestSignals } from "../../backtester/mod.ts";
import { sliceBars } from "../../data/mod.ts";
import { walkForwardWindows } from "../../validation/mod.ts";
import { type A2cConfig } from "../a2c/a2c_config.ts";
import { a2c } from "../a2c/mod.ts";
import { type A3cConfig } from "../a3c/a3c_config.ts";
import { a3c } from "../a3c/mod.ts";
import type { ActorCriticPolicy } from "../actor_critic_policy.ts";
import { marketEnvironment, type MarketEnvironmentOptions } from "../market_environment.ts";
import type { Policy } from "../policy.ts";
import { ppo } from "../ppo.ts";
import type { PpoConfig } from "../ppo_config.ts";
import { EnsemblePolicy } from "./ensemble_policy.ts";
import { bestSharpe, type Selection } from "./selection.ts";
import { type Market, tradePolicy } from "./trade_policy.ts";

/** One member: an algorithm with its configuration, or any function that trains a policy. */
export type AgentPlan =
  & { name: string }
  & (
    | { algorithm: "ppo"; config: PpoConfig }
    | { algorithm: "a2c"; config: A2cConfig }
    | { algorithm: "a3c"; config: A3cConfig }
    | { train(market: MarketEnvironmentOptions, context: TrainContext): Promise<ActorCriticPolicy> }
  );

export interface TrainContext {
  /** Differs from window to window and agent to agent. */
  seed: number;
  signal?: AbortSignal;
}

export interface WalkForwardOptions {
  agents: readonly AgentPlan[];
  /** The market; a function of the bars that may be looked at when features are fitted on them. */
  market: Market | ((train: readonly [from: number, to: number]) => Market);
  /** Bars of the market, and the first that counts (after the features' warm-up). */
  length: number;
  from?: number;
  /** Bars in the first training, without validation; later ones begin at the same bar. */
  trainBars: number;
  /** Bars after the training on which agents are judged. A quarter is 63. */
  validationBars?: number;
  /** Bars that are traded before everything is trained anew. */
  testBars?: number;
  /** Bars of a training episode, drawn at random. Default: 252. */
  episodeBars?: number;
  /** Default: {@linkcode bestSharpe}. */
  selection?: Selection;
  seed?: number;
  signal?: AbortSignal;
  onWindow?: (window: WalkForwardRecord) => void;
}

/** What happened in one window. */
export interface WalkForwardRecord {
  index: number;
  train: readonly [from: number, to: number];
  validation: readonly [from: number, to: number];
  test: readonly [from: number, to: number];
  /** Of each agent, on the validation. */
  sharpes: number[];
  /** What the selection decided. */
  combination: EnsemblePolicy["combination"];
}

export interface WalkForwardAgents {
  windows: WalkForwardRecord[];
  /** First bar whose close is decided on; weights begin there. */
  from: number;
  /** Target weights of the ensemble at the closes of bars [from, …); NaN: left alone. */
  weights: Float64Array;
  /** The same of each agent alone. */
  agentWeights: Record<string, Float64Array>;
  /** The last window's ensemble: what would trade next. The caller's to dispose. */
  policy: EnsemblePolicy;
}

/**
 * The published ensemble strategy: in each window every agent is trained from scratch on the bars so
 * far, judged by its Sharpe ratio on the validation that follows, and what `selection` makes of the
 * judgements trades the window's test. Test windows follow each other without a gap; nothing of a test
 * is seen before it is traded.
 *
 * Differences from the paper: one asset, PPO with A2C and A3C instead of DDPG, training from scratch in
 * each window, and the position is carried from window to window.
 *
 * @see Yang, Liu, Zhong & Walid 2020, "Deep Reinforcement Learning for Automated Stock Trading: An
 * Ensemble Strategy", ICAIF 2020
 * @throws {RangeError} If there are no agents, or the windows do not fit.
 * @throws As the agents' trainings do; the policies trained so far are disposed.
 */
export async function trainWalkForward(options: WalkForwardOptions): Promise<WalkForwardAgents> {
  const { agents, length, validationBars = 63, testBars = 63, signal, seed = 0 } = options;
  const { selection = bestSharpe() } = options;
  if (agents.length === 0) {
    throw new RangeError("Cannot train walk-forward: agents must not be empty, got none");
  }
  const plan = walkForwardWindows(length, {
    trainBars: options.trainBars + validationBars,
    testBars,
    from: options.from,
  });
  // A decision at the close before a test's first bar is what that bar earns.
  const from = plan[0].test[0] - 1;
  const weights = new Float64Array(plan.at(-1)!.test[1] - 1 - from);
  const agentWeights = Object.fromEntries(agents.map((a) => [a.name, weights.slice()]));
  const windows: WalkForwardRecord[] = [];
  let policy: EnsemblePolicy | null = null;
  for (const window of plan) {
    signal?.throwIfAborted();
    policy?.dispose();
    const validation = [window.train[1] - validationBars, window.train[1]] as const;
    const train = [window.train[0], validation[0]] as const;
    const market = typeof options.market === "function" ? options.market(train) : options.market;
    const members = await trainMembers(options, market, train, seed + 1000 * window.index);
    const sharpes = members.map((member) => {
      const { metrics } = backtestPolicy(member, market, validation);
      return Number.isFinite(metrics.sharpe) ? metrics.sharpe : 0;
    });
    const names = agents.map((a) => a.name);
    policy = await EnsemblePolicy.create(
      members,
      selection({ names, sharpes, market, train, validation }),
    );
    const range = {
      from: window.test[0] - 1,
      to: window.test[1] - 1,
      warmFrom: validation[0],
    };
    weights.set(tradePolicy(policy, market, range), range.from - from);
    members.forEach((member, k) =>
      agentWeights[names[k]].set(tradePolicy(member, market, range), range.from - from)
    );
    const { combination } = policy;
    const { index, test } = window;
    const record = { index, train, validation, test, sharpes, combination };
    windows.push(record);
    options.onWindow?.(record);
  }
  return { windows, from, weights, agentWeights, policy: policy! };
}

async function trainMembers(
  options: WalkForwardOptions,
  market: Market,
  [from, to]: readonly [number, number],
  seed: number,
): Promise<ActorCriticPolicy[]> {
  const { episodeBars = 252, signal } = options;
  const range = { ...market, from, to, episodeBars };
  const members: ActorCriticPolicy[] = [];
  try {
    for (const [k, agent] of options.agents.entries()) {
      const context = { seed: seed + 100 * k, signal };
      members.push(await trainMember(agent, range, context));
    }
    return members;
  } catch (error) {
    for (const member of members) member.dispose();
    throw error;
  }
}

async function trainMember(
  agent: AgentPlan,
  market: MarketEnvironmentOptions,
  context: TrainContext,
): Promise<ActorCriticPolicy> {
  if ("train" in agent) return await agent.train(market, context);
  const { seed, signal } = context;
  const make = () => marketEnvironment(market);
  switch (agent.algorithm) {
    case "ppo":
      return (await ppo.train(make, { ...agent.config, seed }, { signal })).policy;
    case "a2c":
      return (await a2c.train(make, { ...agent.config, seed }, { signal })).policy;
    case "a3c": {
      const module = new URL("../market_environment.ts", import.meta.url);
      const environment = { module, export: "marketEnvironment", options: market };
      return (await a3c.train(environment, { ...agent.config, seed }, { signal })).policy;
    }
  }
}

/** A backtest of a policy's mode on bars [from, to): the decisions at their closes but the last. */
export function backtestPolicy(
  policy: Policy,
  market: Market,
  [from, to]: readonly [number, number],
): BacktestResult {
  const decided = tradePolicy(policy, market, { from, to: to - 1 });
  const weights = new Float64Array(to - from).fill(NaN);
  weights.set(decided);
  return backtestSignals(sliceBars(market.bars, from, to), { weights }, market.account);
}
