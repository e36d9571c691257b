import { Series } from "./series.ts";

/**
 * Maximum, or with sign -1 minimum, of the last `window` values of a column.
 *
 * The maximum of 2, 4, 8... values is that of two halves, and that of the window the one of two such
 * stretches that overlap: log2(window) passes over the block. Other ways need fewer comparisons (a
 * place that is searched anew when it leaves, a queue, van Herk's blocks), but prices decide theirs at
 * random: a branch guessed wrong costs as much as five passes, and these have none.
 */
export class RollingMax {
  #seen = 0;
  /** How far back the other half of each pass lies: 1, 2, 4..., and the rest of the window. */
  readonly #shifts: number[] = [];
  /** What each pass but the last gives, with what the next one looks back at. */
  readonly #stretches: Series[] = [];

  constructor(readonly window: number) {
    let length = 1;
    for (; 2 * length <= window; length *= 2) this.#shifts.push(length);
    if (length < window) this.#shifts.push(window - length);
    for (const shift of this.#shifts.slice(1)) this.#stretches.push(new Series(shift));
  }

  reset(): void {
    this.#seen = 0;
  }

  /**
   * Maxima (minima) of the windows that end at x[from..to) into `out` from place `at` on; NaN until
   * `window` values have come. `x` must hold the values before `from` that the window reaches.
   */
  run(
    x: Float64Array,
    from: number,
    to: number,
    sign: 1 | -1,
    out: Float64Array,
    at: number,
  ): void {
    const count = to - from;
    const select = sign > 0 ? higherOf : lowerOf;
    const last = this.#shifts.length - 1;
    let values = x;
    let place = from;
    if (last < 0) { for (let i = from, k = at; i < to; i++, k++) out[k] = x[i]; }
    for (let k = 0; k <= last; k++) {
      if (k === last) select(values, place, count, this.#shifts[k], out, at);
      else {
        const stretch = this.#stretches[k];
        const next = stretch.extend(count);
        select(values, place, count, this.#shifts[k], stretch.values, next);
        values = stretch.values;
        place = next;
      }
    }
    for (let k = at; k < at + count && this.#seen < this.window; k++) {
      if (++this.#seen < this.window) out[k] = NaN;
    }
  }
}

/**
 * out[at + k] = the higher of x[from + k] and the value `shift` before it. What lies before the first
 * value of all is no part of any window that is given.
 */
function higherOf(
  x: Float64Array,
  from: number,
  count: number,
  shift: number,
  out: Float64Array,
  at: number,
): void {
  let i = from;
  const to = from + count;
  for (; i < to && i < shift; i++) out[at++] = x[i];
  for (; i < to; i++) {
    // The comparison, 0 or 1, as a mask of the shift.
    out[at++] = x[i - (shift & -(x[i - shift] > x[i]))];
  }
}

/** As `higherOf()`, the lower of them. */
function lowerOf(
  x: Float64Array,
  from: number,
  count: number,
  shift: number,
  out: Float64Array,
  at: number,
): void {
  let i = from;
  const to = from + count;
  for (; i < to && i < shift; i++) out[at++] = x[i];
  for (; i < to; i++) out[at++] = x[i - (shift & -(x[i - shift] < x[i]))];
}
