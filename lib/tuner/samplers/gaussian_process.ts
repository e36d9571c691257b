/**
 * Gaussian process regression with a Matérn 5/2 kernel, one length scale per parameter and the
 * Hamming distance for categories; hyperparameters by maximum a posteriori with Optuna's priors.
 *
 * @see Rasmussen and Williams 2006, algorithm 2.1 and equation 5.9
 * @module
 */
import { minimizeLbfgs } from "../lbfgs.ts";

export interface GpHyperparameters {
  /** 1 / length scale^2 per parameter. */
  inverseSquaredLengths: Float64Array;
  kernelScale: number;
  noiseVariance: number;
}

const leastNoise = 1e-6;

/** exp(-r)(1 + r + r^2/3) with r = sqrt(5 d2). */
function matern52(d2: number): number {
  const r = Math.sqrt(5 * d2);
  return Math.exp(-r) * (5 / 3 * d2 + r + 1);
}

/**
 * In-place Cholesky factor (lower, row by row) of a symmetric matrix; false if not positive definite.
 *
 * Four rows are made side by side: their sums do not wait for one another.
 */
export function choleskyInPlace(a: Float64Array, n: number): boolean {
  for (let i = 0; i < n; i += 4) {
    const rows = Math.min(4, n - i);
    if (rows === 4) {
      const r0 = i * n, r1 = r0 + n, r2 = r1 + n, r3 = r2 + n;
      for (let j = 0; j < i; j++) {
        const rj = j * n;
        let s0 = a[r0 + j], s1 = a[r1 + j], s2 = a[r2 + j], s3 = a[r3 + j];
        for (let k = 0; k < j; k++) {
          const l = a[rj + k];
          s0 -= a[r0 + k] * l;
          s1 -= a[r1 + k] * l;
          s2 -= a[r2 + k] * l;
          s3 -= a[r3 + k] * l;
        }
        const pivot = a[rj + j];
        a[r0 + j] = s0 / pivot;
        a[r1 + j] = s1 / pivot;
        a[r2 + j] = s2 / pivot;
        a[r3 + j] = s3 / pivot;
      }
    }
    for (let row = i; row < i + rows; row++) {
      const ri = row * n;
      for (let j = rows === 4 ? i : 0; j <= row; j++) {
        const rj = j * n;
        let sum = a[ri + j];
        for (let k = 0; k < j; k++) sum -= a[ri + k] * a[rj + k];
        if (j < row) a[ri + j] = sum / a[rj + j];
        else if (sum > 0) a[ri + j] = Math.sqrt(sum);
        else return false;
      }
    }
  }
  return true;
}

/** Solves L x = b for four right sides at once, interleaved in `b`; as {@linkcode solveLower} does. */
function solveLowerFour(L: Float64Array, n: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) {
    const ri = i * n;
    let s0 = b[4 * i], s1 = b[4 * i + 1], s2 = b[4 * i + 2], s3 = b[4 * i + 3];
    for (let k = 0, at = 0; k < i; k++, at += 4) {
      const l = L[ri + k];
      s0 -= l * b[at];
      s1 -= l * b[at + 1];
      s2 -= l * b[at + 2];
      s3 -= l * b[at + 3];
    }
    const pivot = L[ri + i];
    b[4 * i] = s0 / pivot;
    b[4 * i + 1] = s1 / pivot;
    b[4 * i + 2] = s2 / pivot;
    b[4 * i + 3] = s3 / pivot;
  }
}
function solveLower(L: Float64Array, n: number, b: Float64Array): void {
  for (let i = 0; i < n; i++) {
    let sum = b[i];
    for (let k = 0; k < i; k++) sum -= L[i * n + k] * b[k];
    b[i] = sum / L[i * n + i];
  }
}
function solveUpper(L: Float64Array, n: number, b: Float64Array): void {
  for (let i = n - 1; i >= 0; i--) {
    const x = b[i] /= L[i * n + i];
    for (let k = 0; k < i; k++) b[k] -= L[i * n + k] * x;
  }
}

/** The regression on `n` points of `d` coordinates (row by row) with values `y`. */
export class GaussianProcess {
  readonly n: number;
  readonly d: number;
  #alpha: Float64Array = new Float64Array(0);
  /** Inverse of the factor's rows would cost memory; the factor itself is kept. */
  #factor: Float64Array = new Float64Array(0);

  constructor(
    readonly x: Float64Array,
    readonly y: Float64Array,
    readonly isCategorical: readonly boolean[],
    public hyper: GpHyperparameters,
  ) {
    this.n = y.length;
    this.d = isCategorical.length;
  }

