import { underwater } from "./drawdowns.ts";

/** Root mean square of the underwater curve (a fraction). quantstats divides by N - 1. */
export function ulcerIndex(returns: Float64Array): number {
  return rootMeanSquare(underwater(returns));
}

export function rootMeanSquare(column: Float64Array): number {
  let sum = 0;
  for (let t = 0; t < column.length; t++) sum += column[t] * column[t];
  return Math.sqrt(sum / column.length);
}
