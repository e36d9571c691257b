import { mean, normalPdf, normalQuantile, standardDeviation } from "../../math/mod.ts";
import { cornishFisherQuantile, type RiskMethod } from "./value_at_risk.ts";

/**
 * Expected shortfall: the mean per-bar return in the worst `level` (5 %) of cases.
 *
 * `historical` (default): mean of the `floor((N - 1) * level) + 1` lowest returns, as empyrical.
 * `gaussian`: `m - s * phi(z) / level`. `cornishFisher`: the mean of the Cornish-Fisher quantile over
 * the tail, `1 / level * integral of q(p) dp` from 0 to `level`, by the midpoint rule in z.
 * quantstats averages what lies below the Gaussian VaR.
 */
export function conditionalValueAtRisk(
  returns: Float64Array,
  options: { level?: number; method?: RiskMethod } = {},
): number {
  const { level = 0.05, method = "historical" } = options;
  if (returns.length === 0) return NaN;
  if (method === "historical") {
    const sorted = Float64Array.from(returns).sort();
    return mean(sorted.subarray(0, Math.floor((sorted.length - 1) * level) + 1));
  }
  const z = normalQuantile(level);
  const m = mean(returns);
  const s = standardDeviation(returns);
  if (method === "gaussian") return m - s * normalPdf(z) / level;
  // With p = Phi(x), dp = phi(x) dx; the tail below x = -12 weighs less than 1e-32.
  let sum = 0;
  const steps = 2000;
  const low = -12;
  const h = (z - low) / steps;
  for (let i = 0; i < steps; i++) {
    const x = low + (i + 0.5) * h;
    sum += normalPdf(x) * cornishFisherQuantile(x, returns);
  }
  return m + s * sum * h / level;
}
