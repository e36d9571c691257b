import { nelderMead } from "./nelder_mead.ts";

/** GARCH(1,1) about zero: variance[t+1] = omega + alpha r[t]^2 + beta variance[t]. */
export interface GarchParameters {
  omega: number;
  alpha: number;
  beta: number;
}

export interface GarchFit extends GarchParameters {
  /** Gaussian log likelihood of the returns. */
  logLikelihood: number;
  /** The variance forecast for the bar after the last return. */
  nextVariance: number;
}

/**
 * Starting variance of the recursion: the exponentially weighted mean (0.94) of the first 75 squared
 * returns, as the Python package arch does. It looks ahead within the returns given, so a forecast is
 * only causal after the last of them.
 */
export function garchBackcast(returns: Float64Array): number {
  const count = Math.min(75, returns.length);
  let sum = 0;
  let weights = 0;
  let weight = 1;
  for (let k = 0; k < count; k++) {
    sum += weight * returns[k] * returns[k];
    weights += weight;
    weight *= 0.94;
  }
  return sum / weights;
}

/** Log likelihood and the next variance of returns under given parameters. */
export function filterGarch(
  returns: Float64Array,
  { omega, alpha, beta }: GarchParameters,
  start: number = garchBackcast(returns),
): { logLikelihood: number; nextVariance: number } {
  let variance = omega + (alpha + beta) * start;
  let sum = 0;
  for (let t = 0; t < returns.length; t++) {
    const squared = returns[t] * returns[t];
    sum += Math.log(variance) + squared / variance;
    variance = omega + alpha * squared + beta * variance;
  }
  const logLikelihood = -0.5 * (returns.length * Math.log(2 * Math.PI) + sum);
  return { logLikelihood, nextVariance: variance };
}

/**
 * GARCH(1,1) fitted by maximum likelihood (Nelder-Mead on unconstrained parameters, alpha + beta < 1).
 *
 * The maximum agrees with the Python package arch (zero mean, normal) to its optimizer's tolerance;
 * the likelihood is flat there: it agrees to nine digits, parameters to five.
 *
 * @throws {RangeError} For fewer than 50 returns, a NaN among them, or returns without spread.
 * @see Bollerslev 1986, Journal of Econometrics 31
 */
export function fitGarch(returns: Float64Array): GarchFit {
  if (returns.length < 50) {
    throw new RangeError(
      `Cannot fit GARCH: there must be at least 50 returns, got ${returns.length}`,
    );
  }
  let variance = 0;
  for (const r of returns) variance += r * r;
  variance /= returns.length;
  if (!(variance > 0) || variance === Infinity) {
    throw new RangeError(`Cannot fit GARCH: returns must be numbers that vary, got ${variance}`);
  }
  const backcast = garchBackcast(returns);
  // x: log of omega over the sample variance, logit of alpha + beta, logit of alpha's share of it.
  const read = (x: Float64Array): GarchParameters => {
    const persistence = logistic(x[1]);
    const alpha = persistence * logistic(x[2]);
    return { omega: variance * Math.exp(x[0]), alpha, beta: persistence - alpha };
  };
  const cost = (x: Float64Array) => {
    const value = -filterGarch(returns, read(x), backcast).logLikelihood;
    return value === value ? value : Infinity;
  };
  let best: { x: Float64Array; value: number } | undefined;
  // Starts from quick and slow decay; the likelihood may have more than one top.
  for (const [persistence, share] of [[0.97, 0.08], [0.9, 0.2], [0.5, 0.5]]) {
    const start = Float64Array.of(Math.log(1 - persistence), logit(persistence), logit(share));
    const found = nelderMead(cost, start, { step: 0.5, tolerance: 1e-9 });
    if (!best || found.value < best.value) best = found;
  }
  // A fresh simplex at the top: the first may have collapsed on its way.
  best = nelderMead(cost, best!.x, { step: 0.1, tolerance: 1e-12 });
  const parameters = read(best.x);
  return { ...parameters, ...filterGarch(returns, parameters, backcast) };
}

function logistic(x: number): number {
  return 1 / (1 + Math.exp(-x));
}

function logit(p: number): number {
  return Math.log(p / (1 - p));
}
