/**
 * Covariance of asset returns, row-major n by n.
 * @module
 */
import { mean } from "../math/mod.ts";

/** Means of the columns and returns less them. @throws {RangeError} If columns differ in length. */
function centred(returns: readonly Float64Array[]): Float64Array[] {
  if (returns.length === 0) {
    throw new RangeError("Cannot compute covariance: there must be at least one asset, got 0");
  }
  const length = returns[0].length;
  return returns.map((r, k) => {
    if (r.length !== length || length < 2) {
      throw new RangeError(
        `Cannot compute covariance: asset ${k} must have ${
          Math.max(2, length)
        } returns, got ${r.length}`,
      );
    }
    const m = mean(r);
    return r.map((x) => x - m);
  });
}

function crossProducts(x: readonly Float64Array[]): Float64Array {
  const n = x.length;
  const out = new Float64Array(n * n);
  for (let i = 0; i < n; i++) {
    for (let j = i; j < n; j++) {
      let sum = 0;
      for (let t = 0; t < x[i].length; t++) sum += x[i][t] * x[j][t];
      out[i * n + j] = out[j * n + i] = sum;
    }
  }
  return out;
}

/** Sample covariance (ddof 1) of `returns[k]`, one column per asset. */
export function sampleCovariance(returns: readonly Float64Array[]): Float64Array {
  const rows = returns[0]?.length ?? 0;
  return crossProducts(centred(returns)).map((v) => v / (rows - 1));
}

/**
 * Covariance shrunk towards a multiple of the identity, and by how much: 0 is the sample's (ddof 0),
 * 1 the identity's. As scikit-learn's LedoitWolf.
 *
 * @see Ledoit & Wolf 2004, "A Well-Conditioned Estimator for Large-Dimensional Covariance Matrices"
 */
export function shrunkCovariance(
  returns: readonly Float64Array[],
): { covariance: Float64Array; shrinkage: number } {
  const x = centred(returns);
  const n = x.length;
  const rows = x[0].length;
  const sample = crossProducts(x).map((v) => v / rows);
  let trace = 0;
  for (let i = 0; i < n; i++) trace += sample[i * n + i];
  const level = trace / n;
  let delta = 0;
  let beta = 0;
  for (let i = 0; i < n; i++) {
    for (let j = 0; j < n; j++) {
      const s = sample[i * n + j];
      delta += (s - (i === j ? level : 0)) ** 2;
      let fourth = 0;
      for (let t = 0; t < rows; t++) fourth += (x[i][t] * x[j][t]) ** 2;
      beta += (fourth / rows - s * s) / rows;
    }
  }
  const shrinkage = delta === 0 ? 0 : Math.min(beta, delta) / delta;
  const covariance = sample.map((s, k) =>
    (1 - shrinkage) * s + (k % (n + 1) === 0 ? shrinkage * level : 0)
  );
  return { covariance, shrinkage };
}
