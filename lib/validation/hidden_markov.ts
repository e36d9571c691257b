/**
 * A hidden Markov model with Gaussian states: calm and stormy markets told apart by their returns.
 *
 * @see Rabiner 1989, "A Tutorial on Hidden Markov Models"
 * @see Hamilton 1989, "A New Approach to the Economic Analysis of Nonstationary Time Series"
 * @module
 */
import { mean, quantile, variance } from "../math/mod.ts";

/** Parameters; states are sorted by variance, the calmest first. */
export interface HiddenMarkov {
  states: number;
  /** Distribution of the first state. */
  initial: Float64Array;
  /** Row-major: probability of going from state i to state j at `i * states + j`. */
  transition: Float64Array;
  mean: Float64Array;
  variance: Float64Array;
}

export interface HiddenMarkovFit extends HiddenMarkov {
  logLikelihood: number;
  iterations: number;
}

/**
 * Filtered probabilities, row-major [bars, states]: row t uses returns up to t only, so that a
 * strategy may use them. `out.logLikelihood` is that of all returns.
 */
export function filterStates(
  returns: Float64Array,
  model: HiddenMarkov,
): { probabilities: Float64Array; logLikelihood: number } {
  const { states: K, transition } = model;
  const n = returns.length;
  const probabilities = new Float64Array(n * K);
  const prior = Float64Array.from(model.initial);
  let logLikelihood = 0;
  for (let t = 0; t < n; t++) {
    if (t > 0) {
      prior.fill(0);
      for (let i = 0; i < K; i++) {
        const p = probabilities[(t - 1) * K + i];
        for (let j = 0; j < K; j++) prior[j] += p * transition[i * K + j];
      }
    }
    let total = 0;
    for (let j = 0; j < K; j++) {
      const p = prior[j] * density(returns[t], model.mean[j], model.variance[j]);
      probabilities[t * K + j] = p;
      total += p;
    }
    // A return beyond what doubles can tell of is taken as no news.
    if (!(total > 0)) {
      for (let j = 0; j < K; j++) probabilities[t * K + j] = prior[j];
      logLikelihood += -700;
      continue;
    }
    for (let j = 0; j < K; j++) probabilities[t * K + j] /= total;
    logLikelihood += Math.log(total);
  }
  return { probabilities, logLikelihood };
}

function density(x: number, m: number, v: number): number {
  return Math.exp(-0.5 * (x - m) ** 2 / v) / Math.sqrt(2 * Math.PI * v);
}

/** The state distribution that the transitions leave as it is. */
export function stationaryDistribution(transition: Float64Array, states: number): Float64Array {
  let p = new Float64Array(states).fill(1 / states);
  for (let i = 0; i < 20_000; i++) {
    const next = new Float64Array(states);
    let change = 0;
    for (let a = 0; a < states; a++) {
      for (let b = 0; b < states; b++) next[b] += p[a] * transition[a * states + b];
    }
    for (let a = 0; a < states; a++) change = Math.max(change, Math.abs(next[a] - p[a]));
    p = next;
    if (change < 1e-16) break;
  }
  return p;
}

/**
 * Fits the model by expectation-maximisation (Baum-Welch) from quantiles of the absolute returns.
 * Fit it on the training bars; use {@linkcode filterStates} with it afterwards.
 *
 * @throws {RangeError} If there are fewer than 10 returns per state, or one is not a number.
 */
