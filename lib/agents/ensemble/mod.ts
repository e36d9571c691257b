/**
 * Ensembles of policies: mean, vote, weights by rolling Sharpe ratios or by regime; trained per window
 * of a walk-forward, saved and exported as one graph.
 * @module
 */
export { type Combination, type CombinationConfig, combinationSchema } from "./combination.ts";
export { type EnsembleAnswer, EnsemblePolicy, loadEnsemble } from "./ensemble_policy.ts";
