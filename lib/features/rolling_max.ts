/**
 * Maximum of the last `window` values of a column, or with sign -1 the maximum of their negatives.
 *
 * The place of the maximum is kept; when it leaves the window, the window is searched anew, which is
 * rare. Long windows are cut into blocks instead, three comparisons per value whatever their order
 * (van Herk 1992, Gil & Werman 1993).
 */
export class RollingMax {
  #seen = 0;
  #max = -Infinity;
  /** Rows since the maximum came. */
  #age = 0;
  /** Of long windows: maxima of the last block's suffixes, and of this block so far. */
  readonly #suffix: Float64Array | null;
  #place = 0;

  constructor(readonly window: number) {
    this.#suffix = window > 64 ? new Float64Array(window + 1).fill(-Infinity) : null;
  }

  reset(): void {
    this.#seen = this.#age = this.#place = 0;
    this.#max = -Infinity;
    this.#suffix?.fill(-Infinity);
  }

  /**
   * Maxima of the windows that end at x[from..to), each value times `sign`, into `out` from place `at`
   * on; NaN until `window` values have come. `x` must hold the values before `from` that the window
   * reaches.
   */
  run(
    x: Float64Array,
    from: number,
    to: number,
    sign: 1 | -1,
    out: Float64Array,
    at: number,
  ): void {
    if (this.#suffix) this.#runBlocks(this.#suffix, x, from, to, sign, out, at);
    else this.#runSearching(x, from, to, sign, out, at);
    for (let k = at; k < at + to - from && this.#seen < this.window; k++) {
      if (++this.#seen < this.window) out[k] = NaN;
    }
  }

  /**
   * Rows since the maxima of the windows that end at x[from..to) came, the latest of equal ones, into
   * `out` from place `at` on; NaN until `window` values have come. Not to be mixed with `run()`.
   */
  runAges(
    x: Float64Array,
    from: number,
    to: number,
    sign: 1 | -1,
    out: Float64Array,
    at: number,
  ): void {
    const { window } = this;
    for (let i = from, k = at; i < to; i++, k++) {
      i = this.#climbAges(x, i, to, sign, out, k);
      if (i === to) break;
      k = at + i - from;
      out[k] = this.#search(x, i, sign);
    }
    for (let k = at; k < at + to - from && this.#seen < window; k++) {
      if (++this.#seen < window) out[k] = NaN;
    }
  }

  #runSearching(
    x: Float64Array,
    from: number,
    to: number,
    sign: 1 | -1,
    out: Float64Array,
    at: number,
  ): void {
    for (let i = from; i < to; i++) {
      i = this.#climb(x, i, to, sign, out, at + i - from);
      if (i === to) return;
      this.#search(x, i, sign);
      out[at + i - from] = this.#max;
    }
  }

  /** Finds the maximum of the window that ends at row i, all of whose values are there; gives its age. */
  #search(x: Float64Array, i: number, sign: 1 | -1): number {
    const first = i - this.window;
    let max = sign * x[i];
    let best = i;
    for (let k = i - 1; k > first; k--) {
      const v = sign * x[k];
      if (v > max) {
        max = v;
        best = k;
      }
    }
    this.#max = max;
    return this.#age = i - best;
  }

  /** Writes maxima until the one at hand leaves the window; gives the row at which it does, or `to`. */
  #climb(
    x: Float64Array,
    from: number,
    to: number,
    sign: 1 | -1,
    out: Float64Array,
    at: number,
  ): number {
    const window = this.window;
    let max = this.#max;
    let age = this.#age;
    let i = from;
    for (; i < to; i++) {
      const v = sign * x[i];
      age++;
      if (v >= max) {
        max = v;
        age = 0;
      } else if (age >= window) break;
      out[at++] = max;
    }
    this.#max = max;
    this.#age = age;
    return i;
  }

  /** As `#climb()`, but writes ages. */
  #climbAges(
    x: Float64Array,
    from: number,
    to: number,
    sign: 1 | -1,
    out: Float64Array,
    at: number,
  ): number {
    const window = this.window;
    let max = this.#max;
    let age = this.#age;
    let i = from;
    for (; i < to; i++) {
      const v = sign * x[i];
      age++;
      if (v >= max) {
        max = v;
        age = 0;
      } else if (age >= window) break;
      out[at++] = age;
    }
    this.#max = max;
    this.#age = age;
    return i;
  }

  #runBlocks(
    suffix: Float64Array,
    x: Float64Array,
    from: number,
    to: number,
    sign: 1 | -1,
    out: Float64Array,
    at: number,
  ): void {
    const { window } = this;
    for (let i = from; i < to;) {
      const end = Math.min(to, i + window - this.#place);
      this.#max = prefixMaxima(x, i, end, sign, this.#max, suffix, this.#place, out, at);
      this.#place += end - i;
      at += end - i;
      i = end;
      if (this.#place < window) continue;
      suffixMaxima(x, i - window, i, sign, suffix);
      this.#place = 0;
      this.#max = -Infinity;
    }
  }
}

function prefixMaxima(
  x: Float64Array,
  from: number,
  to: number,
  sign: number,
  prefix: number,
  suffix: Float64Array,
  place: number,
  out: Float64Array,
  at: number,
): number {
  for (let i = from; i < to; i++) {
    const v = sign * x[i];
    if (v > prefix) prefix = v;
    const rest = suffix[++place];
    out[at++] = rest > prefix ? rest : prefix;
  }
  return prefix;
}

/** suffix[j] = maximum of x[from + j..to); the place after the last stays -Infinity. */
function suffixMaxima(
  x: Float64Array,
  from: number,
  to: number,
  sign: number,
  suffix: Float64Array,
): void {
  let max = -Infinity;
  for (let i = to - 1, place = to - from - 1; i >= from; i--) {
    const v = sign * x[i];
    if (v > max) max = v;
    suffix[place--] = max;
  }
}
