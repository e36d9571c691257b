/**
 * Is the best of many strategies better than the benchmark, or only the luckiest?
 *
 * White's reality check and Hansen's test of superior predictive ability, by the stationary bootstrap.
 *
 * @see White 2000, "A Reality Check for Data Snooping"
 * @see Hansen 2005, "A Test for Superior Predictive Ability"
 * @module
 */
import { stationaryBootstrapRows } from "../backtester/metrics/bootstrap.ts";
import { createRng } from "../math/mod.ts";

export interface RealityCheckOptions {
  /** Per-bar returns of the benchmark; 0 by default. */
  benchmark?: Float64Array;
  /** Resamples; 1,000 by default. */
  samples?: number;
  /** Mean block length; the cube root of N by default. */
  blockBars?: number;
  /** Divides each mean by its standard error in the SPA, as the paper does; arch 8 does not. */
  studentize?: boolean;
  seed?: number;
}

export interface RealityCheckResult {
  /** White's p-value: not studentised, every strategy recentred. */
  realityCheck: number;
  /** Hansen's p-values; `consistent` is the one to use, the others bound it. */
  spa: { lower: number; consistent: number; upper: number };
  /** Strategy with the largest studentised mean. */
  best: number;
  samples: number;
}

/**
 * P-values of "no strategy has a higher mean return than the benchmark".
 *
 * `returns[k]` are per-bar returns of strategy k over the same bars.
 *
 * @throws {RangeError} If there is no strategy, or lengths differ.
 */
export function realityCheck(
  returns: readonly Float64Array[],
  options: RealityCheckOptions = {},
): RealityCheckResult {
  const K = returns.length;
  if (K === 0) throw new RangeError("Cannot check strategies: at least one must be given, got 0");
  const n = returns[0].length;
  const { benchmark, samples = 1000, studentize = true, seed = 0 } = options;
  const blockBars = options.blockBars ?? Math.max(1, Math.cbrt(n));
  for (const [k, r] of [...returns, ...(benchmark ? [benchmark] : [])].entries()) {
    if (r.length !== n) {
      throw new RangeError(
        `Cannot check strategies: ${
          k < K ? `strategy ${k}` : "the benchmark"
        } must have ${n} returns, got ${r.length}`,
      );
    }
  }
  const excess = returns.map((r) => benchmark ? r.map((x, t) => x - benchmark[t]) : r);
  const means = Float64Array.from(excess, (d) => sumOf(d) / n);
  const scale = Float64Array.from(
    excess,
    (d, k) => Math.sqrt(longRunVariance(d, means[k], blockBars)),
  );
  const root = Math.sqrt(n);
  let white = -Infinity;
  let hansen = 0;
  let best = 0;
  let bestScore = -Infinity;
  const recentred = { lower: new Float64Array(K), consistent: new Float64Array(K) };
  const allowance = Math.sqrt(2 * Math.log(Math.log(n)));
  for (let k = 0; k < K; k++) {
    white = Math.max(white, root * means[k]);
    const score = scale[k] > 0 ? root * means[k] / scale[k] : 0;
    hansen = Math.max(hansen, studentize ? score : root * means[k]);
    if (score > bestScore) {
      bestScore = score;
      best = k;
    }
    recentred.lower[k] = Math.max(means[k], 0);
    // Clearly bad strategies do not make the hurdle higher.
    recentred.consistent[k] = score >= -allowance ? means[k] : 0;
  }
  const rng = createRng(seed);
  const rows = new Int32Array(n);
  let whites = 0, lower = 0, consistent = 0, upper = 0;
  for (let s = 0; s < samples; s++) {
    stationaryBootstrapRows(n, blockBars, rng, rows);
    let w = -Infinity, l = 0, c = 0, u = 0;
    for (let k = 0; k < K; k++) {
      const d = excess[k];
      let sum = 0;
      for (let i = 0; i < n; i++) sum += d[rows[i]];
      const mean = sum / n;
      w = Math.max(w, root * (mean - means[k]));
      if (!(scale[k] > 0)) continue;
      const unit = studentize ? root / scale[k] : root;
      l = Math.max(l, unit * (mean - recentred.lower[k]));
      c = Math.max(c, unit * (mean - recentred.consistent[k]));
      u = Math.max(u, unit * (mean - means[k]));
    }
    // At least as large: when no strategy has gained anything the statistic is 0 and p is 1.
    if (w >= white) whites++;
    if (l >= hansen) lower++;
    if (c >= hansen) consistent++;
    if (u >= hansen) upper++;
  }
  return {
    realityCheck: whites / samples,
    spa: { lower: lower / samples, consistent: consistent / samples, upper: upper / samples },
    best,
    samples,
  };
}

function sumOf(x: Float64Array): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i];
  return sum;
}

/** Variance of sqrt(n) times the mean under the stationary bootstrap (Politis & Romano 1994). */
function longRunVariance(x: Float64Array, mean: number, blockBars: number): number {
  const n = x.length;
  const stay = 1 - 1 / blockBars;
  let total = 0;
  for (let i = 0; i < n; i++) total += (x[i] - mean) ** 2 / n;
  for (let lag = 1; lag < n; lag++) {
    const weight = (1 - lag / n) * stay ** lag + lag / n * stay ** (n - lag);
    if (weight < 1e-14) continue;
    let product = 0;
    for (let i = lag; i < n; i++) product += (x[i] - mean) * (x[i - lag] - mean);
    total += 2 * weight * product / n;
  }
  return Math.max(0, total);
}
