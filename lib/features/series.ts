/**
 * The last values of a series that a kernel makes on its way, such as true ranges, with room for those
 * of the next rows: rolling nodes read from it as they read from a column.
 */
export class Series {
  values: Float64Array;
  /** Place after the last value. */
  #end: number;

  /** @param keep Values before the new ones that readers look back at. */
  constructor(readonly keep: number) {
    this.values = new Float64Array(keep + 64);
    this.#end = keep;
  }

  /** Place from which the next `count` values are to be written; the `keep` before them lie in front. */
  extend(count: number): number {
    const at = this.#end;
    if (at + count <= this.values.length) {
      this.#end += count;
      return at;
    }
    const { keep, values } = this;
    const last = values.subarray(at - keep, at);
    if (keep + count > values.length) {
      this.values = new Float64Array(keep + count);
      this.values.set(last);
    } else values.copyWithin(0, at - keep, at);
    this.#end = keep + count;
    return keep;
  }
}

/**
 * First place in [from, to) with a value, or `to`: over rows without holes a node's values are
 * undefined (NaN) at its start only.
 */
export function firstDefined(values: Float64Array, from: number, to: number): number {
  let i = from;
  while (i < to && values[i] !== values[i]) i++;
  return i;
}

/** A rolling computation over a column; the column must hold what it looks back at. */
export interface Node {
  reset(): void;
  /** Results after each of x[from..to) into `out` from place `at` on; NaN until there is one. */
  run(x: Float64Array, from: number, to: number, out: Float64Array, at: number): void;
}

/** Runs a node over what another gives, from its first value on; NaN before. */
export function runWhereDefined(
  node: Node,
  values: Float64Array,
  from: number,
  to: number,
  out: Float64Array,
  at: number,
): void {
  const start = firstDefined(values, from, to);
  out.fill(NaN, at, at + start - from);
  node.run(values, start, to, out, at + start - from);
}
