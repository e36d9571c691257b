/** Exponential average that takes values one by one, seeded with the mean of the first `window`. */
export class Ema {
  /** The average; before it is seeded, the sum so far. */
  value = 0;
  #count = 0;

  constructor(readonly window: number, readonly alpha: number = 2 / (window + 1)) {}

  reset(): void {
    this.value = 0;
    this.#count = 0;
  }

  /** Takes the next value; gives the average, or NaN until `window` values have come. */
  push(value: number): number {
    if (this.#count >= this.window) return this.value += this.alpha * (value - this.value);
    this.value += value;
    if (++this.#count < this.window) return NaN;
    return this.value /= this.window;
  }
}

/** Wilder's smoothing: an exponential average with alpha 1 / window. */
export function wilder(window: number): Ema {
  return new Ema(window, 1 / window);
}
