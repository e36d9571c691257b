import { mean, standardDeviation } from "../../math/mod.ts";
import { activeReturns } from "./tracking_error.ts";

/** Mean over standard deviation (ddof 1) of active returns, not annualised; NaN at zero spread. */
export function informationRatio(returns: Float64Array, benchmark: Float64Array): number {
  const active = activeReturns(returns, benchmark);
  const spread = standardDeviation(active);
  return spread > 0 ? mean(active) / spread : NaN;
}
