/** Values between two fresh sums: rounding does not pile up over a million bars. */
const refreshRows = 256;

/**
 * Sum of the last `window` values of a column or series, in constant time per value.
 *
 * The loops are as they are for speed: the one that runs for every row has no other loop and no case
 * inside, which is what keeps it at about a nanosecond per row.
 */
export class RollingSum {
  #seen = 0;
  #sum = 0;
  #age = 0;
  /** Zeros in a row, the last value included. */
  #zeros = 0;

  /**
   * @param snapsToZero The sum of a window of zeros is exactly 0, whatever rounding the values before
   * have left: for sums that are divided by.
   */
  constructor(readonly window: number, readonly snapsToZero = false) {}

  reset(): void {
    this.#seen = this.#age = this.#zeros = 0;
    this.#sum = 0;
  }

  /**
   * Sums of the windows that end at x[from..to), times `scale`, into `out` from place `at` on; NaN
   * until `window` values have come. `x` must hold the values before `from` that the window reaches.
   */
  run(
    x: Float64Array,
    from: number,
    to: number,
    out: Float64Array,
    at: number,
    scale = 1,
  ): void {
    const { window } = this;
    let i = from;
    for (; i < to && this.#seen < window; i++) {
      this.#sum += x[i];
      this.#zeros = x[i] === 0 ? this.#zeros + 1 : 0;
      out[at++] = ++this.#seen === window ? this.#sum * scale : NaN;
    }
    while (i < to) {
      if (this.#age === refreshRows) {
        this.#sum = sumOf(x, i - window, i);
        this.#age = 0;
      }
      const end = Math.min(to, i + refreshRows - this.#age);
      if (this.snapsToZero) this.#slideAndSnap(x, i, end, scale, out, at);
      else this.#sum = slide(x, i, end, window, this.#sum, scale, out, at);
      this.#age += end - i;
      at += end - i;
      i = end;
    }
  }

  #slideAndSnap(
    x: Float64Array,
    from: number,
    to: number,
    scale: number,
    out: Float64Array,
    at: number,
  ): void {
    const window = this.window;
    let sum = this.#sum;
    let zeros = this.#zeros;
    for (let i = from; i < to; i++) {
      const v = x[i];
      sum += v - x[i - window];
      if (v === 0) zeros++;
      else zeros = 0;
      if (zeros >= window) sum = 0;
      out[at++] = sum * scale;
    }
    this.#sum = sum;
    this.#zeros = zeros;
  }
}

/** x[from] + ... + x[to - 1], in order. */
export function sumOf(x: Float64Array, from: number, to: number): number {
  let sum = 0;
  for (let i = from; i < to; i++) sum += x[i];
  return sum;
}

function slide(
  x: Float64Array,
  from: number,
  to: number,
  window: number,
  sum: number,
  scale: number,
  out: Float64Array,
  at: number,
): number {
  for (let i = from; i < to; i++) {
    sum += x[i] - x[i - window];
    out[at++] = sum * scale;
  }
  return sum;
}
