/**
 * The covariance matrix adaptation evolution strategy in the unit cube, with a margin that keeps
 * grids moving.
 *
 * @see Hansen 2016, "The CMA evolution strategy: a tutorial", arXiv:1604.00772 (equations named below)
 * @see Hamano et al. 2022, "CMA-ES with margin", arXiv:2205.13482
 * @module
 */
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { normalCdf, normalQuantile, type Rng } from "../../math/mod.ts";

const epsilon = 1e-8;

export interface CmaOptions {
  mean: Float64Array;
  sigma: number;
  populationSize?: number;
  /** Width of the grid per coordinate, 0 for continuous ones; turns the margin on. */
  steps?: Float64Array;
}

/** What a point is evaluated at (`x`) and what the distribution learns from (`raw`). */
export interface CmaPoint {
  x: Float64Array;
  raw: Float64Array;
}

/** Quantile of the chi-square distribution with one degree of freedom. */
const chi2Quantile = (q: number) => normalQuantile((1 + q) / 2) ** 2;

/** One run of CMA-ES; all coordinates live in [0, 1]. */
export class Cma {
  readonly dimensions: number;
  readonly populationSize: number;
  readonly mean: Float64Array;
  sigma: number;
  generation = 0;
  /** The covariance, row by row. */
  covariance: Float64Array;
  readonly #initialSigma: number;
  readonly #steps: Float64Array | null;
  readonly #stretch: Float64Array;
  readonly #margin: number;
  readonly #weights: Float64Array;
  readonly #mu: number;
  readonly #muEff: number;
  readonly #c1: number;
  readonly #cmu: number;
  readonly #cc: number;
  readonly #cSigma: number;
  readonly #dSigma: number;
  readonly #chi: number;
  readonly #pathSigma: Float64Array;
  readonly #pathC: Float64Array;
  #basis: { B: Float64Array; D: Float64Array } | null = null;
  readonly #history: [number, number][] = [];
  readonly #historyLength: number;

  constructor(options: CmaOptions) {
    const n = options.mean.length;
    this.dimensions = n;
    this.mean = Float64Array.from(options.mean);
    this.sigma = this.#initialSigma = options.sigma;
    const lambda = options.populationSize ?? 4 + Math.floor(3 * Math.log(n)); // eq. 48
    this.populationSize = lambda;
    const mu = Math.floor(lambda / 2);
    const prime = Float64Array.from(
      { length: lambda },
      (_, i) => Math.log((lambda + 1) / 2) - Math.log(i + 1),
    ); // eq. 49
    const effective = (from: number, to: number) => {
      let sum = 0, squares = 0;
      for (let i = from; i < to; i++) {
        sum += prime[i];
        squares += prime[i] * prime[i];
      }
      return sum * sum / squares;
    };
    const muEff = effective(0, mu);
    const muEffMinus = effective(mu, lambda);
    const c1 = 2 / ((n + 1.3) ** 2 + muEff);
    const cmu = Math.min(1 - c1 - 1e-8, 2 * (muEff - 2 + 1 / muEff) / ((n + 2) ** 2 + muEff));
    const minAlpha = Math.min(
      1 + c1 / cmu, // eq. 50
      1 + 2 * muEffMinus / (muEff + 2), // eq. 51
      (1 - c1 - cmu) / (n * cmu), // eq. 52
    );
    let positive = 0, negative = 0;
    for (const w of prime) w > 0 ? positive += w : negative -= w;
    this.#weights = prime.map((w) => w >= 0 ? w / positive : minAlpha * w / negative); // eq. 53
    this.#mu = mu;
    this.#muEff = muEff;
    this.#c1 = c1;
    this.#cmu = cmu;
    this.#cSigma = (muEff + 2) / (n + muEff + 5); // eq. 55
    this.#dSigma = 1 + 2 * Math.max(0, Math.sqrt((muEff - 1) / (n + 1)) - 1) + this.#cSigma;
    this.#cc = (4 + muEff / n) / (n + 4 + 2 * muEff / n); // eq. 56
    this.#chi = Math.sqrt(n) * (1 - 1 / (4 * n) + 1 / (21 * n * n));
    this.covariance = new Float64Array(n * n);
    for (let i = 0; i < n; i++) this.covariance[i * n + i] = 1;
    this.#pathSigma = new Float64Array(n);
    this.#pathC = new Float64Array(n);
    this.#steps = options.steps?.some((s) => s > 0) ? options.steps : null;
    this.#stretch = new Float64Array(n).fill(1);
    this.#margin = 1 / (n * lambda);
    this.#historyLength = 10 + Math.ceil(30 * n / lambda);
  }

