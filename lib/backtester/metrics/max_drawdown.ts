import { underwater } from "./drawdowns.ts";

/**
 * Deepest fall below the running maximum as a negative fraction; 0 for a rising curve.
 *
 * The starting capital is part of the maximum; vectorbt's returns kernel leaves it out.
 */
export function maxDrawdown(returns: Float64Array): number {
  return deepest(underwater(returns));
}

/** Lowest value of an underwater curve; NaN if it holds one. */
export function deepest(depth: Float64Array): number {
  let lowest = 0;
  for (let t = 0; t < depth.length; t++) {
    if (depth[t] < lowest) lowest = depth[t];
    else if (depth[t] !== depth[t]) return NaN;
  }
  return lowest;
}
