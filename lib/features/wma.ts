/**
 * Linearly weighted average over the last `window` values, weights 1 (oldest) to `window` (latest).
 * Two running sums, taken anew from the values every so often against rounding.
 */
export class Wma {
  #values: Float64Array;
  #at = 0;
  #count = 0;
  #age = 0;
  #sum = 0;
  #weighted = 0;
  readonly #divisor: number;

  constructor(readonly window: number) {
    this.#values = new Float64Array(window);
    this.#divisor = window * (window + 1) / 2;
  }

  reset(): void {
    this.#at = 0;
    this.#count = 0;
    this.#age = 0;
    this.#sum = 0;
    this.#weighted = 0;
  }

  /** Takes the next value; gives the average, or NaN until `window` values have come. */
  push(value: number): number {
    const values = this.#values;
    const window = this.window;
    const at = this.#at;
    if (this.#count < window) {
      this.#count++;
      this.#weighted += this.#count * value;
      this.#sum += value;
    } else {
      this.#weighted += window * value - this.#sum;
      this.#sum += value - values[at];
    }
    values[at] = value;
    this.#at = at + 1 === window ? 0 : at + 1;
    if (++this.#age >= 256 && this.#at === 0 && this.#count === window) {
      let sum = 0;
      let weighted = 0;
      for (let k = 0; k < window; k++) {
        sum += values[k];
        weighted += (k + 1) * values[k];
      }
      this.#sum = sum;
      this.#weighted = weighted;
      this.#age = 0;
    }
    return this.#count < window ? NaN : this.#weighted / this.#divisor;
  }
}
