/** Rows between two fresh sums against rounding. */
const refreshRows = 256;

/**
 * Linearly weighted average over the last `window` values, weights 1 (oldest) to `window` (latest), by
 * two running sums.
 */
export class Wma {
  #seen = 0;
  #age = 0;
  #sum = 0;
  #weighted = 0;
  readonly #scale: number;

  constructor(readonly window: number) {
    this.#scale = 2 / (window * (window + 1));
  }

  reset(): void {
    this.#seen = this.#age = 0;
    this.#sum = this.#weighted = 0;
  }

  /**
   * Averages of the windows that end at x[from..to) into `out` from place `at` on; NaN until `window`
   * values have come. `x` must hold the values before `from` that the window reaches.
   */
  run(x: Float64Array, from: number, to: number, out: Float64Array, at: number): void {
    const { window } = this;
    let i = from;
    for (; i < to && this.#seen < window; i++) {
      this.#weighted += ++this.#seen * x[i];
      this.#sum += x[i];
      out[at++] = this.#seen === window ? this.#weighted * this.#scale : NaN;
    }
    while (i < to) {
      if (this.#age === refreshRows) this.#refresh(x, i);
      const end = Math.min(to, i + refreshRows - this.#age);
      this.#slide(x, i, end, out, at);
      this.#age += end - i;
      at += end - i;
      i = end;
    }
  }

  #slide(x: Float64Array, from: number, to: number, out: Float64Array, at: number): void {
    const window = this.window;
    const scale = this.#scale;
    let sum = this.#sum;
    let weighted = this.#weighted;
    for (let i = from; i < to; i++) {
      weighted += window * x[i] - sum;
      sum += x[i] - x[i - window];
      out[at++] = weighted * scale;
    }
    this.#sum = sum;
    this.#weighted = weighted;
  }

  #refresh(x: Float64Array, end: number): void {
    const { window } = this;
    let sum = 0;
    let weighted = 0;
    for (let k = 1; k <= window; k++) {
      sum += x[end - window + k - 1];
      weighted += k * x[end - window + k - 1];
    }
    this.#sum = sum;
    this.#weighted = weighted;
    this.#age = 0;
  }
}
