/**
 * Robustness of a choice of parameters: is the best one a plateau or a needle?
 * @module
 */

/** Values on a grid of two parameters, row-major [ys, xs]; NaN where nothing was tried. */
export interface PlateauMap {
  xs: Float64Array;
  ys: Float64Array;
  values: Float64Array;
  /** Mean of each cell and its (up to eight) neighbours; NaN cells count for nothing. */
  smoothed: Float64Array;
  best: PlateauPoint;
  /** The cell whose neighbourhood is best: what to choose. */
  plateau: PlateauPoint;
  /** Mean of the best cell's neighbours over its own value: near 1 on a plateau, low on a needle. */
  robustness: number;
  /** Share of cells with a value above 0. */
  shareAboveZero: number;
}

export interface PlateauPoint {
  x: number;
  y: number;
  value: number;
  smoothed: number;
}

/**
 * The map of tried points; a pair tried twice counts with the mean.
 *
 * @throws {RangeError} If lengths differ or no value is a number.
 */
export function plateauMap(
  x: ArrayLike<number>,
  y: ArrayLike<number>,
  value: ArrayLike<number>,
): PlateauMap {
  if (x.length !== y.length || x.length !== value.length) {
    throw new RangeError(
      `Cannot map plateau: x, y and value must agree in length, got ${x.length}, ${y.length}, ${value.length}`,
    );
  }
  const axis = (c: ArrayLike<number>) => Float64Array.from(new Set(Array.from(c))).sort();
  const xs = axis(x);
  const ys = axis(y);
  const columnOf = new Map(Array.from(xs, (v, i) => [v, i]));
  const rowOf = new Map(Array.from(ys, (v, i) => [v, i]));
  const sums = new Float64Array(xs.length * ys.length);
  const counts = new Int32Array(sums.length);
  for (let i = 0; i < value.length; i++) {
    if (value[i] !== value[i]) continue;
    const at = rowOf.get(y[i])! * xs.length + columnOf.get(x[i])!;
    sums[at] += value[i];
    counts[at]++;
  }
  const values = sums.map((s, i) => counts[i] > 0 ? s / counts[i] : NaN);
  const around = (at: number, withSelf: boolean) => {
    const row = Math.floor(at / xs.length);
    const col = at % xs.length;
    let sum = 0, n = 0;
    for (let r = Math.max(0, row - 1); r <= Math.min(ys.length - 1, row + 1); r++) {
      for (let c = Math.max(0, col - 1); c <= Math.min(xs.length - 1, col + 1); c++) {
        const i = r * xs.length + c;
        if (values[i] !== values[i] || (!withSelf && i === at)) continue;
        sum += values[i];
        n++;
      }
    }
    return n > 0 ? sum / n : NaN;
  };
  const smoothed = values.map((v, at) => v === v ? around(at, true) : NaN);
  let best = -1, plateau = -1, tried = 0, above = 0;
  for (let i = 0; i < values.length; i++) {
    if (values[i] !== values[i]) continue;
    tried++;
    if (values[i] > 0) above++;
    if (best < 0 || values[i] > values[best]) best = i;
    if (plateau < 0 || smoothed[i] > smoothed[plateau]) plateau = i;
  }
  if (best < 0) throw new RangeError("Cannot map plateau: at least one value must be a number");
  const point = (i: number): PlateauPoint => ({
    x: xs[i % xs.length],
    y: ys[Math.floor(i / xs.length)],
    value: values[i],
    smoothed: smoothed[i],
  });
  return {
    xs,
    ys,
    values,
    smoothed,
    best: point(best),
    plateau: point(plateau),
    robustness: around(best, false) / values[best],
    shareAboveZero: above / tried,
  };
}
