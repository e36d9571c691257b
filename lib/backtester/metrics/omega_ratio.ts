/** Gains above `threshold` (per bar) over losses below it; NaN without a loss. */
export function omegaRatio(returns: Float64Array, threshold = 0): number {
  let sum = 0;
  let size = 0;
  // Without a branch on the sign, which no processor can foresee.
  for (let t = 0; t < returns.length; t++) {
    const d = returns[t] - threshold;
    sum += d;
    size += Math.abs(d);
  }
  return size > sum ? (size + sum) / (size - sum) : NaN;
}
