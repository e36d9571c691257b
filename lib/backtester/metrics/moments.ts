/** Mean, sample deviation (ddof 1), population skew and raw kurtosis of a column, in two passes. */
export interface Moments {
  mean: number;
  deviation: number;
  skew: number;
  /** A normal has 3. */
  kurtosis: number;
}

/**
 * The moments of `x`; NaN where they are not defined, deviation 0 for a constant column. `sum` is
 * that of `x`, where it is known.
 */
export function momentsOf(x: Float64Array, sum?: number): Moments {
  const n = x.length;
  if (sum === undefined) {
    sum = 0;
    for (let t = 0; t < n; t++) sum += x[t];
  }
  const mean = sum / n;
  const powers = new Float64Array(4);
  addPowers(x, mean, powers);
  const [drift, squares, m3, m4] = powers;
  const m2 = squares / n;
  const variance = n > 1 ? Math.max(0, (squares - drift * drift / n) / (n - 1)) : NaN;
  // A constant column leaves a spread of rounding errors only.
  const isFlat = variance <= (1e-14 * mean) ** 2;
  return {
    mean,
    deviation: isFlat ? 0 : Math.sqrt(variance),
    skew: isFlat ? NaN : m3 / n / (m2 * Math.sqrt(m2)),
    kurtosis: isFlat ? NaN : m4 / n / (m2 * m2),
  };
}

/** Sums of the first four powers of `x - mean`; apart, as those of {@linkcode returnSums}. */
function addPowers(x: Float64Array, mean: number, out: Float64Array): void {
  let drift = 0, m2 = 0, m3 = 0, m4 = 0;
  for (let t = 0; t < x.length; t++) {
    const d = x[t] - mean;
    const d2 = d * d;
    drift += d;
    m2 += d2;
    m3 += d2 * d;
    m4 += d2 * d2;
  }
  out[0] = drift;
  out[1] = m2;
  out[2] = m3;
  out[3] = m4;
}