export function fitHiddenMarkov(
  returns: Float64Array,
  options: { states?: number; maxIterations?: number; tolerance?: number } = {},
): HiddenMarkovFit {
  const { states: K = 2, maxIterations = 500, tolerance = 1e-10 } = options;
  const n = returns.length;
  if (!(Number.isInteger(K) && K >= 2 && n >= 10 * K)) {
    throw new RangeError(
      `Cannot fit hidden Markov model: states must be >= 2 with 10 returns each, got ${K} states and ${n} returns`,
    );
  }
  const bad = returns.findIndex((x) => !Number.isFinite(x));
  if (bad >= 0) {
    throw new RangeError(
      `Cannot fit hidden Markov model: returns must be numbers, got ${returns[bad]} at bar ${bad}`,
    );
  }
  const spread = variance(returns);
  const floor = 1e-8 * spread;
  const model: HiddenMarkov = {
    states: K,
    initial: new Float64Array(K).fill(1 / K),
    transition: new Float64Array(K * K),
    mean: new Float64Array(K).fill(mean(returns)),
    variance: new Float64Array(K),
  };
  const sizes = returns.map((r) => Math.abs(r - model.mean[0]));
  for (let i = 0; i < K; i++) {
    const scale = quantile(sizes, (i + 0.5) / K) / 0.6745;
    model.variance[i] = Math.max(floor, scale * scale);
    for (let j = 0; j < K; j++) model.transition[i * K + j] = i === j ? 0.95 : 0.05 / (K - 1);
  }
  const future = new Float64Array(n * K);
  let before = -Infinity;
  let iterations = 0;
  for (; iterations < maxIterations; iterations++) {
    const { probabilities: alpha, logLikelihood } = filterStates(returns, model);
    if (logLikelihood - before < tolerance * Math.abs(logLikelihood)) {
      before = logLikelihood;
      break;
    }
    before = logLikelihood;
    // Smoothed probabilities backwards (Kim's smoother), and expected transitions on the way.
    const counts = new Float64Array(K * K);
    for (let j = 0; j < K; j++) future[(n - 1) * K + j] = alpha[(n - 1) * K + j];
    for (let t = n - 2; t >= 0; t--) {
      for (let j = 0; j < K; j++) {
        let predicted = 0;
        for (let i = 0; i < K; i++) predicted += alpha[t * K + i] * model.transition[i * K + j];
        const ratio = predicted > 0 ? future[(t + 1) * K + j] / predicted : 0;
        for (let i = 0; i < K; i++) {
          counts[i * K + j] += alpha[t * K + i] * model.transition[i * K + j] * ratio;
        }
      }
      for (let i = 0; i < K; i++) {
        let sum = 0;
        for (let j = 0; j < K; j++) {
          let predicted = 0;
          for (let k = 0; k < K; k++) predicted += alpha[t * K + k] * model.transition[k * K + j];
          if (predicted > 0) {
            sum += model.transition[i * K + j] * future[(t + 1) * K + j] / predicted;
          }
        }
        future[t * K + i] = alpha[t * K + i] * sum;
      }
    }
    for (let i = 0; i < K; i++) {
      model.initial[i] = future[i];
      let row = 0;
      for (let j = 0; j < K; j++) row += counts[i * K + j];
      if (row > 0) {
        for (let j = 0; j < K; j++) model.transition[i * K + j] = counts[i * K + j] / row;
      }
      let weight = 0, sum = 0;
      for (let t = 0; t < n; t++) {
        weight += future[t * K + i];
        sum += future[t * K + i] * returns[t];
      }
      if (!(weight > 1e-9)) continue;
      model.mean[i] = sum / weight;
      let square = 0;
      for (let t = 0; t < n; t++) square += future[t * K + i] * (returns[t] - model.mean[i]) ** 2;
      model.variance[i] = Math.max(floor, square / weight);
    }
  }
  return { ...sortStates(model), logLikelihood: before, iterations };
}

function sortStates(model: HiddenMarkov): HiddenMarkov {
  const K = model.states;
  const order = Array.from({ length: K }, (_, i) => i)
    .sort((a, b) => model.variance[a] - model.variance[b]);
  const pick = (x: Float64Array) => Float64Array.from(order, (i) => x[i]);
  return {
    states: K,
    initial: pick(model.initial),
    transition: Float64Array.from(
      order.flatMap((i) => order.map((j) => model.transition[i * K + j])),
    ),
    mean: pick(model.mean),
    variance: pick(model.variance),
  };
}
