/**
 * Explanations of models: permutation importance, Shapley values, attention, reliability.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createModel } from "../models/mod.ts";
 * import { shapleyValues } from "./mod.ts";
 * const model = await createModel({ kind: "mlp", windowBars: 2, features: 3, units: 4, seed: 1 });
 * const window = Float32Array.of(1, 2, 3, 4, 5, 6);
 * const { values, base, prediction } = await shapleyValues(model, window, {
 *   background: new Float32Array(6),
 * });
 * assert.ok(Math.abs(values[0] + values[1] + values[2] - (prediction - base)) < 1e-5);
 * model.dispose();
 * ```
 * @module
 */
export * from "./attention_weights.ts";
export * from "./permutation_importance.ts";
export * from "./reliability.ts";
export * from "./shapley_values.ts";
