/**
 * Probability of backtest overfitting by combinatorially symmetric cross-validation.
 *
 * @see Bailey, Borwein, Lopez de Prado & Zhu 2017, "The Probability of Backtest Overfitting"
 * @module
 */
import { combinations } from "./combinatorial_purged.ts";

export interface PboResult {
  /** Share of splits in which the best in sample is at or below the median out of sample. */
  pbo: number;
  /** One logit of the relative rank out of sample per split. */
  logits: Float64Array;
  /** Performance of each split's best configuration, in sample and out of sample. */
  inSample: Float64Array;
  outOfSample: Float64Array;
  /** Share of splits in which the chosen one lost out of sample (performance < 0). */
  probabilityOfLoss: number;
  /** Slope of out-of-sample on in-sample performance: negative when choosing hurts. */
  degradation: number;
  splits: number;
}

/**
 * PBO of a choice among configurations.
 *
 * `returns[k]` are the per-bar returns of configuration k, all over the same bars; they are cut into
 * `blocks` (an even number) equal blocks, the remainder at the start being dropped. Performance is
 * the Sharpe ratio per bar. Rank 1 is the worst; `w = rank / (K + 1)`, `lambda = ln(w / (1 - w))`,
 * PBO the share of `lambda <= 0`.
 *
 * @throws {RangeError} If there are fewer than 2 configurations, or lengths or blocks do not fit.
 */
export function pbo(
  returns: readonly Float64Array[],
  options: { blocks?: number } = {},
): PboResult {
  const { blocks = 16 } = options;
  const K = returns.length;
  if (K < 2) {
    throw new RangeError(`Cannot compute PBO: it takes at least 2 configurations, got ${K}`);
  }
  const length = returns[0].length;
  returns.forEach((r, k) => {
    if (r.length !== length) {
      throw new RangeError(
        `Cannot compute PBO: configuration ${k} must have ${length} returns, got ${r.length}`,
      );
    }
  });
  if (!(Number.isInteger(blocks) && blocks >= 2 && blocks % 2 === 0 && blocks <= length / 2)) {
    throw new RangeError(
      `Cannot compute PBO: blocks must be an even integer in [2, ${
        Math.floor(length / 2)
      }], got ${blocks}`,
    );
  }
  const size = Math.floor(length / blocks);
  const from = length - size * blocks;
  // Per block and configuration: sums from which any union's Sharpe ratio follows.
  const sums = new Float64Array(K * blocks);
  const squares = new Float64Array(K * blocks);
  const center = new Float64Array(K);
  returns.forEach((r, k) => {
    let total = 0;
    for (let t = from; t < length; t++) total += r[t];
    center[k] = total / (size * blocks);
    for (let b = 0; b < blocks; b++) {
      let sum = 0;
      let square = 0;
      for (let t = from + b * size; t < from + (b + 1) * size; t++) {
        const d = r[t] - center[k];
        sum += d;
        square += d * d;
      }
      sums[k * blocks + b] = sum;
      squares[k * blocks + b] = square;
    }
  });
  const half = size * blocks / 2;
  const sharpe = (sum: number, square: number, k: number) => {
    const variance = (square - sum * sum / half) / (half - 1);
    const mean = sum / half + center[k];
    return variance > 0 ? mean / Math.sqrt(variance) : 0;
  };
  const totals = new Float64Array(2 * K);
  for (let k = 0; k < K; k++) {
    for (let b = 0; b < blocks; b++) {
      totals[2 * k] += sums[k * blocks + b];
      totals[2 * k + 1] += squares[k * blocks + b];
    }
  }
  const splits = combinations(blocks, blocks / 2);
  const logits = new Float64Array(splits.length);
  const inSample = new Float64Array(splits.length);
  const outOfSample = new Float64Array(splits.length);
  const out = new Float64Array(K);
  let overfit = 0;
  let losses = 0;
  splits.forEach((chosen, s) => {
    let best = -Infinity;
    let winner = 0;
    for (let k = 0; k < K; k++) {
      let sum = 0;
      let square = 0;
      for (const b of chosen) {
        sum += sums[k * blocks + b];
        square += squares[k * blocks + b];
      }
      const inside = sharpe(sum, square, k);
      out[k] = sharpe(totals[2 * k] - sum, totals[2 * k + 1] - square, k);
      if (inside > best) {
        best = inside;
        winner = k;
      }
    }
    // Ties share the mean of their ranks.
    let below = 0;
    let equal = 0;
    for (let k = 0; k < K; k++) {
      if (out[k] < out[winner]) below++;
      else if (out[k] === out[winner]) equal++;
    }
    const rank = below + (equal + 1) / 2;
    const w = rank / (K + 1);
    logits[s] = Math.log(w / (1 - w));
    if (logits[s] <= 0) overfit++;
    inSample[s] = best;
    outOfSample[s] = out[winner];
    if (out[winner] < 0) losses++;
  });
  return {
    pbo: overfit / splits.length,
    logits,
    inSample,
    outOfSample,
    probabilityOfLoss: losses / splits.length,
    degradation: slope(inSample, outOfSample),
    splits: splits.length,
  };
}

function slope(x: Float64Array, y: Float64Array): number {
  const n = x.length;
  let mx = 0, my = 0;
  for (let i = 0; i < n; i++) {
    mx += x[i] / n;
    my += y[i] / n;
  }
  let xy = 0, xx = 0;
  for (let i = 0; i < n; i++) {
    xy += (x[i] - mx) * (y[i] - my);
    xx += (x[i] - mx) ** 2;
  }
  return xx > 0 ? xy / xx : NaN;
}
