/**
 * Validation: is a backtest's result more than luck and look-ahead?
 *
 * Splits that do not leak (walk-forward, purged and combinatorial cross-validation), and statistics
 * of selection (probabilistic and deflated Sharpe ratio, probability of backtest overfitting).
 * Every step takes and returns plain objects and columns.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { probabilisticSharpe } from "./mod.ts";
 * const returns = Float64Array.from({ length: 500 }, (_, t) => 0.001 + 0.01 * Math.sin(t));
 * assert.ok(probabilisticSharpe(returns) > 0.9);
 * ```
 * @module
 */
export {
  deflatedSharpe,
  expectedMaximumSharpe,
  minimumTrackRecord,
  probabilisticSharpe,
  type SharpeMoments,
  sharpeMoments,
} from "../backtester/metrics/probabilistic_sharpe.ts";
export * from "./combinatorial_purged.ts";
export * from "./pbo.ts";
export * from "./purged_k_fold.ts";
export * from "./render_plateau.ts";
export * from "./walk_forward.ts";
export * from "./cross_markets.ts";
export * from "./hidden_markov.ts";
export * from "./monte_carlo.ts";
export * from "./plateau_map.ts";
export * from "./reality_check.ts";
export * from "./regimes.ts";
export * from "./verdict.ts";
