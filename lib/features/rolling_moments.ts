/**
 * Central moments up to the fourth of the last `window` values, in constant time per value.
 *
 * Power sums are kept about a pivot, the window's mean when it was last taken anew (at least once a
 * window), so that a high level of the values does not cancel the digits.
 */
export class RollingMoments {
  filled = false;
  #values: Float64Array;
  #at = 0;
  #count = 0;
  #age = 0;
  #pivot = 0;
  #s1 = 0;
  #s2 = 0;
  #s3 = 0;
  #s4 = 0;
  #last = NaN;
  #equal = 0;

  constructor(readonly window: number) {
    this.#values = new Float64Array(window);
  }

  reset(): void {
    this.filled = false;
    this.#at =
      this.#count =
      this.#age =
      this.#pivot =
        0;
    this.#s1 =
      this.#s2 =
      this.#s3 =
      this.#s4 =
        0;
    this.#last = NaN;
    this.#equal = 0;
  }

  push(value: number): void {
    const values = this.#values;
    const at = this.#at;
    this.#equal = value === this.#last ? this.#equal + 1 : 1;
    this.#last = value;
    if (this.#count === 0) this.#pivot = value;
    const d = value - this.#pivot;
    if (this.#count < this.window) {
      this.filled = ++this.#count === this.window;
      this.#s1 += d;
      this.#s2 += d * d;
      this.#s3 += d * d * d;
      this.#s4 += d * d * d * d;
    } else {
      const o = values[at] - this.#pivot;
      const d2 = d * d;
      const o2 = o * o;
      this.#s1 += d - o;
      this.#s2 += d2 - o2;
      this.#s3 += d2 * d - o2 * o;
      this.#s4 += d2 * d2 - o2 * o2;
    }
    values[at] = value;
    this.#at = at + 1 === this.window ? 0 : at + 1;
    if (++this.#age >= this.window && this.filled) this.#refresh();
  }

  #refresh(): void {
    const values = this.#values;
    let mean = 0;
    for (let k = 0; k < values.length; k++) mean += values[k];
    mean /= this.window;
    let s1 = 0, s2 = 0, s3 = 0, s4 = 0;
    for (let k = 0; k < values.length; k++) {
      const d = values[k] - mean;
      const d2 = d * d;
      s1 += d;
      s2 += d2;
      s3 += d2 * d;
      s4 += d2 * d2;
    }
    this.#pivot = mean;
    this.#s1 = s1;
    this.#s2 = s2;
    this.#s3 = s3;
    this.#s4 = s4;
    this.#age = 0;
  }

  /** Sum of squared deviations; exactly 0 when all values are equal. */
  get #m2(): number {
    if (this.#equal >= this.window) return 0;
    return Math.max(0, this.#s2 - this.#s1 * this.#s1 / this.window);
  }

  /** Adjusted Fisher-Pearson skewness (as pandas); NaN without spread. */
  get skewness(): number {
    const n = this.window;
    const m = this.#s1 / n;
    const m2 = this.#m2 / n;
    const m3 = this.#s3 / n - 3 * m * this.#s2 / n + 2 * m * m * m;
    return m2 > 0 ? Math.sqrt(n * (n - 1)) / (n - 2) * m3 / (m2 * Math.sqrt(m2)) : NaN;
  }

  /** Excess kurtosis, unbiased for a normal (as pandas); NaN without spread. */
  get kurtosis(): number {
    const n = this.window;
    const m = this.#s1 / n;
    const m2 = this.#m2 / n;
    const m4 = this.#s4 / n - 4 * m * this.#s3 / n + 6 * m * m * this.#s2 / n -
      3 * m * m * m * m;
    if (!(m2 > 0)) return NaN;
    return (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * m4 / (m2 * m2) - 3 * (n - 1));
  }
}
