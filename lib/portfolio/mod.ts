/**
 * Portfolios: covariance, long-only optimizers, limits on risk, and a strategy that rebalances.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { minimumVarianceWeights } from "./mod.ts";
 * const weights = minimumVarianceWeights(Float64Array.of(0.01, 0, 0, 0.04));
 * assert.ok(Math.abs(weights[0] - 0.8) < 1e-9);
 * ```
 * @module
 */
export { riskParityWeights } from "../backtester/sizing/risk_parity.ts";
export * from "./covariance.ts";
export * from "./hierarchical_risk_parity.ts";
export * from "./mean_variance.ts";
export * from "./optimised_strategy.ts";
export * from "./risk_limits.ts";
