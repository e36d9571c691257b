/**
 * PPO, A2C, A3C and their ensemble on the S&P 500, retrained each quarter, beside holding and momentum:
 * out of sample, after costs, over 5 seeds.
 *
 * `deno run -A lib/agents/proofs/sp500_walk_forward.ts` writes testdata/proof_sp500.json.
 *
 * All strategies are long or flat. Opens of the sample equal the close before in its first years, so
 * that orders fill at the next close. What a strategy decides in all quarters is traded by one account
 * from the first to the last bar. Every Sharpe ratio of the table counts as a trial of the deflated
 * ones, whose variance is that of all of them.
 * @module
 */
import { type BacktestResult, backtestSignals } from "../../backtester/mod.ts";
import { fingerprintBars, sampleBars, sliceBars } from "../../data/mod.ts";
import { definePipeline, fitScaler } from "../../features/mod.ts";
import { mean, standardDeviation } from "../../math/mod.ts";
import { deflatedSharpe } from "../../validation/mod.ts";
import type { Market } from "../ensemble/mod.ts";
import { type AgentPlan, trainWalkForward } from "../ensemble/mod.ts";
import { writeProof } from "./write_proof.ts";

export const plan = {
  pipeline: {
    steps: [
      { kind: "logReturn" },
      { kind: "logReturn", window: 5 },
      { kind: "logReturn", window: 21 },
      { kind: "logReturn", window: 63 },
      { kind: "logReturn", window: 252 },
      { kind: "realizedVolatility", window: 21 },
      { kind: "rsi", window: 14 },
    ],
  },
  from: 260,
  trainBars: 1500,
  validationBars: 63,
  testBars: 63,
  episodeBars: 252,
  levels: [0, 1],
  feesBps: 5,
  reward: { kind: "differentialSharpe", eta: 0.01 } as const,
  momentumBars: 252,
  agents: [
    {
      name: "ppo",
      algorithm: "ppo",
      config: {
        totalSteps: 20_480,
        environments: 8,
        rolloutSteps: 256,
        batchSize: 256,
        epochs: 5,
        gamma: 0.9,
        entropyCoefficient: 0.01,
        hidden: [32, 32],
      },
    },
    {
      name: "a2c",
      algorithm: "a2c",
      config: {
        totalSteps: 20_480,
        environments: 8,
        nSteps: 8,
        gamma: 0.9,
        entropyCoefficient: 0.01,
        learningRateSchedule: "linear",
        hidden: [32, 32],
      },
    },
    {
      name: "a3c",
      algorithm: "a3c",
      config: { totalSteps: 20_480, workers: 2, gamma: 0.9, hidden: [32, 32] },
    },
  ] satisfies AgentPlan[],
};

export interface Row {
  strategy: string;
  seed: number | null;
  sharpe: number;
  cagr: number;
  volatility: number;
  maxDrawdown: number;
  /** Mean share of equity in the market. */
  exposure: number;
  /** Annual, one-way. */
  turnover: number;
  deflatedSharpe: number;
}

const metricsOf = ({ metrics }: BacktestResult) => ({
  sharpe: metrics.sharpe,
  cagr: metrics.cagr,
  volatility: metrics.volatility,
  maxDrawdown: metrics.max_drawdown,
  exposure: metrics.exposure,
  turnover: metrics.turnover,
});

/** The walk-forward for each of the seeds. `length` and `steps` make it shorter, for a test. */
export async function proveSp500(
  seeds: readonly number[],
  options: { length?: number; totalSteps?: number; log?: (line: string) => void } = {},
) {
  const bars = await sampleBars();
  const length = options.length ?? bars.length;
  const frame = definePipeline(plan.pipeline).compute(bars);
  const account = { fill: "nextClose", fees: { bps: plan.feesBps } } as const;
  const market = ([from, to]: readonly [number, number]): Market => ({
    bars,
    frame: fitScaler("standard", frame, { from, to }).transform(frame),
    actions: { kind: "levels", levels: plan.levels },
    reward: plan.reward,
    account,
  });
  const rows: Row[] = [];
  const returns: Float64Array[] = [];
  const picks: Record<string, number> = {};
  let from = 0;
  const trade = (strategy: string, seed: number | null, weights: Float64Array) => {
    const result = backtestSignals(sliceBars(bars, from, length), { weights }, account);
    rows.push({ strategy, seed, ...metricsOf(result), deflatedSharpe: NaN });
    returns.push(result.returns);
  };
  const padded = (weights: Float64Array) => {
    const all = new Float64Array(length - from).fill(NaN);
    all.set(weights);
    return all;
  };
  for (const seed of seeds) {
    const { totalSteps } = options;
    const result = await trainWalkForward({
      ...plan,
      agents: totalSteps === undefined ? plan.agents : plan.agents.map((a) => ({
        ...a,
        config: { ...a.config, totalSteps },
      } as AgentPlan)),
      market,
      length,
      seed: 1_000_000 * (seed + 1),
      onWindow: ({ index, sharpes, combination }) => {
        const { weights } = combination as { weights: number[] };
        const name = plan.agents[weights.indexOf(1)].name;
        picks[name] = (picks[name] ?? 0) + 1;
        options.log?.(
          `seed ${seed}, quarter ${index}: ${sharpes.map((s) => s.toFixed(2))} ${name}`,
        );
      },
    });
    result.policy.dispose();
    from = result.from;
    for (const { name } of plan.agents) trade(name, seed, padded(result.agentWeights[name]));
    trade("ensemble", seed, padded(result.weights));
    options.log?.(`seed ${seed}: ${rows.slice(-4).map((r) => r.sharpe.toFixed(2))}`);
  }
  const hold = new Float64Array(length - from).fill(NaN);
  hold[0] = 1;
  trade("buy and hold", null, hold);
  let held = NaN;
  const momentum = Float64Array.from({ length: length - from }, (_, i) => {
    const t = from + i;
    const wanted = bars.close[t] > bars.close[t - plan.momentumBars] ? 1 : 0;
    return wanted === held ? NaN : (held = wanted);
  });
  momentum[length - from - 1] = NaN;
  trade("momentum", null, momentum);

  // One that never trades has no spread; as a trial its ratio is 0.
  const perBar = returns.map((r) => mean(r) / (standardDeviation(r) || 1));
  const variance = standardDeviation(perBar) ** 2;
  rows.forEach((row, i) =>
    row.deflatedSharpe = deflatedSharpe(returns[i], {
      trials: rows.length,
      sharpeVariance: variance,
    })
  );
  return {
    data: { name: "sample S&P 500", fingerprint: await fingerprintBars(bars) },
    from: new Date(bars.time[from]).toISOString().slice(0, 10),
    to: new Date(bars.time[length - 1]).toISOString().slice(0, 10),
    bars: length - from,
    trials: rows.length,
    plan,
    picks,
    rows,
  };
}

if (import.meta.main) {
  const result = await proveSp500([0, 1, 2, 3, 4], { log: console.log });
  await writeProof("sp500", result);
}
