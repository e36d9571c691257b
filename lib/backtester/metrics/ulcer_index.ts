import { underwater } from "./drawdowns.ts";

/** Root mean square of the underwater curve (a fraction). quantstats divides by N - 1. */
export function ulcerIndex(returns: Float64Array): number {
  let sum = 0;
  for (const depth of underwater(returns)) sum += depth * depth;
  return Math.sqrt(sum / returns.length);
}
