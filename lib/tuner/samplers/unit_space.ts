/**
 * Parameters as coordinates of the unit cube, as sequences, evolution strategies and Gaussian
 * processes need them.
 * @module
 */
import {
  cardinality,
  type Distribution,
  fromSearchSpace,
  searchBounds,
  toSearchSpace,
} from "../distributions.ts";

/** From [0, 1] to an internal value. A grid point or a choice owns an interval of equal width. */
export function fromUnit(d: Distribution, u: number): number {
  if (d.kind === "categorical") {
    return Math.min(d.choices.length - 1, Math.max(0, Math.floor(u * d.choices.length)));
  }
  const { low, high } = searchBounds(d);
  return fromSearchSpace(d, low + (high - low) * u);
}

/** From an internal value to [0, 1]: the middle of its interval for grids and choices. */
export function toUnit(d: Distribution, internal: number): number {
  if (d.kind === "categorical") return (internal + 0.5) / d.choices.length;
  const { low, high } = searchBounds(d);
  return high === low ? 0.5 : (toSearchSpace(d, internal) - low) / (high - low);
}

/** As {@linkcode fromUnit}, without the half steps beyond the ends of a grid: 0 is low, 1 is high. */
export function fromUnitClosed(d: Distribution, u: number): number {
  if (d.kind === "categorical" || d.log) return fromUnit(d, u);
  return fromSearchSpace(d, d.low + (d.high - d.low) * u);
}

/** The inverse of {@linkcode fromUnitClosed}. */
export function toUnitClosed(d: Distribution, internal: number): number {
  if (d.kind === "categorical" || d.log) return toUnit(d, internal);
  return d.high === d.low ? 0.5 : (internal - d.low) / (d.high - d.low);
}

/** All coordinates that a grid or a list of choices can have, or null for a continuous range. */
export function unitGrid(d: Distribution): Float64Array | null {
  const count = cardinality(d);
  if (!Number.isFinite(count)) return null;
  return Float64Array.from(
    { length: count },
    (_, i) => toUnit(d, d.kind === "categorical" ? i : d.low + i * d.step!),
  );
}