  #decompose(): { B: Float64Array; D: Float64Array } {
    if (this.#basis) return this.#basis;
    const n = this.dimensions;
    const C = this.covariance;
    const rows = Array.from(
      { length: n },
      (_, i) => Array.from({ length: n }, (_, j) => (C[i * n + j] + C[j * n + i]) / 2),
    );
    const evd = new EigenvalueDecomposition(new Matrix(rows), { assumeSymmetric: true });
    const D = Float64Array.from(evd.realEigenvalues, (v) => Math.sqrt(v < 0 ? epsilon : v));
    const B = new Float64Array(n * n);
    const vectors = evd.eigenvectorMatrix;
    for (let i = 0; i < n; i++) for (let j = 0; j < n; j++) B[i * n + j] = vectors.get(i, j);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let sum = 0;
        for (let k = 0; k < n; k++) sum += B[i * n + k] * D[k] * D[k] * B[j * n + k];
        C[i * n + j] = sum;
      }
    }
    return this.#basis = { B, D };
  }

  /** A point of the current generation: resampled up to 10 n times when outside, then clipped. */
  ask(rng: Rng): CmaPoint {
    const n = this.dimensions;
    const { B, D } = this.#decompose();
    const raw = new Float64Array(n);
    const scaled = new Float64Array(n);
    const isFree = (i: number) => this.#steps !== null && this.#steps[i] > 0;
    for (let attempt = 0; attempt <= 10 * n; attempt++) {
      for (let k = 0; k < n; k++) scaled[k] = D[k] * rng.normal();
      let inside = true;
      for (let i = 0; i < n; i++) {
        let y = 0;
        for (let k = 0; k < n; k++) y += B[i * n + k] * scaled[k];
        raw[i] = this.mean[i] + this.sigma * y;
        if (!isFree(i) && !(raw[i] >= 0 && raw[i] <= 1)) inside = false;
      }
      if (inside) break;
    }
    for (let i = 0; i < n; i++) if (!isFree(i)) raw[i] = Math.min(1, Math.max(0, raw[i]));
    return { raw, x: this.encode(raw) };
  }

  /** The grid point that a raw point is evaluated at. */
  encode(raw: Float64Array): Float64Array {
    const x = Float64Array.from(raw);
    const steps = this.#steps;
    if (!steps) return x;
    for (let i = 0; i < x.length; i++) {
      const step = steps[i];
      if (!(step > 0)) continue;
      const moved = (raw[i] - this.mean[i]) * this.#stretch[i] + this.mean[i];
      x[i] = this.#gridIndex(moved, step) * step;
    }
    return x;
  }

  /** Nearest index, the lower one at an exact middle. */
  #gridIndex(value: number, step: number): number {
    const top = Math.ceil((1 + step / 2) / step) - 1;
    const index = Math.min(top, Math.max(0, Math.floor(value / step + 0.5)));
    return index > 0 && value <= (index - 0.5) * step ? index - 1 : index;
  }

  /** Learns from one generation: `populationSize` raw points with their losses. */
  tell(points: readonly Float64Array[], losses: readonly number[]): void {
    const n = this.dimensions;
    const order = Array.from({ length: points.length }, (_, i) => i)
      .sort((a, b) => losses[a] < losses[b] ? -1 : losses[a] > losses[b] ? 1 : a - b);
    this.generation++;
    this.#history.push([losses[order[0]], losses[order[order.length - 1]]]);
    if (this.#history.length > this.#historyLength) this.#history.shift();
    const { B, D } = this.#decompose();
    this.#basis = null;
    const y = order.map((p) => points[p].map((x, i) => (x - this.mean[i]) / this.sigma));
    const yw = new Float64Array(n);
    for (let k = 0; k < this.#mu; k++) {
      for (let i = 0; i < n; i++) yw[i] += this.#weights[k] * y[k][i]; // eq. 41
    }
    for (let i = 0; i < n; i++) this.mean[i] += this.sigma * yw[i];
    // C^(-1/2) v = B D^-1 B' v
    const whiten = (v: Float64Array) => {
      const inner = new Float64Array(n);
      for (let k = 0; k < n; k++) {
        let sum = 0;
        for (let i = 0; i < n; i++) sum += B[i * n + k] * v[i];
        inner[k] = sum / D[k];
      }
      const out = new Float64Array(n);
      for (let i = 0; i < n; i++) for (let k = 0; k < n; k++) out[i] += B[i * n + k] * inner[k];
      return out;
    };
    const white = whiten(yw);
    const cs = this.#cSigma;
    const gain = Math.sqrt(cs * (2 - cs) * this.#muEff);
    let norm2 = 0;
    for (let i = 0; i < n; i++) {
      this.#pathSigma[i] = (1 - cs) * this.#pathSigma[i] + gain * white[i];
      norm2 += this.#pathSigma[i] ** 2;
    }
    const norm = Math.sqrt(norm2);
    this.sigma = Math.min(1e32, this.sigma * Math.exp(cs / this.#dSigma * (norm / this.#chi - 1)));
    const left = norm / Math.sqrt(1 - (1 - cs) ** (2 * (this.generation + 1)));
    const h = left < (1.4 + 2 / (n + 1)) * this.#chi ? 1 : 0;
    const cc = this.#cc;
    const pull = h * Math.sqrt(cc * (2 - cc) * this.#muEff);
    for (let i = 0; i < n; i++) this.#pathC[i] = (1 - cc) * this.#pathC[i] + pull * yw[i]; // eq. 45
    const active = this.#weights.map((w, k) => {
      if (w >= 0) return w;
      let square = 0;
      for (const v of whiten(y[k])) square += v * v;
      return w * n / (square + epsilon);
    }); // eq. 46
    const deltaH = (1 - h) * cc * (2 - cc);
    let weightSum = 0;
    for (const w of this.#weights) weightSum += w;
    const keep = 1 + this.#c1 * deltaH - this.#c1 - this.#cmu * weightSum;
    const C = this.covariance;
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < n; j++) {
        let rankMu = 0;
        for (let k = 0; k < y.length; k++) rankMu += active[k] * y[k][i] * y[k][j];
        C[i * n + j] = keep * C[i * n + j] + this.#c1 * this.#pathC[i] * this.#pathC[j] +
          this.#cmu * rankMu; // eq. 47
      }
    }
    if (this.#steps) this.#keepMargin();
  }

  /** Moves mean and stretch so that every neighbouring grid point keeps a chance. */
  #keepMargin(): void {
    const n = this.dimensions;
    const steps = this.#steps!;
    const margin = this.#margin;
    for (let i = 0; i < n; i++) {
      const step = steps[i];
      if (!(step > 0)) continue;
      const top = Math.ceil((1 + step / 2) / step) - 1;
      const at = this.#gridIndex(this.mean[i], step);
      const limit = (index: number) => (Math.min(top - 1, Math.max(0, index)) + 0.5) * step;
      const low = limit(at - 1);
      const up = limit(at);
      const deviation = Math.sqrt(this.covariance[i * n + i]);
      const scale = this.sigma * this.#stretch[i] * deviation;
      const m = this.mean[i];
      let lowMass = normalCdf((low - m) / scale);
      let upMass = 1 - normalCdf((up - m) / scale);
      const middle = 1 - (lowMass + upMass);
      if (Math.max(lowMass, upMass) > 0.5) {
        // At an end of the grid: the mean comes no further from the last limit than the margin asks.
        if (Math.min(lowMass, upMass) < margin) {
          const distance = scale * Math.sqrt(chi2Quantile(1 - 2 * margin));
          this.mean[i] = up + Math.sign(m - up) * distance;
        }
        continue;
      }
      lowMass = Math.max(lowMass, margin / 2);
      upMass = Math.max(upMass, margin / 2);
      const excess = 1 - lowMass - upMass - middle;
      const total = lowMass + middle + upMass - 1.5 * margin;
      const clip = (x: number) => Math.min(0.5 - 1e-10, Math.max(1e-10, x));
      const newLow = clip(lowMass + excess * (lowMass - margin / 2) / total);
      const newUp = clip(upMass + excess * (upMass - margin / 2) / total);
      const rootLow = Math.sqrt(chi2Quantile(1 - 2 * newLow));
      const rootUp = Math.sqrt(chi2Quantile(1 - 2 * newUp));
      this.#stretch[i] = (up - low) / ((rootLow + rootUp) * this.sigma * deviation);
      this.mean[i] = (low * rootUp + up * rootLow) / (rootLow + rootUp);
    }
  }

  /** True when the run has converged, diverged or become ill-conditioned: time for a restart. */
  shouldStop(): boolean {
    const n = this.dimensions;
    const { B, D } = this.#decompose();
    const C = this.covariance;
    if (this.generation > this.#historyLength) {
      let low = Infinity, high = -Infinity;
      for (const [best, worst] of this.#history) {
        low = Math.min(low, best);
        high = Math.max(high, worst);
      }
      if (high - low < 1e-12) return true;
    }
    const tolx = 1e-12 * this.#initialSigma;
    let isSmall = true;
    for (let i = 0; i < n; i++) {
      if (this.sigma * C[i * n + i] >= tolx || this.sigma * this.#pathC[i] >= tolx) isSmall = false;
    }
    if (isSmall) return true;
    const largest = Math.max(...D), smallest = Math.min(...D);
    if (this.sigma * largest > 1e4) return true;
    for (let i = 0; i < n; i++) {
      if (this.mean[i] === this.mean[i] + 0.2 * this.sigma * Math.sqrt(C[i * n + i])) return true;
    }
    const axis = this.generation % n;
    let moves = false;
    for (let i = 0; i < n; i++) {
      const shift = 0.1 * this.sigma * D[axis] * B[i * n + axis];
      if (this.mean[i] !== this.mean[i] + shift) moves = true;
    }
    return !moves || (largest / smallest) ** 2 > 1e14;
  }
}
