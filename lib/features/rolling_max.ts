import { extremesByBlock, goesByBlock } from "./block_passes.ts";

/**
 * Maximum, or with sign -1 minimum, of the last `window` values of a column: whole blocks by passes over
 * all of their rows, single rows by a queue, in constant time on average.
 */
export class RollingMax {
  #seen = 0;
  #queue: MonotonicQueue | null = null;

  constructor(readonly window: number) {}

  reset(): void {
    this.#seen = 0;
    this.#queue = null;
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
    const { window } = this;
    const full = Math.min(to, from + Math.max(0, window - 1 - this.#seen));
    if (goesByBlock(to - full, window)) {
      out.fill(NaN, at, at + full - from);
      extremesByBlock(x, full, to, window, sign, out, at + full - from);
      this.#queue = null;
    } else {
      if (!this.#queue) {
        this.#queue = new MonotonicQueue(window);
        this.#queue.run(x, from - Math.min(this.#seen, window - 1), from, sign, null, 0);
      }
      this.#queue.run(x, from, to, sign, out, at);
      out.fill(NaN, at, at + full - from);
    }
    this.#seen = Math.min(window, this.#seen + to - from);
  }
}

/** The highest of one column and the lowest of another (or the same) over the last `window` rows. */
export class RollingRange {
  readonly #high: RollingMax;
  readonly #low: RollingMax;

  constructor(window: number) {
    this.#high = new RollingMax(window);
    this.#low = new RollingMax(window);
  }

  reset(): void {
    this.#high.reset();
    this.#low.reset();
  }

  /** As `RollingMax.run()`, into `top` from place `topAt` and `bottom` from place `bottomAt` on. */
  run(
    high: Float64Array,
    low: Float64Array,
    from: number,
    to: number,
    top: Float64Array,
    topAt: number,
    bottom: Float64Array,
    bottomAt: number,
  ): void {
    this.#high.run(high, from, to, 1, top, topAt);
    this.#low.run(low, from, to, -1, bottom, bottomAt);
  }
}

/** The values of a window that no later one exceeds, descending (with sign -1 ascending). */
class MonotonicQueue {
  readonly #values: Float64Array;
  readonly #rows: Float64Array;
  readonly #mask: number;
  #first = 0;
  #end = 0;
  #row = 0;

  constructor(readonly window: number) {
    const capacity = 2 ** Math.ceil(Math.log2(window + 1));
    this.#values = new Float64Array(capacity);
    this.#rows = new Float64Array(capacity);
    this.#mask = capacity - 1;
  }

  /** Takes x[from..to); `out` gets the extreme after each. */
  run(
    x: Float64Array,
    from: number,
    to: number,
    sign: 1 | -1,
    out: Float64Array | null,
    at: number,
  ): void {
    const mask = this.#mask;
    const values = this.#values;
    const rows = this.#rows;
    let first = this.#first;
    let end = this.#end;
    let row = this.#row;
    for (let i = from; i < to; i++, row++) {
      const value = sign * x[i];
      while (end !== first && values[(end - 1) & mask] <= value) end = (end - 1) & mask;
      values[end] = value;
      rows[end] = row;
      end = (end + 1) & mask;
      if (rows[first] <= row - this.window) first = (first + 1) & mask;
      if (out) out[at++] = sign * values[first];
    }
    this.#first = first;
    this.#end = end;
    this.#row = row;
  }
}
