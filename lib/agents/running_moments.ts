/**
 * Mean and variance of rows that come in batches.
 * @module
 */

/** What {@linkcode RunningMoments} keeps; plain data for a checkpoint. */
export interface MomentsState {
  count: number;
  mean: Float64Array;
  variance: Float64Array;
}

/**
 * Mean and population variance per column over all rows so far. It begins, as Stable-Baselines3's
 * does, as if 1e-4 rows of mean 0 and variance 1 had been seen.
 *
 * @see Chan, Golub & LeVeque 1983, Algorithms for computing the sample variance
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { RunningMoments } from "./running_moments.ts";
 * const moments = new RunningMoments(1);
 * moments.update(Float32Array.of(1, 2, 3, 4));
 * assert.ok(Math.abs(moments.mean[0] - 2.5) < 1e-3 && Math.abs(moments.variance[0] - 1.25) < 1e-3);
 * ```
 */
export class RunningMoments {
  readonly size: number;
  readonly mean: Float64Array;
  readonly variance: Float64Array;
  count = 1e-4;
  readonly #batchMean: Float64Array;
  readonly #batchSquares: Float64Array;

  constructor(size: number) {
    this.size = size;
    this.mean = new Float64Array(size);
    this.variance = new Float64Array(size).fill(1);
    this.#batchMean = new Float64Array(size);
    this.#batchSquares = new Float64Array(size);
  }

  /** Takes in rows [n, size]. Allocates nothing. */
  update(rows: ArrayLike<number>): void {
    const { size, mean, variance } = this;
    const n = rows.length / size;
    if (n === 0) return;
    const batchMean = this.#batchMean.fill(0), squares = this.#batchSquares.fill(0);
    for (let i = 0, at = 0; i < n; i++) {
      for (let k = 0; k < size; k++, at++) batchMean[k] += rows[at];
    }
    for (let k = 0; k < size; k++) batchMean[k] /= n;
    for (let i = 0, at = 0; i < n; i++) {
      for (let k = 0; k < size; k++, at++) squares[k] += (rows[at] - batchMean[k]) ** 2;
    }
    const total = this.count + n;
    for (let k = 0; k < size; k++) {
      const delta = batchMean[k] - mean[k];
      const sum = variance[k] * this.count + squares[k] + delta * delta * this.count * n / total;
      mean[k] += delta * n / total;
      variance[k] = sum / total;
    }
    this.count = total;
  }

  saveState(): MomentsState {
    return { count: this.count, mean: this.mean.slice(), variance: this.variance.slice() };
  }

  restoreState(state: MomentsState): void {
    this.count = state.count;
    this.mean.set(state.mean);
    this.variance.set(state.variance);
  }
}
