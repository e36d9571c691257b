import { underwater } from "./drawdowns.ts";

/**
 * Deepest fall below the running maximum as a negative fraction; 0 for a rising curve.
 *
 * The starting capital is part of the maximum; vectorbt's returns kernel leaves it out.
 */
export function maxDrawdown(returns: Float64Array): number {
  let deepest = 0;
  for (const depth of underwater(returns)) if (!(depth >= deepest)) deepest = depth;
  return deepest;
}
