/** Curves made readable: exponential smoothing and joining of series on one x axis. @module */

/**
 * Exponentially weighted mean with the weight of early values corrected, so that a curve starts at
 * its first value and not at 0. NaN stays NaN and does not disturb what follows. `weight` 0 changes
 * nothing; it must be below 1.
 *
 * @see Kingma & Ba 2015, arXiv:1412.6980, section 3, on the correction
 */
export function smooth(values: Float64Array, weight: number): Float64Array {
  if (weight <= 0) return values;
  const out = new Float64Array(values.length);
  let mean = 0, correction = 1;
  for (let i = 0; i < values.length; i++) {
    const value = values[i];
    if (!Number.isFinite(value)) {
      out[i] = NaN;
      continue;
    }
    mean = weight * mean + (1 - weight) * value;
    correction *= weight;
    out[i] = mean / (1 - correction);
  }
  return out;
}

export interface Curve {
  x: Float64Array;
  y: Float64Array;
}

/** One rising x axis for all curves; where a curve has no point its value is null. */
export function joinCurves(curves: readonly Curve[]): { x: number[]; ys: (number | null)[][] } {
  const all = new Set<number>();
  for (const { x } of curves) for (const value of x) all.add(value);
  const x = [...all].sort((a, b) => a - b);
  const at = new Map(x.map((value, i) => [value, i]));
  const ys = curves.map((curve) => {
    const row = new Array<number | null>(x.length).fill(null);
    for (let i = 0; i < curve.x.length; i++) {
      const value = curve.y[i];
      row[at.get(curve.x[i])!] = Number.isFinite(value) ? value : null;
    }
    return row;
  });
  return { x, ys };
}

/** Equity as a factor of its first value, so that runs with different cash compare. */
export function rebase(values: Float64Array): Float64Array {
  const first = values.find((value) => Number.isFinite(value) && value !== 0) ?? 1;
  return values.map((value) => value / first);
}
