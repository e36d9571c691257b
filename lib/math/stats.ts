/**
 * Plain descriptive statistics over typed arrays. NaN is not skipped: one NaN gives NaN.
 * @module
 */

/** Any column of numbers. */
export type Column = Float64Array | Float32Array | readonly number[];

/** Arithmetic mean; NaN for no values. */
export function mean(x: Column): number {
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += x[i];
  return sum / x.length;
}

/** Variance about the mean in two passes; `ddof` 1 (sample) by default. NaN with `ddof` values or fewer. */
export function variance(x: Column, ddof = 1): number {
  if (x.length <= ddof) return NaN;
  const m = mean(x);
  let sum = 0;
  let drift = 0;
  for (let i = 0; i < x.length; i++) {
    const d = x[i] - m;
    sum += d * d;
    drift += d;
  }
  // The second term removes the rounding left in the mean (corrected two-pass algorithm).
  return (sum - drift * drift / x.length) / (x.length - ddof);
}

/** Standard deviation; `ddof` 1 (sample) by default. */
export function standardDeviation(x: Column, ddof = 1): number {
  const v = variance(x, ddof);
  return v < 0 ? 0 : Math.sqrt(v);
}

/** Third standardised moment, population form (scipy.stats.skew, bias=True). NaN at zero spread. */
export function skewness(x: Column): number {
  return standardisedMoment(x, 3);
}

/** Fourth standardised moment, raw: a normal has 3 (scipy.stats.kurtosis, fisher=False). */
export function kurtosis(x: Column): number {
  return standardisedMoment(x, 4);
}

function standardisedMoment(x: Column, order: 3 | 4): number {
  const n = x.length;
  const m = mean(x);
  let m2 = 0;
  let mk = 0;
  for (let i = 0; i < n; i++) {
    const d = x[i] - m;
    const d2 = d * d;
    m2 += d2;
    mk += order === 3 ? d2 * d : d2 * d2;
  }
  m2 /= n;
  return mk / n / (order === 3 ? m2 * Math.sqrt(m2) : m2 * m2);
}

/**
 * The `p` quantile with linear interpolation (numpy's default). NaN for no values.
 *
 * @throws {RangeError} If `p` is outside [0, 1].
 */
export function quantile(x: Column, p: number): number {
  return quantileSorted(Float64Array.from(x).sort(), p);
}

/** As {@linkcode quantile}, for values sorted in ascending order already. */
export function quantileSorted(sorted: Column, p: number): number {
  if (!(p >= 0 && p <= 1)) {
    throw new RangeError(`Cannot compute quantile: p must be in [0, 1], got ${p}`);
  }
  if (sorted.length === 0) return NaN;
  const at = p * (sorted.length - 1);
  const low = Math.floor(at);
  const high = Math.min(low + 1, sorted.length - 1);
  return sorted[low] + (at - low) * (sorted[high] - sorted[low]);
}

/** Median; NaN for no values. */
export function median(x: Column): number {
  return quantile(x, 0.5);
}

/** Covariance with `ddof` 1. @throws {RangeError} If lengths differ. */
export function covariance(x: Column, y: Column): number {
  if (x.length !== y.length) {
    throw new RangeError(
      `Cannot compute covariance: lengths must agree, got ${x.length} and ${y.length}`,
    );
  }
  const mx = mean(x);
  const my = mean(y);
  let sum = 0;
  for (let i = 0; i < x.length; i++) sum += (x[i] - mx) * (y[i] - my);
  return x.length > 1 ? sum / (x.length - 1) : NaN;
}

/** Pearson correlation; NaN when either side is constant. */
export function correlation(x: Column, y: Column): number {
  return covariance(x, y) / Math.sqrt(variance(x) * variance(y));
}
