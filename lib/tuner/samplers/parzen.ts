/**
 * The Parzen estimator of TPE: a mixture with one kernel per observation and one for the prior,
 * each a product of truncated normals (numbers) and smoothed points (categories).
 *
 * Kernel widths, weights and the clipping rule are Optuna 5's; the densities agree with it.
 *
 * @see Bergstra et al. 2011, "Algorithms for hyper-parameter optimization"; Watanabe 2023, arXiv:2304.11127
 * @module
 */
import type { Rng } from "../../math/mod.ts";
import {
  type Distribution,
  fromSearchSpace,
  type NumericDistribution,
  searchBounds,
} from "../distributions.ts";
import { boundsMass, drawTruncatedNormal, logNormalMass } from "./truncated_normal.ts";

const logRoot2Pi = 0.5 * Math.log(2 * Math.PI);

/** The default weights of `n` observations, oldest first: a ramp, and ones for the newest 25. */
export function defaultWeights(n: number): Float64Array {
  const weights = new Float64Array(n).fill(1);
  if (n < 25) return weights;
  const ramp = n - 25;
  for (let i = 0; i < ramp; i++) {
    weights[i] = ramp === 1 ? 1 / n : 1 / n + (1 - 1 / n) * i / (ramp - 1);
  }
  return weights;
}

export interface ParzenOptions {
  /** Weight of the prior kernel. */
  priorWeight: number;
  /** Keep kernels at least (high - low) / min(100, n + 2) wide. */
  magicClip: boolean;
  /** Count the distance to the bounds as a gap of the outermost kernels. */
  endpoints: boolean;
}

export const defaultParzenOptions: ParzenOptions = {
  priorWeight: 1,
  magicClip: true,
  endpoints: false,
};

/** Normalising constants that were computed before, by row of the history. */
export interface KernelCache {
  low: number;
  high: number;
  sigma: Float64Array;
  constant: Float64Array;
}

interface NumericKernels {
  distribution: NumericDistribution;
  low: number;
  high: number;
  mu: Float64Array;
  sigma: Float64Array;
  /** -log(sigma) - log(mass) - log(sqrt(2 pi)); without sigma's term for a grid. */
  constant: Float64Array;
  /** Kernels in ascending order of mu, the prior last. */
  order: Int32Array;
  /** Two per kernel, for draws; NaN until one is made, null before the first. */
  bounds: Float64Array | null;
}
interface CategoricalKernels {
  distribution: Distribution & { kind: "categorical" };
  /** Index of each observation's choice. */
  choice: Int32Array;
  logHit: number;
  logMiss: number;
  logPrior: number;
}

/**
 * Kernel widths: the larger gap to a neighbour, clipped. `order` sorts `mu` ascending.
 */
export function kernelWidths(
  mu: Float64Array,
  order: Int32Array,
  low: number,
  high: number,
  options: ParzenOptions,
  out: Float64Array = new Float64Array(mu.length),
): Float64Array {
  const n = order.length;
  const widest = high - low;
  const narrowest = options.magicClip ? widest / Math.min(100, n + 2) : 1e-12;
  for (let i = 0; i < n; i++) {
    const k = order[i];
    const x = mu[k];
    const left = i === 0 ? x - low : x - mu[order[i - 1]];
    const right = i === n - 1 ? high - x : mu[order[i + 1]] - x;
    let width = Math.max(left, right);
    if (!options.endpoints && n >= 2) {
      if (i === 0) width = right;
      else if (i === n - 1) width = left;
    }
    out[k] = Math.min(widest, Math.max(narrowest, width));
  }
  return out;
}

/** A mixture over the parameters of `space`. */
export class ParzenEstimator {
  readonly kernels: number;
  readonly #logWeights: Float64Array;
  readonly #cumulative: Float64Array;
  readonly #dimensions: (NumericKernels | CategoricalKernels)[] = [];
  #packed: PackedKernels | null = null;

