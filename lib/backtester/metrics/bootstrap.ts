/**
 * Confidence intervals by the stationary bootstrap.
 *
 * @see Politis & Romano 1994, "The Stationary Bootstrap"
 * @module
 */
import { createRng, quantileSorted, type Rng } from "../../math/mod.ts";

/**
 * Row numbers of one resample of `length` rows: blocks of geometric length with mean `blockBars`,
 * wrapping around the end.
 */
export function stationaryBootstrapRows(
  length: number,
  blockBars: number,
  rng: Rng,
  out: Int32Array = new Int32Array(length),
): Int32Array {
  const p = 1 / blockBars;
  let row = rng.integer(length);
  for (let i = 0; i < length; i++) {
    out[i] = row;
    row = rng.uniform() < p ? rng.integer(length) : row + 1 === length ? 0 : row + 1;
  }
  return out;
}

export interface Interval {
  /** The metric of the returns as they are. */
  estimate: number;
  low: number;
  high: number;
}

export interface BootstrapOptions {
  /** Resamples; 1,000 by default. */
  samples?: number;
  /** Mean block length; the cube root of N by default. */
  blockBars?: number;
  /** Two-sided confidence; 0.95 by default. */
  level?: number;
  seed?: number;
}

/**
 * Percentile intervals of several metrics from the same resamples.
 *
 * `measures` are functions of per-bar returns, such as those of this room; values that are not
 * numbers in a resample are left out of its interval.
 *
 * @throws {RangeError} If there are no returns, or an option is out of range.
 */
export function bootstrapIntervals<Name extends string>(
  returns: Float64Array,
  measures: Readonly<Record<Name, (returns: Float64Array) => number>>,
  options: BootstrapOptions = {},
): Record<Name, Interval> {
  const n = returns.length;
  const { samples = 1000, level = 0.95, seed = 0 } = options;
  const blockBars = options.blockBars ?? Math.max(1, Math.cbrt(n));
  if (n === 0) throw new RangeError("Cannot bootstrap: returns must not be empty");
  if (!(level > 0 && level < 1)) {
    throw new RangeError(`Cannot bootstrap: level must be in (0, 1), got ${level}`);
  }
  if (!(blockBars >= 1 && Number.isInteger(samples) && samples >= 1)) {
    throw new RangeError(
      `Cannot bootstrap: blockBars must be at least 1 and samples a positive integer, got ${blockBars} and ${samples}`,
    );
  }
  const names = Object.keys(measures) as Name[];
  const found = names.map(() => new Float64Array(samples));
  const rng = createRng(seed);
  const rows = new Int32Array(n);
  const sample = new Float64Array(n);
  for (let s = 0; s < samples; s++) {
    stationaryBootstrapRows(n, blockBars, rng, rows);
    for (let i = 0; i < n; i++) sample[i] = returns[rows[i]];
    names.forEach((name, k) => found[k][s] = measures[name](sample));
  }
  return Object.fromEntries(names.map((name, k) => {
    const sorted = found[k].filter((x) => Number.isFinite(x)).sort();
    return [name, {
      estimate: measures[name](returns),
      low: quantileSorted(sorted, (1 - level) / 2),
      high: quantileSorted(sorted, (1 + level) / 2),
    }];
  })) as Record<Name, Interval>;
}