  #squaredDistance(
    a: Float64Array,
    ai: number,
    b: Float64Array,
    bi: number,
    w: Float64Array,
  ): number {
    let sum = 0;
    for (let j = 0; j < this.d; j++) {
      const diff = a[ai + j] - b[bi + j];
      if (this.isCategorical[j]) {
        if (diff !== 0) sum += w[j];
      } else sum += w[j] * diff * diff;
    }
    return sum;
  }

  #covariance(h: GpHyperparameters): Float64Array<ArrayBuffer> {
    const { n, d, x } = this;
    const K = new Float64Array(n * n);
    for (let i = 0; i < n; i++) {
      for (let j = 0; j < i; j++) {
        const k = h.kernelScale *
          matern52(this.#squaredDistance(x, i * d, x, j * d, h.inverseSquaredLengths));
        K[i * n + j] = K[j * n + i] = k;
      }
      K[i * n + i] = h.kernelScale + h.noiseVariance;
    }
    return K;
  }

  /** Log marginal likelihood, up to a constant. */
  logLikelihood(h: GpHyperparameters = this.hyper): number {
    const { n } = this;
    const L = this.#covariance(h);
    if (!choleskyInPlace(L, n)) return -Infinity;
    const b = Float64Array.from(this.y);
    solveLower(L, n, b);
    let value = 0;
    for (let i = 0; i < n; i++) value += -Math.log(L[i * n + i]) - 0.5 * b[i] * b[i];
    return value;
  }

  /** Fits the hyperparameters from the current ones, then prepares {@linkcode posterior}. */
  fit(): this {
    const { n, d, x, y } = this;
    const start = new Float64Array(d + 2);
    for (let j = 0; j < d; j++) start[j] = Math.log(this.hyper.inverseSquaredLengths[j]);
    start[d] = Math.log(this.hyper.kernelScale);
    start[d + 1] = Math.log(
      Math.max(this.hyper.noiseVariance - 0.99 * leastNoise, 1e-2 * leastNoise),
    );
    const read = (raw: Float64Array): GpHyperparameters => ({
      inverseSquaredLengths: raw.slice(0, d).map(Math.exp),
      kernelScale: Math.exp(raw[d]),
      noiseVariance: Math.exp(raw[d + 1]) + leastNoise,
    });
    const squares = new Float64Array(d);
    const { x: best } = minimizeLbfgs(
      (raw, gradient) => {
        const h = read(raw);
        const w = h.inverseSquaredLengths;
        const K = this.#covariance(h);
        const L = Float64Array.from(K);
        if (!choleskyInPlace(L, n)) return Infinity;
        const inverse = invertFromCholesky(L, n);
        const alpha = new Float64Array(n);
        let value = 0;
        for (let i = 0; i < n; i++) {
          value += Math.log(L[i * n + i]);
          let sum = 0;
          for (let k = 0; k < n; k++) sum += inverse[i * n + k] * y[k];
          alpha[i] = sum;
          value += 0.5 * sum * y[i];
        }
        gradient.fill(0);
        let trace = 0;
        let kernelPart = 0;
        for (let i = 0; i < n; i++) {
          // G = alpha alpha' - K^-1; every derivative is sum(G * dK) / 2.
          const gii = alpha[i] * alpha[i] - inverse[i * n + i];
          trace += gii;
          kernelPart += 0.5 * gii * h.kernelScale;
          for (let k = 0; k < i; k++) {
            const g = alpha[i] * alpha[k] - inverse[i * n + k];
            kernelPart += g * K[i * n + k];
            let d2 = 0;
            for (let j = 0; j < d; j++) {
              const diff = x[i * d + j] - x[k * d + j];
              const s = this.isCategorical[j] ? (diff !== 0 ? 1 : 0) : diff * diff;
              squares[j] = s;
              d2 += w[j] * s;
            }
            const r = Math.sqrt(5 * d2);
            const slope = g * h.kernelScale * (-5 / 6) * (r + 1) * Math.exp(-r);
            for (let j = 0; j < d; j++) gradient[j] -= slope * squares[j] * w[j];
          }
        }
        gradient[d] = -kernelPart;
        const rawNoise = h.noiseVariance - leastNoise;
        gradient[d + 1] = -0.5 * trace * rawNoise;
        // Priors: -(0.1 / w + 0.1 w) per length, gamma(2, 1) for the scale, gamma(1.1, 30) for the noise.
        for (let j = 0; j < d; j++) {
          value += 0.1 / w[j] + 0.1 * w[j];
          gradient[j] += -0.1 / w[j] + 0.1 * w[j];
        }
        value -= Math.log(h.kernelScale) - h.kernelScale;
        gradient[d] -= 1 - h.kernelScale;
        value -= 0.1 * Math.log(h.noiseVariance) - 30 * h.noiseVariance;
        gradient[d + 1] -= (0.1 / h.noiseVariance - 30) * rawNoise;
        return value;
      },
      start,
      { gradientTolerance: 1e-2 },
    );
    this.hyper = read(best);
    return this.prepare();
  }

  /** Factors the covariance for {@linkcode posterior}. */
  prepare(): this {
    const { n } = this;
    for (let jitter = 0;; jitter = jitter === 0 ? 1e-8 : jitter * 10) {
      const L = this.#covariance({
        ...this.hyper,
        noiseVariance: this.hyper.noiseVariance + jitter,
      });
      if (!choleskyInPlace(L, n)) continue;
      this.#factor = L;
      break;
    }
    this.#alpha = Float64Array.from(this.y);
    solveLower(this.#factor, n, this.#alpha);
    solveUpper(this.#factor, n, this.#alpha);
    return this;
  }

  /** Mean and variance of the function at one point. */
  posterior(point: Float64Array): { mean: number; variance: number } {
    const { n, d, x, hyper } = this;
    const k = new Float64Array(n);
    let mean = 0;
    for (let i = 0; i < n; i++) {
      k[i] = hyper.kernelScale *
        matern52(this.#squaredDistance(x, i * d, point, 0, hyper.inverseSquaredLengths));
      mean += k[i] * this.#alpha[i];
    }
    solveLower(this.#factor, n, k);
    let variance = hyper.kernelScale;
    for (let i = 0; i < n; i++) variance -= k[i] * k[i];
    return { mean, variance: Math.max(0, variance) };
  }

  /** As {@linkcode posterior} of many points, `each(index, mean, variance)` in their order. */
  posteriors(
    points: readonly Float64Array[],
    each: (index: number, mean: number, variance: number) => void,
  ): void {
    const { n, d, x, hyper } = this;
    const k = new Float64Array(4 * n);
    const mean = new Float64Array(4);
    const variance = new Float64Array(4);
    for (let from = 0; from < points.length; from += 4) {
      const count = Math.min(4, points.length - from);
      k.fill(0);
      mean.fill(0);
      for (let c = 0; c < count; c++) {
        const point = points[from + c];
        for (let i = 0; i < n; i++) {
          const v = hyper.kernelScale *
            matern52(this.#squaredDistance(x, i * d, point, 0, hyper.inverseSquaredLengths));
          k[4 * i + c] = v;
          mean[c] += v * this.#alpha[i];
        }
      }
      solveLowerFour(this.#factor, n, k);
      variance.fill(hyper.kernelScale);
      for (let i = 0; i < n; i++) {
        for (let c = 0; c < 4; c++) variance[c] -= k[4 * i + c] * k[4 * i + c];
      }
      for (let c = 0; c < count; c++) each(from + c, mean[c], Math.max(0, variance[c]));
    }
  }

  /** As {@linkcode posterior}, with derivatives by the point's coordinates. */
  posteriorGradient(
    point: Float64Array,
    meanGradient: Float64Array,
    varianceGradient: Float64Array,
  ): { mean: number; variance: number } {
    const { n, d, x, hyper } = this;
    const w = hyper.inverseSquaredLengths;
    const k = new Float64Array(n);
    const slope = new Float64Array(n);
    let mean = 0;
    for (let i = 0; i < n; i++) {
      const d2 = this.#squaredDistance(x, i * d, point, 0, w);
      const r = Math.sqrt(5 * d2);
      const e = Math.exp(-r) * hyper.kernelScale;
      k[i] = e * (5 / 3 * d2 + r + 1);
      slope[i] = -5 / 6 * (r + 1) * e;
      mean += k[i] * this.#alpha[i];
    }
    solveLower(this.#factor, n, k);
    let variance = hyper.kernelScale;
    for (let i = 0; i < n; i++) variance -= k[i] * k[i];
    solveUpper(this.#factor, n, k);
    meanGradient.fill(0);
    varianceGradient.fill(0);
    for (let i = 0; i < n; i++) {
      const m = 2 * slope[i] * this.#alpha[i];
      const v = -4 * slope[i] * k[i];
      for (let j = 0; j < d; j++) {
        if (this.isCategorical[j]) continue;
        const t = w[j] * (point[j] - x[i * d + j]);
        meanGradient[j] += m * t;
        varianceGradient[j] += v * t;
      }
    }
    return { mean, variance: Math.max(0, variance) };
  }
}

/** The inverse of L L' (row by row). */
function invertFromCholesky(L: Float64Array, n: number): Float64Array {
  const invL = new Float64Array(n * n);
  // Row by row, so that memory is walked along its order.
  for (let i = 0; i < n; i++) {
    const ri = i * n;
    for (let k = 0; k < i; k++) {
      const l = L[ri + k];
      const rk = k * n;
      for (let j = 0; j <= k; j++) invL[ri + j] -= l * invL[rk + j];
    }
    const pivot = L[ri + i];
    for (let j = 0; j < i; j++) invL[ri + j] /= pivot;
    invL[ri + i] = 1 / pivot;
  }
  const inverse = new Float64Array(n * n);
  for (let k = 0; k < n; k++) {
    for (let i = 0; i <= k; i++) {
      const a = invL[k * n + i];
      if (a === 0) continue;
      for (let j = 0; j <= i; j++) inverse[i * n + j] += a * invL[k * n + j];
    }
  }
  for (let i = 0; i < n; i++) for (let j = 0; j < i; j++) inverse[j * n + i] = inverse[i * n + j];
  return inverse;
}
