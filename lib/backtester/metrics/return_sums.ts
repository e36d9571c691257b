/** Sums over a column of returns that several metrics are made of. */
export interface ReturnSums {
  sum: number;
  /** Product of 1 + r. */
  growth: number;
  /** Sums of d, |d| and min(d, 0)^2, where d is the return less the threshold. */
  excess: number;
  size: number;
  downsideSquares: number;
}

/** The sums in one pass: on a long column reading it again is what costs. */
export function returnSums(returns: Float64Array, threshold = 0): ReturnSums {
  const out = new Float64Array(5);
  addUp(returns, threshold, out);
  const [sum, growth, excess, size, downsideSquares] = out;
  return { sum, growth, excess, size, downsideSquares };
}

// Long loops write numbers and make no object behind them: the engine forgets the shape of objects
// that no longer live, and would compile the loop again in every run.
function addUp(returns: Float64Array, threshold: number, out: Float64Array): void {
  let sum = 0, growth = 1, excess = 0, size = 0, downsideSquares = 0;
  for (let t = 0; t < returns.length; t++) {
    const r = returns[t];
    const d = r - threshold;
    sum += r;
    growth *= 1 + r;
    excess += d;
    size += Math.abs(d);
    // Without a branch on the sign, which no processor can foresee.
    const low = Math.min(d, 0);
    downsideSquares += low * low;
  }
  out[0] = sum;
  out[1] = growth;
  out[2] = excess;
  out[3] = size;
  out[4] = downsideSquares;
}
