import { extremeAgesByBlock, goesByBlock } from "./block_passes.ts";

/**
 * Rows since the maximum (with sign -1 the minimum) of the last `window` values came, the latest of
 * equal ones. When it leaves the window, the window is searched anew.
 */
export class RollingExtremeAge {
  #seen = 0;
  #age = 0;

  constructor(readonly window: number) {}

  reset(): void {
    this.#seen = this.#age = 0;
  }

  /**
   * Ages in the windows that end at x[from..to) into `out` from place `at` on; NaN until `window`
   * values have come. `x` must hold the values before `from` that the window reaches.
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
    // Rows until the first window is full are followed one by one, to know the extreme's age then.
    const filling = Math.min(to, from + Math.max(0, window - this.#seen));
    if (!goesByBlock(to - filling, window)) return this.#runByRow(x, from, to, sign, out, at);
    this.#runByRow(x, from, filling, sign, out, at);
    extremeAgesByBlock(x, filling, to, window, sign, out, at + filling - from);
    this.#age = out[at + to - from - 1];
  }

  #runByRow(
    x: Float64Array,
    from: number,
    to: number,
    sign: 1 | -1,
    out: Float64Array,
    at: number,
  ): void {
    if (from === to) return;
    let i = from;
    if (this.#seen === 0) {
      this.#age = 0;
      out[at] = 0;
      i++;
    }
    while (i < to) {
      i = this.#follow(x, i, to, sign, out, at + i - from);
      if (i === to) break;
      this.#age = ageOfExtreme(x, i, this.window, sign);
      out[at + i - from] = this.#age;
      i++;
    }
    for (let k = at; k < at + to - from && this.#seen < this.window; k++) {
      if (++this.#seen < this.window) out[k] = NaN;
    }
  }

  #follow(
    x: Float64Array,
    from: number,
    to: number,
    sign: 1 | -1,
    out: Float64Array,
    at: number,
  ): number {
    const window = this.window;
    let age = this.#age;
    let extreme = sign * x[from - 1 - age];
    let i = from;
    for (; i < to; i++) {
      const v = sign * x[i];
      age++;
      if (v >= extreme) {
        extreme = v;
        age = 0;
      } else if (age >= window) break;
      out[at++] = age;
    }
    this.#age = age;
    return i;
  }
}

/** Age of the highest (lowest) of the window that ends at row i, all of whose values are there. */
function ageOfExtreme(x: Float64Array, i: number, window: number, sign: 1 | -1): number {
  let extreme = sign * x[i];
  let best = i;
  for (let k = i - 1; k > i - window; k--) {
    const v = sign * x[k];
    if (v > extreme) {
      extreme = v;
      best = k;
    }
  }
  return i - best;
}
