/**
 * Ensembles of policies: mean, vote, weights by rolling Sharpe ratios or by regime; trained per window
 * of a walk-forward, saved and exported as one graph.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sampleBars } from "../../data/mod.ts";
 * import { definePipeline, fitScaler } from "../../features/mod.ts";
 * import { trainWalkForward } from "./mod.ts";
 * const bars = await sampleBars();
 * const pipeline = definePipeline({
 *   steps: [{ kind: "logReturn" }, { kind: "logReturn", window: 21 }, { kind: "rsi", window: 14 }],
 * });
 * const frame = pipeline.compute(bars);
 * const quick = { totalSteps: 512, hidden: [8] };
 * const { policy, windows } = await trainWalkForward({
 *   length: bars.length,
 *   from: 4700,
 *   trainBars: 200,
 *   testBars: 126,
 *   episodeBars: 126,
 *   agents: [
 *     { name: "ppo", algorithm: "ppo", config: { ...quick, rolloutSteps: 256 } },
 *     { name: "a2c", algorithm: "a2c", config: { ...quick, environments: 4 } },
 *   ],
 *   // Features are scaled by what the training bars say.
 *   market: ([from, to]) => ({
 *     bars,
 *     frame: fitScaler("standard", frame, { from, to }).transform(frame),
 *     actions: { kind: "levels", levels: [0, 1] },
 *     account: { fill: "nextClose", fees: { bps: 5 } },
 *   }),
 * });
 * assert.equal(windows.length, 2);
 * assert.ok((await policy.toOnnx()).length > 0);
 * policy.dispose();
 * ```
 * @module
 */
export { type Combination, type CombinationConfig, combinationSchema } from "./combination.ts";
export { type EnsembleAnswer, EnsemblePolicy, loadEnsemble } from "./ensemble_policy.ts";
export {
  bestSharpe,
  outOfTurbulence,
  rollingSharpe,
  type Selection,
  type SelectionFacts,
  softmaxSharpe,
} from "./selection.ts";
export { type Market, tradePolicy, type TradeRange } from "./trade_policy.ts";
export {
  type AgentPlan,
  backtestPolicy,
  type TrainContext,
  trainWalkForward,
  type WalkForwardAgents,
  type WalkForwardOptions,
  type WalkForwardRecord,
} from "./train_walk_forward.ts";
