import { kurtosis, mean, normalQuantile, skewness, standardDeviation } from "../../math/mod.ts";
import { hasNaN, quantileInPlace } from "./order_statistics.ts";

export type RiskMethod = "historical" | "gaussian" | "cornishFisher";

/**
 * Value at risk: the per-bar return that is undercut with probability `level` (5 %), usually < 0.
 *
 * `historical` (default): empirical quantile, linear interpolation. `gaussian`: mean and standard
 * deviation (ddof 1), as quantstats does. `cornishFisher`: the Gaussian quantile corrected for skew
 * and excess kurtosis (Favre & Galeano 2002).
 */
export function valueAtRisk(
  returns: Float64Array,
  options: { level?: number; method?: RiskMethod } = {},
): number {
  const { level = 0.05, method = "historical" } = options;
  checkLevel(level);
  if (method === "historical") {
    return hasNaN(returns) ? NaN : quantileInPlace(Float64Array.from(returns), level);
  }
  const z = normalQuantile(level);
  const m = mean(returns);
  const s = standardDeviation(returns);
  if (method === "gaussian") return m + s * z;
  return m + s * cornishFisherQuantile(z, skewness(returns), kurtosis(returns) - 3);
}

/** @throws {RangeError} If `level` is not in (0, 1). */
export function checkLevel(level: number): void {
  if (!(level > 0 && level < 1)) {
    throw new RangeError(`Cannot compute value at risk: level must be in (0, 1), got ${level}`);
  }
}

/** The standard normal quantile `z` bent by skew `g3` and excess kurtosis `g4`. */
export function cornishFisherQuantile(z: number, g3: number, g4: number): number {
  return z + (z * z - 1) * g3 / 6 + (z ** 3 - 3 * z) * g4 / 24 -
    (2 * z ** 3 - 5 * z) * g3 * g3 / 36;
}
