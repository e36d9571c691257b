/**
 * How much to hold: sizes of orders, and weights from risk.
 * @module
 */
export { kellyShare, kellyWeight } from "./kelly_weight.ts";
export { riskParityWeights } from "./risk_parity.ts";
export type { Sizing } from "./sizing.ts";
export { volatilityTargetWeight } from "./volatility_target.ts";
