import { standardDeviation } from "../../math/mod.ts";

/** Returns less benchmark returns. @throws {RangeError} If lengths differ. */
export function activeReturns(returns: Float64Array, benchmark: Float64Array): Float64Array {
  if (returns.length !== benchmark.length) {
    throw new RangeError(
      `Cannot compare with benchmark: lengths must agree, got ${returns.length} and ${benchmark.length}`,
    );
  }
  return returns.map((r, t) => r - benchmark[t]);
}

/** Annualised standard deviation (ddof 1) of active returns. */
export function trackingError(
  returns: Float64Array,
  benchmark: Float64Array,
  barsPerYear = 252,
): number {
  return standardDeviation(activeReturns(returns, benchmark)) * Math.sqrt(barsPerYear);
}
