/**
 * Weights with which every asset carries its share of portfolio risk: `w_i (C w)_i = b_i * w'Cw`.
 *
 * `covariance` is row-major, n by n and positive definite; `budget` sums to 1 (equal shares by
 * default). Weights are positive and sum to 1. Cyclical coordinate descent, to 1e-12.
 *
 * @throws {RangeError} If shapes disagree or a variance is not positive.
 * @see Griveau-Billion, Richard & Roncalli 2013, "A Fast Algorithm for Computing High-dimensional
 * Risk Parity Portfolios"
 */
export function riskParityWeights(covariance: Float64Array, budget?: Float64Array): Float64Array {
  const n = Math.round(Math.sqrt(covariance.length));
  if (n * n !== covariance.length || n === 0) {
    throw new RangeError(
      `Cannot compute risk parity: covariance must be square, got ${covariance.length} values`,
    );
  }
  const shares = budget ?? new Float64Array(n).fill(1 / n);
  if (shares.length !== n) {
    throw new RangeError(
      `Cannot compute risk parity: budget must have ${n} values, got ${shares.length}`,
    );
  }
  const x = new Float64Array(n);
  for (let i = 0; i < n; i++) {
    const v = covariance[i * n + i];
    if (!(v > 0)) {
      throw new RangeError(`Cannot compute risk parity: variance ${i} must be positive, got ${v}`);
    }
    x[i] = 1 / Math.sqrt(v) / n;
  }
  // Minimises 1/2 x'Cx - sum(b_i ln x_i), whose optimum is risk parity up to scale.
  for (let round = 0; round < 10_000; round++) {
    let change = 0;
    for (let i = 0; i < n; i++) {
      let others = 0;
      for (let j = 0; j < n; j++) if (j !== i) others += covariance[i * n + j] * x[j];
      const v = covariance[i * n + i];
      const next = (-others + Math.sqrt(others * others + 4 * v * shares[i])) / (2 * v);
      change = Math.max(change, Math.abs(next / x[i] - 1));
      x[i] = next;
    }
    if (change < 1e-12) break;
  }
  let sum = 0;
  for (let i = 0; i < n; i++) sum += x[i];
  return x.map((v) => v / sum);
}
