import { mean, variance } from "../../math/mod.ts";
import { kellyCriterion } from "../metrics/trade_ratios.ts";

/**
 * Kelly weight of a continuous bet: `fraction * mean / variance` of per-bar excess returns, within
 * [0, maxWeight]. Half Kelly (0.5) by default: the full one is far too much for estimated means.
 */
export function kellyWeight(
  returns: Float64Array,
  options: { fraction?: number; riskFree?: number; maxWeight?: number } = {},
): number {
  const { fraction = 0.5, riskFree = 0, maxWeight = 1 } = options;
  const v = variance(returns);
  if (!(v > 0)) return 0;
  return Math.min(maxWeight, Math.max(0, fraction * (mean(returns) - riskFree) / v));
}

/** Kelly share of equity to risk, from past trades: `fraction * (p - (1 - p) / W)`, at least 0. */
export function kellyShare(pnl: Float64Array, fraction = 0.5): number {
  const kelly = kellyCriterion(pnl);
  return Number.isFinite(kelly) ? Math.max(0, fraction * kelly) : 0;
}