  /**
   * @param observations One column per parameter, in the search space (logarithms on a log scale,
   * indices of choices), all of the same length, oldest first.
   * @param orders For numeric parameters, the order that sorts the column; null to sort here.
   * @param weights Weights of the observations; the default ramp when absent.
   */
  constructor(
    space: readonly (readonly [string, Distribution])[],
    observations: readonly Float64Array[],
    options: ParzenOptions = defaultParzenOptions,
    extras: {
      weights?: Float64Array;
      orders?: readonly (Int32Array | null)[];
      caches?: readonly (KernelCache | null)[];
      rows?: Int32Array;
    } = {},
  ) {
    const n = observations.length === 0 ? 0 : observations[0].length;
    this.kernels = n + 1;
    const weights = extras.weights ?? defaultWeights(n);
    let total = n === 0 ? 1 : options.priorWeight;
    for (let i = 0; i < n; i++) total += weights[i];
    this.#logWeights = new Float64Array(n + 1);
    this.#cumulative = new Float64Array(n + 1);
    let sum = 0;
    for (let i = 0; i <= n; i++) {
      const weight = (i < n ? weights[i] : n === 0 ? 1 : options.priorWeight) / total;
      this.#logWeights[i] = Math.log(weight);
      this.#cumulative[i] = sum += weight;
    }
    for (let j = 0; j < space.length; j++) {
      const distribution = space[j][1];
      const column = observations[j];
      this.#dimensions.push(
        distribution.kind === "categorical"
          ? categoricalKernels(distribution, column, n, options.priorWeight)
          : numericKernels(
            distribution,
            column,
            n,
            options,
            extras.orders?.[j] ?? null,
            extras.caches?.[j] ?? null,
            extras.rows ?? null,
          ),
      );
    }
  }

  /** Draws `count` points; the result holds one column per parameter, on the grid, in the search space. */
  sample(count: number, rng: Rng): Float64Array[] {
    const n = this.kernels - 1;
    const active = new Int32Array(count);
    for (let c = 0; c < count; c++) {
      const u = rng.uniform() * this.#cumulative[n];
      let low = 0;
      let high = n;
      while (low < high) {
        const middle = (low + high) >> 1;
        if (this.#cumulative[middle] > u) high = middle;
        else low = middle + 1;
      }
      active[c] = low;
    }
    return this.#dimensions.map((d) => {
      const out = new Float64Array(count);
      for (let c = 0; c < count; c++) {
        const k = active[c];
        if ("choice" in d) {
          const size = d.distribution.choices.length;
          // A kernel is its choice with the surplus of a hit over a miss, else any choice.
          const hit = k < n ? Math.exp(d.logHit) - Math.exp(d.logMiss) : 0;
          out[c] = rng.uniform() < hit ? d.choice[k] : rng.integer(size);
        } else {
          const { mu, sigma, low, high } = d;
          const bounds = d.bounds ??= new Float64Array(2 * n + 2).fill(NaN);
          if (Number.isNaN(bounds[2 * k])) boundsMass(mu[k], sigma[k], low, high, bounds, 2 * k);
          const from = bounds[2 * k], to = bounds[2 * k + 1];
          const x = drawTruncatedNormal(mu[k], sigma[k], low, high, from, to, rng);
          const { distribution } = d;
          if (distribution.step === null) out[c] = x;
          else {
            const value = fromSearchSpace(distribution, x);
            out[c] = distribution.log ? Math.log(value) : value;
          }
        }
      }
      return out;
    });
  }

  /** Log density (mass for grids and categories) of each point; columns as {@linkcode sample} gives them. */
  logDensity(points: readonly Float64Array[]): Float64Array {
    const count = points.length === 0 ? 0 : points[0].length;
    const K = this.kernels;
    const result = new Float64Array(count);
    const continuous: NumericKernels[] = [];
    const columns: Float64Array[] = [];
    const others: number[] = [];
    this.#dimensions.forEach((d, j) => {
      if (!("choice" in d) && d.distribution.step === null) {
        continuous.push(d);
        columns.push(points[j]);
      } else others.push(j);
    });
    const packed = this.#packed ??= packKernels(continuous, K);
    const D = continuous.length;
    const x = new Float64Array(D);
    const acc = new Float64Array(K);
    for (let c = 0; c < count; c++) {
      let inside = true;
      for (let j = 0; j < D; j++) {
        x[j] = columns[j][c];
        if (x[j] < continuous[j].low || x[j] > continuous[j].high) inside = false;
      }
      if (!inside) {
        result[c] = -Infinity;
        continue;
      }
      acc.set(this.#logWeights);
      for (const j of others) {
        const d = this.#dimensions[j];
        if ("choice" in d) addCategorical(acc, d, points[j][c]);
        else addGrid(acc, d, points[j][c]);
      }
      result[c] = logSumOfKernels(acc, packed, x);
    }
    return result;
  }
}

interface PackedKernels {
  /** mu, 1 / sigma and constant of each continuous parameter, kernel by kernel. */
  data: Float64Array;
  /** Largest constants of the parameters from j on: what a kernel can still gain at most. */
  gain: Float64Array;
}

function packKernels(dimensions: NumericKernels[], K: number): PackedKernels {
  const D = dimensions.length;
  const data = new Float64Array(K * D * 3);
  const gain = new Float64Array(D + 1);
  for (let j = D - 1; j >= 0; j--) {
    const { mu, sigma, constant } = dimensions[j];
    let largest = -Infinity;
    for (let k = 0, at = 3 * j; k < K; k++, at += 3 * D) {
      data[at] = mu[k];
      data[at + 1] = 1 / sigma[k];
      data[at + 2] = constant[k];
      if (constant[k] > largest) largest = constant[k];
    }
    gain[j] = gain[j + 1] + largest;
  }
  return { data, gain };
}

