/**
 * The normal distribution between two bounds, in logarithms, accurate in both tails.
 * @module
 */
import { erfc, normalQuantile, type Rng } from "../../math/mod.ts";

const logRoot2Pi = 0.5 * Math.log(2 * Math.PI);

/** Logarithm of the standard normal's cumulative distribution at `x`, also far in the left tail. */
export function logNormalCdf(x: number): number {
  if (x > 6) return -0.5 * erfc(x / Math.SQRT2);
  if (x > -20) return Math.log(0.5 * erfc(-x / Math.SQRT2));
  // Asymptotic series of Mills' ratio.
  const inverse = 1 / (x * x);
  let term = 1;
  let sum = 1;
  for (let i = 1; i < 40; i++) {
    const next = -term * (2 * i - 1) * inverse;
    if (Math.abs(next) >= Math.abs(term) || Math.abs(next) < 1e-17) break;
    term = next;
    sum += term;
  }
  return -0.5 * x * x - Math.log(-x) - logRoot2Pi + Math.log(sum);
}

/** Logarithm of the standard normal's mass between `a` and `b`, a <= b. */
export function logNormalMass(a: number, b: number): number {
  if (b <= 0) {
    const right = logNormalCdf(b);
    return right + Math.log1p(-Math.exp(logNormalCdf(a) - right));
  }
  if (a > 0) return logNormalMass(-b, -a);
  return Math.log1p(-0.5 * erfc(-a / Math.SQRT2) - 0.5 * erfc(b / Math.SQRT2));
}

/**
 * Writes to `out` at `at` the standard normal's distribution at the two bounds of a normal(mu, sigma)
 * between `low` and `high`: what a draw from it needs to know, and many draws share.
 */
export function boundsMass(
  mu: number,
  sigma: number,
  low: number,
  high: number,
  out: Float64Array,
  at: number,
): void {
  const a = (low - mu) / sigma;
  const b = (high - mu) / sigma;
  // In the left tail, where the distribution function is accurate.
  out[at] = 0.5 * erfc((a >= 0 ? b : -a) / Math.SQRT2);
  out[at + 1] = 0.5 * erfc((a >= 0 ? a : -b) / Math.SQRT2);
}

/**
 * A draw from the normal(mu, sigma) between `low` and `high`, by the inverse of its distribution;
 * `from` and `to` as {@linkcode boundsMass} gives them.
 */
export function drawTruncatedNormal(
  mu: number,
  sigma: number,
  low: number,
  high: number,
  from: number,
  to: number,
  rng: Rng,
): number {
  const a = (low - mu) / sigma;
  const b = (high - mu) / sigma;
  const u = rng.uniform();
  const flip = a >= 0;
  const left = flip ? -b : a;
  const right = flip ? -a : b;
  let z: number;
  if (to > 1e-290) {
    z = normalQuantile(Math.min(1, from + (flip ? 1 - u : u) * (to - from)));
  } else {
    // So far out that the density falls like an exponential at the nearer bound.
    z = right + Math.log(1 - u * -Math.expm1(right * (right - left))) / -right;
  }
  z = Math.min(right, Math.max(left, z));
  const x = mu + sigma * (flip ? -z : z);
  return Math.min(high, Math.max(low, x));
}
