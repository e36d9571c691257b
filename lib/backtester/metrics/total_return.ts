/**
 * Compounded return of the whole period: `prod(1 + r) - 1`; 0 for no returns.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { totalReturn } from "./total_return.ts";
 * assert.ok(Math.abs(totalReturn(Float64Array.of(0.1, -0.1)) - -0.01) < 1e-15);
 * ```
 */
export function totalReturn(returns: Float64Array): number {
  let growth = 1;
  for (let t = 0; t < returns.length; t++) growth *= 1 + returns[t];
  return growth - 1;
}
