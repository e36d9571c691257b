import { standardDeviation } from "../../math/mod.ts";

/**
 * Weight that gives a position the annual volatility `target`: `target / volatility` of the returns
 * given (take those known so far), at most `maxWeight`. NaN returns are not accepted; 0 without any
 * spread, because nothing is known of the risk then.
 */
export function volatilityTargetWeight(
  returns: Float64Array,
  options: { target: number; barsPerYear?: number; maxWeight?: number },
): number {
  const { target, barsPerYear = 252, maxWeight = 1 } = options;
  if (!(target > 0)) {
    throw new RangeError(`Cannot size position: target must be positive, got ${target}`);
  }
  const volatility = standardDeviation(returns) * Math.sqrt(barsPerYear);
  return volatility > 0 ? Math.min(maxWeight, target / volatility) : 0;
}
