/**
 * Rolling sums, moments and extremes over the last `window` values, in constant time per value.
 *
 * Each takes values one by one by `push()`. Sums are taken anew from the window's values after a fixed
 * number of pushes, so that rounding does not pile up over a million bars.
 * @module
 */

const refreshRows = 256;

// State lies in typed arrays: writing a number into an object's field costs three times as much.

/** Sum of the last `window` values. */
export class RollingSum {
  filled = false;
  // Zeros before the first values, so that the window's start needs no case of its own.
  readonly #values: Float64Array;
  readonly #sum = new Float64Array(1);
  /** Next place in the ring, and pushes since the sum was taken anew. */
  readonly #place = new Int32Array(2);

  constructor(readonly window: number) {
    this.#values = new Float64Array(window);
  }

  /** The sum; meaningful once `filled`. */
  get sum(): number {
    return this.#sum[0];
  }

  reset(): void {
    if (this.#place[0] === 0 && !this.filled) return;
    this.filled = false;
    this.#values.fill(0);
    this.#sum[0] = 0;
    this.#place.fill(0);
  }

  push(value: number): void {
    const values = this.#values;
    const place = this.#place;
    const at = place[0];
    this.#sum[0] += value - values[at];
    values[at] = value;
    if (at + 1 < this.window) {
      place[0] = at + 1;
      return;
    }
    place[0] = 0;
    this.filled = true;
    place[1] += this.window;
    if (place[1] < refreshRows) return;
    place[1] = 0;
    let sum = 0;
    for (let k = 0; k < values.length; k++) sum += values[k];
    this.#sum[0] = sum;
  }
}

/** Mean and sum of squared deviations of the last `window` values, by sliding Welford updates. */
export class RollingVariance {
  filled = false;
  readonly #values: Float64Array;
  /** Mean, sum of squared deviations, last value. */
  readonly #state = Float64Array.of(0, 0, NaN);
  /** Next place in the ring, values so far, pushes since the last fresh start, equal values in a row. */
  readonly #counts = new Int32Array(4);
  readonly #share: number;
  readonly #refreshRows: number;

  constructor(readonly window: number) {
    this.#values = new Float64Array(window);
    this.#share = 1 / window;
    this.#refreshRows = Math.max(window, 128);
  }

  get mean(): number {
    return this.#state[0];
  }

  /** Sum of squared deviations from the mean; exactly 0 when all values are equal. */
  get m2(): number {
    return this.#state[1];
  }

  reset(): void {
    this.filled = false;
    this.#state[0] = this.#state[1] = 0;
    this.#state[2] = NaN;
    this.#counts.fill(0);
  }

  push(value: number): void {
    const values = this.#values;
    const state = this.#state;
    const counts = this.#counts;
    const at = counts[0];
    const before = state[0];
    if (this.filled) {
      const old = values[at];
      const change = value - old;
      const mean = before + change * this.#share;
      const m2 = state[1] + change * (value - mean + old - before);
      state[0] = mean;
      state[1] = m2 < 0 ? 0 : m2;
    } else {
      const d = value - before;
      state[0] = before + d / ++counts[1];
      state[1] += d * (value - state[0]);
      this.filled = counts[1] === this.window;
    }
    values[at] = value;
    counts[0] = at + 1 === this.window ? 0 : at + 1;
    if (value === state[2]) {
      // counts[3] values before this one were equal, too.
      if (++counts[3] + 1 >= counts[1]) {
        state[0] = value;
        state[1] = 0;
      }
    } else {
      counts[3] = 0;
      state[2] = value;
    }
    if (++counts[2] >= this.#refreshRows) this.#refresh();
  }

  #refresh(): void {
    const values = this.#values;
    let mean = 0;
    for (let k = 0; k < values.length; k++) mean += values[k];
    mean /= this.window;
    let m2 = 0;
    for (let k = 0; k < values.length; k++) m2 += (values[k] - mean) * (values[k] - mean);
    this.#state[0] = mean;
    this.#counts[2] = 0;
    // Equal values have no spread; their mean may be off by rounding.
    this.#state[1] = this.#counts[3] + 1 >= this.window ? 0 : m2;
  }

  /** Standard deviation with divisor `window - ddof`. */
  deviation(ddof: number): number {
    return Math.sqrt(this.#state[1] / (this.window - ddof));
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