/**
 * log sum over kernels of exp(acc[k] + log density at x). The prior comes first, since it bounds the
 * result from below; a kernel is left as soon as it cannot reach e^-60 (10^-26) of the largest term,
 * which is below the last digit of the sum. Most narrow kernels are left after one or two parameters.
 */
function logSumOfKernels(acc: Float64Array, packed: PackedKernels, x: Float64Array): number {
  const { data, gain } = packed;
  const K = acc.length;
  const D = x.length;
  let max = -Infinity;
  let sum = 0;
  for (let i = 0; i < K; i++) {
    const k = i === 0 ? K - 1 : i - 1;
    let value = acc[k];
    const floor = max - 60;
    let at = 3 * D * k;
    let j = 0;
    for (; j < D; j++, at += 3) {
      if (value + gain[j] < floor) break;
      const z = (x[j] - data[at]) * data[at + 1];
      value += data[at + 2] - 0.5 * z * z;
    }
    if (j < D || !(value > floor)) continue;
    if (value > max) {
      sum = sum * Math.exp(max - value) + 1;
      max = value;
    } else sum += Math.exp(value - max);
  }
  return max === -Infinity ? -Infinity : max + Math.log(sum);
}

function categoricalKernels(
  distribution: Distribution & { kind: "categorical" },
  column: Float64Array,
  n: number,
  priorWeight: number,
): CategoricalKernels {
  const size = distribution.choices.length;
  const prior = priorWeight / (n + 1);
  const total = 1 + size * prior;
  return {
    distribution,
    choice: Int32Array.from(column),
    logHit: Math.log((1 + prior) / total),
    logMiss: Math.log(prior / total),
    logPrior: -Math.log(size),
  };
}

function numericKernels(
  distribution: NumericDistribution,
  column: Float64Array,
  n: number,
  options: ParzenOptions,
  order: Int32Array | null,
  cache: KernelCache | null,
  rows: Int32Array | null,
): NumericKernels {
  const { low, high } = searchBounds(distribution);
  const mu = new Float64Array(n + 1);
  mu.set(column);
  mu[n] = 0.5 * (low + high);
  const sorted = order ?? sortOrder(column);
  const sigma = kernelWidths(mu, sorted, low, high, options, new Float64Array(n + 1));
  sigma[n] = high - low;
  const constant = new Float64Array(n + 1);
  const isGrid = distribution.step !== null;
  const reuse = cache !== null && rows !== null;
  if (reuse && (cache.low !== low || cache.high !== high)) {
    cache.low = low;
    cache.high = high;
    cache.sigma.fill(NaN);
  }
  for (let k = 0; k <= n; k++) {
    const s = sigma[k];
    if (reuse && k < n) {
      const row = rows[k];
      if (cache.sigma[row] === s) {
        constant[k] = cache.constant[row];
        continue;
      }
    }
    const mass = logNormalMass((low - mu[k]) / s, (high - mu[k]) / s);
    const c = isGrid ? -mass : -Math.log(s) - mass - logRoot2Pi;
    constant[k] = c;
    if (reuse && k < n) {
      cache.sigma[rows[k]] = s;
      cache.constant[rows[k]] = c;
    }
  }
  return { distribution, low, high, mu, sigma, constant, order: sorted, bounds: null };
}

/** Indices that sort `column` ascending; equal values keep their order. */
export function sortOrder(column: Float64Array): Int32Array {
  const order = new Int32Array(column.length);
  for (let i = 0; i < order.length; i++) order[i] = i;
  return order.sort((a, b) => column[a] - column[b] || a - b);
}

function addCategorical(acc: Float64Array, d: CategoricalKernels, value: number): void {
  const n = acc.length - 1;
  const { choice, logHit, logMiss } = d;
  for (let k = 0; k < n; k++) acc[k] += choice[k] === value ? logHit : logMiss;
  acc[n] += d.logPrior;
}

function addGrid(acc: Float64Array, d: NumericKernels, x: number): void {
  const { mu, sigma, constant, order, distribution } = d;
  const step = distribution.step!;
  const value = distribution.log ? Math.exp(x) : x;
  const left = distribution.log ? Math.log(value - step / 2) : value - step / 2;
  const right = distribution.log ? Math.log(value + step / 2) : value + step / 2;
  const n = acc.length - 1;
  // Many observations sit on the same grid point with the same width: their mass is computed once.
  let lastMu = NaN;
  let lastSigma = NaN;
  let mass = 0;
  for (let i = 0; i < n; i++) {
    const k = order[i];
    if (mu[k] !== lastMu || sigma[k] !== lastSigma) {
      lastMu = mu[k];
      lastSigma = sigma[k];
      mass = logNormalMass((left - lastMu) / lastSigma, (right - lastMu) / lastSigma);
    }
    acc[k] += constant[k] + mass;
  }
  acc[n] += constant[n] + logNormalMass((left - mu[n]) / sigma[n], (right - mu[n]) / sigma[n]);
}
