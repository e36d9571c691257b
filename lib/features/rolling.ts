/**
 * Rolling sums, moments and extremes over the last `window` values, in constant time per value.
 *
 * Each takes values one by one by `push()`. Sums are taken anew from the window's values after a fixed
 * number of pushes, so that rounding does not pile up over a million bars.
 * @module
 */

const refreshRows = 256;

/** Sum of the last `window` values. */
export class RollingSum {
  /** The sum; meaningful once `filled`. */
  sum = 0;
  filled = false;
  #values: Float64Array;
  #at = 0;
  #count = 0;
  #age = 0;

  constructor(readonly window: number) {
    this.#values = new Float64Array(window);
  }

  reset(): void {
    this.sum = 0;
    this.filled = false;
    this.#at = 0;
    this.#count = 0;
    this.#age = 0;
  }

  push(value: number): void {
    const values = this.#values;
    const at = this.#at;
    if (this.#count < this.window) {
      this.#count++;
      this.sum += value;
      this.filled = this.#count === this.window;
    } else this.sum += value - values[at];
    values[at] = value;
    this.#at = at + 1 === this.window ? 0 : at + 1;
    if (++this.#age >= refreshRows && this.#at === 0 && this.filled) {
      let sum = 0;
      for (let k = 0; k < values.length; k++) sum += values[k];
      this.sum = sum;
      this.#age = 0;
    }
  }
}

/** Mean and sum of squared deviations of the last `window` values, by sliding Welford updates. */
export class RollingVariance {
  mean = 0;
  /** Sum of squared deviations from the mean; exactly 0 when all values are equal. */
  m2 = 0;
  filled = false;
  #values: Float64Array;
  #at = 0;
  #count = 0;
  #age = 0;
  #last = NaN;
  #equal = 0;

  readonly #share: number;
  readonly #refreshRows: number;

  constructor(readonly window: number) {
    this.#values = new Float64Array(window);
    this.#share = 1 / window;
    this.#refreshRows = Math.max(window, 128);
  }

  reset(): void {
    this.mean = 0;
    this.m2 = 0;
    this.filled = false;
    this.#at = 0;
    this.#count = 0;
    this.#age = 0;
    this.#last = NaN;
    this.#equal = 0;
  }

  push(value: number): void {
    const values = this.#values;
    const at = this.#at;
    if (this.#count < this.window) {
      const d = value - this.mean;
      this.mean += d / ++this.#count;
      this.m2 += d * (value - this.mean);
      this.filled = this.#count === this.window;
    } else {
      const old = values[at];
      const before = this.mean;
      const change = value - old;
      this.mean = before + change * this.#share;
      this.m2 += change * (value - this.mean + old - before);
    }
    values[at] = value;
    this.#at = at + 1 === this.window ? 0 : at + 1;
    this.#equal = value === this.#last ? this.#equal + 1 : 1;
    this.#last = value;
    if (this.#equal >= this.#count) {
      this.mean = value;
      this.m2 = 0;
    } else if (++this.#age >= this.#refreshRows && this.filled) {
      let mean = 0;
      for (let k = 0; k < values.length; k++) mean += values[k];
      mean /= this.window;
      let m2 = 0;
      for (let k = 0; k < values.length; k++) m2 += (values[k] - mean) * (values[k] - mean);
      this.mean = mean;
      this.m2 = m2;
      this.#age = 0;
    } else if (this.m2 < 0) this.m2 = 0;
  }

  /** Standard deviation with divisor `window - ddof`. */
  deviation(ddof: number): number {
    return Math.sqrt(this.m2 / (this.window - ddof));
  }
}

/**
 * Maximum of the last `window` values (of their negatives: minimum) in three comparisons per value,
 * whatever the order of the values (van Herk 1992, Gil & Werman 1993).
 */
export class RollingMax {
  /** The maximum so far; over the whole window once `filled`. */
  max = -Infinity;
  filled = false;
  // The block before the current one as maxima of its suffixes; the current one as it comes.
  #suffix: Float64Array;
  #block: Float64Array;
  #at = 0;
  #prefix = -Infinity;
  #count = 0;

  constructor(readonly window: number) {
    this.#suffix = new Float64Array(window).fill(-Infinity);
    this.#block = new Float64Array(window);
  }

  reset(): void {
    this.max = -Infinity;
    this.filled = false;
    this.#suffix.fill(-Infinity);
    this.#at = 0;
    this.#prefix = -Infinity;
    this.#count = 0;
  }

  push(value: number): void {
    const at = this.#at;
    this.#block[at] = value;
    if (value > this.#prefix) this.#prefix = value;
    if (this.#count < this.window) this.filled = ++this.#count === this.window;
    const next = at + 1;
    if (next === this.window) {
      this.max = this.#prefix;
      const block = this.#block;
      let max = -Infinity;
      for (let k = at; k >= 0; k--) {
        if (block[k] > max) max = block[k];
        this.#suffix[k] = max;
      }
      this.#at = 0;
      this.#prefix = -Infinity;
    } else {
      const rest = this.#suffix[next];
      this.max = rest > this.#prefix ? rest : this.#prefix;
      this.#at = next;
    }
  }

  /**
   * Takes x[from..to) times `sign` and writes the maximum after each to `out` from 0 on: the same as
   * `push()` one by one, with NaN until the window is filled. A NaN starts afresh. Not to be mixed
   * with `push()`; `x` must hold the window's rows before `from`.
   *
   * Short windows are searched anew when their maximum leaves, which is rare and quicker than blocks.
   */
  fill(x: Float64Array, from: number, to: number, sign: 1 | -1, out: Float64Array): void {
    const window = this.window;
    if (window > 64) {
      for (let i = from; i < to; i++) {
        if (x[i] !== x[i]) this.reset();
        else this.push(sign * x[i]);
        out[i - from] = this.filled ? this.max : NaN;
      }
      return;
    }
    let count = this.#count;
    let age = this.#at;
    let max = this.max;
    for (let i = from; i < to; i++) {
      const value = sign * x[i];
      if (value !== value) {
        count = 0;
        out[i - from] = NaN;
        continue;
      }
      age++;
      if (count === 0 || value >= max) {
        max = value;
        age = 0;
      } else if (age >= window) {
        let best = i - window + 1;
        max = sign * x[best];
        for (let k = best + 1; k <= i; k++) {
          const other = sign * x[k];
          if (other >= max) {
            max = other;
            best = k;
          }
        }
        age = i - best;
      }
      if (count < window) count++;
      out[i - from] = count < window ? NaN : max;
    }
    this.#count = count;
    this.#at = age;
    this.max = max;
  }
}
