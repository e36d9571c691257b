/**
 * Performance metrics: one small function a file, every convention named where it is computed.
 *
 * All take simple per-bar returns and, where they annualise, bars per year.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { maxDrawdown } from "./mod.ts";
 * assert.equal(maxDrawdown(Float64Array.of(0.5, -0.5, 0.1)), -0.5);
 * ```
 * @module
 */
export * from "./alpha_beta.ts";
export * from "./average_drawdown.ts";
export * from "./cagr.ts";
export * from "./calmar_ratio.ts";
export * from "./capture_ratio.ts";
export * from "./conditional_value_at_risk.ts";
export * from "./downside_deviation.ts";
export * from "./drawdowns.ts";
export * from "./information_ratio.ts";
export * from "./max_drawdown.ts";
export * from "./max_drawdown_bars.ts";
export * from "./omega_ratio.ts";
export * from "./probabilistic_sharpe.ts";
export * from "./recovery_factor.ts";
export * from "./sharpe_ratio.ts";
export * from "./sortino_ratio.ts";
export * from "./tail_ratio.ts";
export * from "./total_return.ts";
export * from "./tracking_error.ts";
export * from "./trade_ratios.ts";
export * from "./ulcer_index.ts";
export * from "./value_at_risk.ts";
export * from "./volatility.ts";
export * from "./monthly_table.ts";
export * from "./rolling.ts";
export * from "./bootstrap.ts";
export * from "./return_histogram.ts";
export * from "./signal_quality.ts";
