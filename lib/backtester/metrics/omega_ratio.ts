import { type ReturnSums, returnSums } from "./return_sums.ts";

/** Gains above `threshold` (per bar) over losses below it; NaN without a loss. */
export function omegaRatio(returns: Float64Array, threshold = 0): number {
  return omegaOf(returnSums(returns, threshold));
}

export function omegaOf({ size, excess }: ReturnSums): number {
  return size > excess ? (size + excess) / (size - excess) : NaN;
}
