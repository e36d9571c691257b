import { normalCdf, normalQuantile } from "../../math/mod.ts";
import { type Moments, momentsOf } from "./moments.ts";

/** What the statistics of a Sharpe ratio need to know. */
export interface SharpeMoments {
  /** Per bar, not annualised. */
  sharpe: number;
  /** Number of returns. */
  observations: number;
  skew: number;
  /** Raw: a normal has 3. */
  kurtosis: number;
}

/** Moments of per-bar returns less a per-bar risk-free rate (population skew and kurtosis). */
export function sharpeMoments(
  returns: Float64Array,
  riskFree = 0,
  moments: Moments = momentsOf(returns),
): SharpeMoments {
  return {
    sharpe: moments.deviation > 0 ? (moments.mean - riskFree) / moments.deviation : NaN,
    observations: returns.length,
    skew: moments.skew,
    kurtosis: moments.kurtosis,
  };
}

/** Variance of the estimated Sharpe ratio times N - 1: `1 - g3 SR + (g4 - 1) / 4 SR^2`. */
export function sharpeVariance(m: SharpeMoments): number {
  return 1 - m.skew * m.sharpe + (m.kurtosis - 1) / 4 * m.sharpe * m.sharpe;
}

/**
 * Probability that the true Sharpe ratio exceeds `benchmark` (per bar, 0 by default).
 *
 * Takes returns or their moments. The kurtosis is raw (normal = 3); vectorbt and Lean (and quantstats
 * before 0.0.83) pass excess kurtosis, which is not what the paper says. NaN when the spread is 0.
 *
 * @see Bailey & Lopez de Prado 2012, "The Sharpe Ratio Efficient Frontier", eq. 11
 */
export function probabilisticSharpe(
  of: Float64Array | SharpeMoments,
  options: { benchmark?: number; riskFree?: number } = {},
): number {
  const m = of instanceof Float64Array ? sharpeMoments(of, options.riskFree) : of;
  const z = (m.sharpe - (options.benchmark ?? 0)) * Math.sqrt(m.observations - 1) /
    Math.sqrt(sharpeVariance(m));
  return Number.isNaN(z) ? NaN : normalCdf(z);
}

const eulerGamma = 0.5772156649015329;

/**
 * Expected maximum of the Sharpe ratios of `trials` independent worthless strategies (per bar).
 *
 * `sharpeVariance` is the variance of the trials' per-bar Sharpe ratios. One trial gives 0.
 *
 * @see Bailey & Lopez de Prado 2014, "The Deflated Sharpe Ratio", eq. 6
 */
export function expectedMaximumSharpe(trials: number, sharpeVariance: number): number {
  if (!(trials >= 1)) {
    throw new RangeError(`Cannot deflate Sharpe ratio: trials must be at least 1, got ${trials}`);
  }
  if (!(sharpeVariance >= 0)) {
    throw new RangeError(
      `Cannot deflate Sharpe ratio: sharpeVariance must be >= 0, got ${sharpeVariance}`,
    );
  }
  if (trials === 1) return 0;
  return Math.sqrt(sharpeVariance) * (
    (1 - eulerGamma) * normalQuantile(1 - 1 / trials) +
    eulerGamma * normalQuantile(1 - 1 / (trials * Math.E))
  );
}

/**
 * Probability that the true Sharpe ratio exceeds what the best of `trials` worthless strategies would
 * show: the probabilistic Sharpe ratio against {@linkcode expectedMaximumSharpe}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { deflatedSharpe } from "./probabilistic_sharpe.ts";
 * // The paper's worked example: annual Sharpe 2.5, 5 years of 250 bars, 100 trials of variance 1/2.
 * const dsr = deflatedSharpe(
 *   { sharpe: 2.5 / Math.sqrt(250), observations: 1250, skew: -3, kurtosis: 10 },
 *   { trials: 100, sharpeVariance: 0.5 / 250 },
 * );
 * assert.equal(dsr.toFixed(4), "0.9004");
 * ```
 */
export function deflatedSharpe(
  of: Float64Array | SharpeMoments,
  options: { trials: number; sharpeVariance: number; riskFree?: number },
): number {
  const benchmark = expectedMaximumSharpe(options.trials, options.sharpeVariance);
  return probabilisticSharpe(of, { benchmark, riskFree: options.riskFree });
}

/**
 * Minimum track record length: how many bars it takes before the Sharpe ratio shown is above
 * `benchmark` (per bar) with `confidence` (0.95). Infinity when it is not above it.
 *
 * @see Bailey & Lopez de Prado 2012, eq. 12
 */
export function minimumTrackRecord(
  of: Float64Array | SharpeMoments,
  options: { benchmark?: number; confidence?: number; riskFree?: number } = {},
): number {
  const { benchmark = 0, confidence = 0.95, riskFree } = options;
  const m = of instanceof Float64Array ? sharpeMoments(of, riskFree) : of;
  if (!(m.sharpe > benchmark)) return Number.isNaN(m.sharpe) ? NaN : Infinity;
  return 1 + sharpeVariance(m) * (normalQuantile(confidence) / (m.sharpe - benchmark)) ** 2;
}
