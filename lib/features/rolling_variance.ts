/**
 * Mean and sum of squared deviations of the last `window` values, by sliding Welford updates; both are
 * taken anew from the values after at least a window against rounding.
 *
 * The spread of equal values is exactly 0, and their mean the value.
 */
export class RollingVariance {
  readonly #refreshRows: number;
  #seen = 0;
  #age = 0;
  /** Values in a row that were equal, the last one included. */
  #equal = 0;
  #last = NaN;
  #mean = 0;
  #m2 = 0;

  constructor(readonly window: number) {
    this.#refreshRows = Math.max(window, 128);
  }

  reset(): void {
    this.#seen = this.#age = this.#equal = 0;
    this.#last = NaN;
    this.#mean = this.#m2 = 0;
  }

  /**
   * Mean and sum of squared deviations of the windows that end at x[from..to), into `mean` and `m2`
   * from place `at` on; NaN until `window` values have come. `x` must hold the values before `from`
   * that the window reaches.
   */
  run(
    x: Float64Array,
    from: number,
    to: number,
    mean: Float64Array,
    m2: Float64Array,
    at: number,
  ): void {
    const { window } = this;
    let i = from;
    for (; i < to && this.#seen < window; i++, at++) {
      this.#grow(x[i]);
      const filled = this.#seen === window;
      mean[at] = filled ? this.#mean : NaN;
      m2[at] = filled ? this.#m2 : NaN;
    }
    while (i < to) {
      if (this.#age === this.#refreshRows) this.#refresh(x, i);
      const end = Math.min(to, i + this.#refreshRows - this.#age);
      this.#slide(x, i, end, mean, m2, at);
      this.#age += end - i;
      at += end - i;
      i = end;
    }
  }

  /** Takes a value while the window fills. */
  #grow(v: number): void {
    this.#equal = v === this.#last ? this.#equal + 1 : 1;
    this.#last = v;
    const d = v - this.#mean;
    this.#mean += d / ++this.#seen;
    this.#m2 += d * (v - this.#mean);
    if (this.#equal < this.#seen) return;
    this.#mean = v;
    this.#m2 = 0;
  }

  #slide(
    x: Float64Array,
    from: number,
    to: number,
    meanOut: Float64Array,
    m2Out: Float64Array,
    at: number,
  ): void {
    const window = this.window;
    const share = 1 / window;
    let mean = this.#mean;
    let m2 = this.#m2;
    let equal = this.#equal;
    let last = this.#last;
    for (let i = from; i < to; i++) {
      const v = x[i];
      const old = x[i - window];
      const change = v - old;
      const before = mean;
      mean += change * share;
      m2 += change * (v - mean + old - before);
      // The negative part is rounding; taken off without a branch.
      m2 = 0.5 * (m2 + Math.abs(m2));
      if (v === last) equal++;
      else equal = 1;
      last = v;
      if (equal >= window) {
        mean = v;
        m2 = 0;
      }
      meanOut[at] = mean;
      m2Out[at++] = m2;
    }
    this.#mean = mean;
    this.#m2 = m2;
    this.#equal = equal;
    this.#last = last;
  }

  #refresh(x: Float64Array, end: number): void {
    const { window } = this;
    this.#age = 0;
    if (this.#equal >= window) return;
    let mean = 0;
    for (let k = end - window; k < end; k++) mean += x[k];
    mean /= window;
    let m2 = 0;
    for (let k = end - window; k < end; k++) m2 += (x[k] - mean) * (x[k] - mean);
    this.#mean = mean;
    this.#m2 = m2;
  }
}
