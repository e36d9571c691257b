/** Exponential average, seeded with the mean of the first `window` values. */
export class Ema {
  /** The average; before it is seeded, the sum so far. */
  value = 0;
  #count = 0;

  constructor(readonly window: number, readonly alpha: number = 2 / (window + 1)) {}

  get filled(): boolean {
    return this.#count >= this.window;
  }

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

  /** Takes x[from..to) and writes the average after each into `out` from place `at` on. */
  run(x: Float64Array, from: number, to: number, out: Float64Array, at: number): void {
    let i = from;
    for (; i < to && !this.filled; i++) out[at++] = this.push(x[i]);
    const alpha = this.alpha;
    let value = this.value;
    for (; i < to; i++) {
      value += alpha * (x[i] - value);
      out[at++] = value;
    }
    this.value = value;
  }
}

/** Wilder's smoothing: an exponential average with alpha 1 / window. */
export function wilder(window: number): Ema {
  return new Ema(window, 1 / window);
}

/**
 * Three or six exponential averages, each of the one before, and a weighted sum of them. The loop
 * carries all of them at once, so that the chain's steps overlap.
 */
export class EmaChain {
  readonly #chain: Ema[];

  /** @param weights One per average, the first one's first; three or six. */
  constructor(window: number, readonly weights: readonly number[]) {
    this.#chain = weights.map(() => new Ema(window));
  }

  reset(): void {
    for (const ema of this.#chain) ema.reset();
  }

  /** Weighted sums after each of x[from..to) into `out` from place `at` on; NaN until all are seeded. */
  run(x: Float64Array, from: number, to: number, out: Float64Array, at: number): void {
    const chain = this.#chain;
    const needed = chain[this.weights.findLastIndex((weight) => weight !== 0)];
    let i = from;
    for (; i < to && !chain[chain.length - 1].filled; i++) {
      let value = x[i];
      let sum = 0;
      for (let k = 0; k < chain.length; k++) {
        value = value === value ? chain[k].push(value) : NaN;
        if (this.weights[k] !== 0) sum += this.weights[k] * value;
      }
      out[at++] = needed.filled ? sum : NaN;
    }
    if (i === to) return;
    if (chain.length === 3) this.#runThree(x, i, to, out, at);
    else this.#runSix(x, i, to, out, at);
  }

  #runThree(x: Float64Array, from: number, to: number, out: Float64Array, at: number): void {
    const [one, two, three] = this.#chain;
    const [w1, w2, w3] = this.weights;
    const alpha = one.alpha;
    let a = one.value, b = two.value, c = three.value;
    for (let i = from; i < to; i++) {
      a += alpha * (x[i] - a);
      b += alpha * (a - b);
      c += alpha * (b - c);
      out[at++] = w1 * a + w2 * b + w3 * c;
    }
    one.value = a;
    two.value = b;
    three.value = c;
  }

  #runSix(x: Float64Array, from: number, to: number, out: Float64Array, at: number): void {
    const [one, two, three, four, five, six] = this.#chain;
    const [w1, w2, w3, w4, w5, w6] = this.weights;
    const alpha = one.alpha;
    let a = one.value, b = two.value, c = three.value;
    let d = four.value, e = five.value, f = six.value;
    for (let i = from; i < to; i++) {
      a += alpha * (x[i] - a);
      b += alpha * (a - b);
      c += alpha * (b - c);
      d += alpha * (c - d);
      e += alpha * (d - e);
      f += alpha * (e - f);
      out[at++] = w1 * a + w2 * b + w3 * c + w4 * d + w5 * e + w6 * f;
    }
    one.value = a;
    two.value = b;
    three.value = c;
    four.value = d;
    five.value = e;
    six.value = f;
  }
}
