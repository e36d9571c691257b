import {
  kurtosis,
  mean,
  normalPdf,
  normalQuantile,
  skewness,
  standardDeviation,
} from "../../math/mod.ts";
import { hasNaN, selectInPlace } from "./order_statistics.ts";
import { checkLevel, cornishFisherQuantile, type RiskMethod } from "./value_at_risk.ts";

/**
 * Expected shortfall: the mean per-bar return in the worst `level` (5 %) of cases.
 *
 * `historical` (default): mean of the `floor((N - 1) * level) + 1` lowest returns, as empyrical.
 * `gaussian`: `m - s * phi(z) / level`. `cornishFisher`: the mean of the Cornish-Fisher quantile over
 * the tail, `1 / level * integral of q(p) dp` from 0 to `level`, by the midpoint rule in z.
 * quantstats: Gaussian (before 0.0.83: the mean of what lies below the Gaussian VaR).
 */
export function conditionalValueAtRisk(
  returns: Float64Array,
  options: { level?: number; method?: RiskMethod } = {},
): number {
  const { level = 0.05, method = "historical" } = options;
  checkLevel(level);
  if (returns.length === 0) return NaN;
  if (method === "historical") {
    return hasNaN(returns) ? NaN : tailMeanInPlace(Float64Array.from(returns), level);
  }
  const z = normalQuantile(level);
  const m = mean(returns);
  const s = standardDeviation(returns);
  if (method === "gaussian") return m - s * normalPdf(z) / level;
  // With p = Phi(x), dp = phi(x) dx; the tail below x = -12 weighs less than 1e-32.
  const g3 = skewness(returns);
  const g4 = kurtosis(returns) - 3;
  let sum = 0;
  const steps = 2000;
  const low = -12;
  const h = (z - low) / steps;
  for (let i = 0; i < steps; i++) {
    const x = low + (i + 0.5) * h;
    sum += normalPdf(x) * cornishFisherQuantile(x, g3, g4);
  }
  return m + s * sum * h / level;
}

/** Mean of the `floor((N - 1) * level) + 1` lowest values; reorders `a`. */
export function tailMeanInPlace(a: Float64Array, level: number): number {
  const k = Math.floor((a.length - 1) * level);
  selectInPlace(a, k);
  return mean(a.subarray(0, k + 1));
}
