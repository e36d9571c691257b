/**
 * The library: what notebooks and programs import.
 *
 * Importing it loads no native add-on and no network client; those come when they are first used.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { backtest, sampleBars, strategies } from "./mod.ts";
 *
 * const bars = await sampleBars(); // S&P 500, daily, 2000 to 2020
 * const result = backtest(bars, strategies.smaCross({ fast: 50, slow: 200 }), {
 *   cash: 100_000,
 *   fill: "nextClose",
 *   fees: 0.0001,
 * });
 * assert.ok(result.metrics.max_drawdown > -0.4);
 * ```
 * @module
 */
export * from "./backtester/mod.ts";
export * from "./data/mod.ts";
export * from "./datasets/mod.ts";
export * from "./experiment/mod.ts";
export * from "./features/mod.ts";
export * from "./math/mod.ts";
export * from "./models/mod.ts";
export * from "./onnx/mod.ts";
export * from "./tracking/mod.ts";
export * from "./training/mod.ts";
export * from "./tuner/mod.ts";
export * from "./validation/mod.ts";

// Names that two rooms use for their own type: the one that notebooks mean.
export type { BarRange } from "./datasets/mod.ts";
export type { LoadedModel } from "./models/mod.ts";
export type { OptimizerConfig } from "./training/mod.ts";
