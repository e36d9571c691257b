/** Gains above `threshold` (per bar) over losses below it; NaN without a loss. */
export function omegaRatio(returns: Float64Array, threshold = 0): number {
  let gains = 0;
  let losses = 0;
  for (let t = 0; t < returns.length; t++) {
    const d = returns[t] - threshold;
    if (d > 0) gains += d;
    else losses -= d;
  }
  return losses > 0 ? gains / losses : NaN;
}
