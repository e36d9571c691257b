/**
 * What every network is shown against: ridge regression, momentum, buy and hold.
 * @module
 */
import type { SupervisedDataset } from "../datasets/mod.ts";
import { createModel } from "./create_model.ts";
import type { Model } from "./model.ts";
import { namedWeights } from "./save_model.ts";
import { loadTf } from "./tensorflow.ts";

/**
 * Ridge regression of a dataset's targets on its whole windows, solved exactly: the same
 * coefficients as scikit-learn's `Ridge(alpha)`, the intercept unpenalised.
 *
 * The result is a `logistic` model of task `regression`, which is saved, exported and served as any
 * other.
 *
 * @param options.alpha Penalty on the squared coefficients; default 1. 0 is least squares.
 * @throws {RangeError} If `alpha` is negative, or the windows leave coefficients undetermined.
 */
export async function fitRidge(
  dataset: SupervisedDataset,
  options: { alpha?: number } = {},
): Promise<Model> {
  const alpha = options.alpha ?? 1;
  if (!(alpha >= 0 && Number.isFinite(alpha))) {
    throw new RangeError(`Cannot fit ridge: alpha must be a finite number >= 0, got ${alpha}`);
  }
  const { windowBars, features, targets, length: n, rows, matrix, y } = dataset;
  const d = windowBars * features;
  const at = (i: number) => (rows[i] + 1) * features - d;
  const xMean = new Float64Array(d);
  const yMean = new Float64Array(targets);
  for (let i = 0; i < n; i++) {
    const from = at(i);
    for (let j = 0; j < d; j++) xMean[j] += matrix[from + j] / n;
    for (let k = 0; k < targets; k++) yMean[k] += y[i * targets + k] / n;
  }
  // Normal equations (X'X + alpha I) w = X'y of centred columns; the lower triangle is enough.
  const a = new Float64Array(d * d);
  const b = new Float64Array(d * targets);
  const row = new Float64Array(d);
  for (let i = 0; i < n; i++) {
    const from = at(i);
    for (let j = 0; j < d; j++) row[j] = matrix[from + j] - xMean[j];
    for (let j = 0; j < d; j++) {
      const v = row[j];
      for (let k = 0; k <= j; k++) a[j * d + k] += v * row[k];
      for (let k = 0; k < targets; k++) b[j * targets + k] += v * (y[i * targets + k] - yMean[k]);
    }
  }
  for (let j = 0; j < d; j++) a[j * d + j] += alpha;
  solveCholesky(a, b, d, targets);
  const bias = yMean.slice();
  for (let j = 0; j < d; j++) {
    for (let k = 0; k < targets; k++) bias[k] -= xMean[j] * b[j * targets + k];
  }
  const model = await createModel({ kind: "logistic", windowBars, features, outputs: targets });
  const tf = await loadTf();
  for (const { name, variable } of namedWeights(model)) {
    const values = Float32Array.from(name.endsWith("kernel") ? b : bias);
    tf.tidy(() => variable.assign(tf.tensor(values, variable.shape)));
  }
  return model;
}

/** Solves A x = b in place of `b` [d, columns]; the lower triangle of A becomes its Cholesky factor. */
function solveCholesky(a: Float64Array, b: Float64Array, d: number, columns: number): void {
  for (let j = 0; j < d; j++) {
    for (let i = j; i < d; i++) {
      let sum = a[i * d + j];
      for (let k = 0; k < j; k++) sum -= a[i * d + k] * a[j * d + k];
      if (i === j) {
        if (!(sum > 1e-12)) {
          throw new RangeError(
            `Cannot fit ridge: alpha must be larger, since column ${j} of the windows depends on others, got a pivot of ${sum}`,
          );
        }
        a[j * d + j] = Math.sqrt(sum);
      } else a[i * d + j] = sum / a[j * d + j];
    }
  }
  for (let c = 0; c < columns; c++) {
    for (let i = 0; i < d; i++) {
      let sum = b[i * columns + c];
      for (let k = 0; k < i; k++) sum -= a[i * d + k] * b[k * columns + c];
      b[i * columns + c] = sum / a[i * d + i];
    }
    for (let i = d - 1; i >= 0; i--) {
      let sum = b[i * columns + c];
      for (let k = i + 1; k < d; k++) sum -= a[k * d + i] * b[k * columns + c];
      b[i * columns + c] = sum / a[i * d + i];
    }
  }
}

/** Positions of buy and hold: 1 on every bar. */
export function buyAndHoldPositions(length: number): Float64Array {
  return new Float64Array(length).fill(1);
}

/**
 * Positions of time-series momentum: the sign of the return over the last `lookbackBars`; NaN while
 * there are too few bars.
 *
 * @see Moskowitz, Ooi & Pedersen 2012, Time series momentum
 */
export function momentumPositions(prices: Float64Array, lookbackBars: number): Float64Array {
  if (!Number.isInteger(lookbackBars) || lookbackBars < 1) {
    throw new RangeError(
      `Cannot compute momentum: lookbackBars must be an integer >= 1, got ${lookbackBars}`,
    );
  }
  return prices.map((p, t) => t < lookbackBars ? NaN : Math.sign(p / prices[t - lookbackBars] - 1));
}
