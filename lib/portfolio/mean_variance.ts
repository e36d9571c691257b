/**
 * Long-only portfolios on the efficient frontier.
 *
 * All minimise `a/2 w'Cw - m'w` over `sum w = 1, 0 <= w <= cap` by accelerated projected gradients.
 *
 * @see Beck & Teboulle 2009 (FISTA); O'Donoghue & Candes 2015 (restarts)
 * @module
 */

/** Bounds of a portfolio. */
export interface WeightBounds {
  /** Largest weight of one asset; 1 by default. */
  maxWeight?: number;
}

function sizeOf(covariance: Float64Array, action: string): number {
  const n = Math.round(Math.sqrt(covariance.length));
  if (n * n !== covariance.length || n === 0) {
    throw new RangeError(
      `Cannot ${action}: covariance must be square, got ${covariance.length} values`,
    );
  }
  return n;
}

/** The nearest point of `sum w = 1, 0 <= w <= cap`, by bisection on the shift. */
export function projectOntoWeights(x: Float64Array, cap: number): Float64Array {
  let low = Infinity, high = -Infinity;
  for (const v of x) {
    low = Math.min(low, v - cap);
    high = Math.max(high, v);
  }
  const at = (shift: number) => x.map((v) => Math.min(cap, Math.max(0, v - shift)));
  for (let i = 0; i < 200 && high - low > 1e-17 * Math.max(1, Math.abs(high)); i++) {
    const middle = (low + high) / 2;
    let sum = 0;
    for (const v of x) sum += Math.min(cap, Math.max(0, v - middle));
    if (sum > 1) low = middle;
    else high = middle;
    if (middle === low && middle === high) break;
  }
  return at((low + high) / 2);
}

/** Weights of `max m'w - a/2 w'Cw`; `riskAversion` is a, `expected` are per-bar means. */
export function meanVarianceWeights(
  covariance: Float64Array,
  expected: Float64Array,
  riskAversion: number,
  bounds: WeightBounds = {},
): Float64Array {
  const n = sizeOf(covariance, "optimise portfolio");
  const { maxWeight = 1 } = bounds;
  if (expected.length !== n) {
    throw new RangeError(
      `Cannot optimise portfolio: expected must have ${n} values, got ${expected.length}`,
    );
  }
  if (!(maxWeight * n >= 1 && maxWeight <= 1)) {
    throw new RangeError(
      `Cannot optimise portfolio: maxWeight must be in [${1 / n}, 1], got ${maxWeight}`,
    );
  }
  if (!(riskAversion > 0)) {
    throw new RangeError(
      `Cannot optimise portfolio: riskAversion must be positive, got ${riskAversion}`,
    );
  }
  // The largest row sum bounds the largest eigenvalue.
  let bound = 0;
  for (let i = 0; i < n; i++) {
    let sum = 0;
    for (let j = 0; j < n; j++) sum += Math.abs(covariance[i * n + j]);
    bound = Math.max(bound, sum);
  }
  const step = 1 / (riskAversion * bound);
  let w: Float64Array = new Float64Array(n).fill(1 / n);
  let y: Float64Array = w;
  let momentum = 1;
  for (let round = 0; round < 100_000; round++) {
    const moved = new Float64Array(n);
    for (let i = 0; i < n; i++) {
      let gradient = -expected[i];
      for (let j = 0; j < n; j++) gradient += riskAversion * covariance[i * n + j] * y[j];
      moved[i] = y[i] - step * gradient;
    }
    const next = projectOntoWeights(moved, maxWeight);
    let change = 0;
    let against = 0;
    for (let i = 0; i < n; i++) {
      change = Math.max(change, Math.abs(next[i] - w[i]));
      against += (y[i] - next[i]) * (next[i] - w[i]);
    }
    const later = against > 0 ? 1 : (1 + Math.sqrt(1 + 4 * momentum * momentum)) / 2;
    const push = against > 0 ? 0 : (momentum - 1) / later;
    y = next.map((v, i) => v + push * (v - w[i]));
    w = next;
    momentum = later;
    if (change < 1e-15) break;
  }
  return w;
}

/** The long-only portfolio of least variance. */
export function minimumVarianceWeights(
  covariance: Float64Array,
  bounds: WeightBounds = {},
): Float64Array {
  const n = sizeOf(covariance, "optimise portfolio");
  return meanVarianceWeights(covariance, new Float64Array(n), 1, bounds);
}

/**
 * The long-only portfolio of the highest ratio of mean to deviation; that of least variance when no
 * mean is positive. Found as the risk aversion whose optimum has the best ratio (golden section in
 * its logarithm: along the frontier the ratio has one peak).
 */
export function maximumSharpeWeights(
  covariance: Float64Array,
  expected: Float64Array,
  bounds: WeightBounds = {},
): Float64Array {
  const n = sizeOf(covariance, "optimise portfolio");
  if (!expected.some((m) => m > 0)) return minimumVarianceWeights(covariance, bounds);
  const ratio = (w: Float64Array) => {
    let gain = 0, variance = 0;
    for (let i = 0; i < n; i++) {
      gain += expected[i] * w[i];
      for (let j = 0; j < n; j++) variance += w[i] * covariance[i * n + j] * w[j];
    }
    return gain / Math.sqrt(variance);
  };
  const solve = (log: number) => meanVarianceWeights(covariance, expected, Math.exp(log), bounds);
  const golden = (Math.sqrt(5) - 1) / 2;
  let low = -5, high = 12;
  let a = high - golden * (high - low), b = low + golden * (high - low);
  let at = ratio(solve(a)), bt = ratio(solve(b));
  while (high - low > 1e-9) {
    if (at >= bt) {
      high = b;
      b = a;
      bt = at;
      a = high - golden * (high - low);
      at = ratio(solve(a));
    } else {
      low = a;
      a = b;
      at = bt;
      b = low + golden * (high - low);
      bt = ratio(solve(b));
    }
  }
  return solve((low + high) / 2);
}
