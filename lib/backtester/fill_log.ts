import type { Fill } from "./order.ts";

const start = 256;

/** Fills as growing columns: a long run makes many, and few callers look at each. */
export class FillLog {
  length = 0;
  readonly #symbols: readonly string[];
  readonly #time: Float64Array;
  #whole = new Int32Array(3 * start); // order id, asset, bar
  #real = new Float64Array(4 * start); // units, price, raw price, fee

  constructor(symbols: readonly string[], time: Float64Array) {
    this.#symbols = symbols;
    this.#time = time;
  }

  push(
    orderId: number,
    asset: number,
    bar: number,
    units: number,
    price: number,
    rawPrice: number,
    fee: number,
  ): void {
    const i = this.length++;
    if (3 * i === this.#whole.length) {
      const whole = new Int32Array(6 * i);
      whole.set(this.#whole);
      this.#whole = whole;
      const real = new Float64Array(8 * i);
      real.set(this.#real);
      this.#real = real;
    }
    this.#whole[3 * i] = orderId;
    this.#whole[3 * i + 1] = asset;
    this.#whole[3 * i + 2] = bar;
    this.#real[4 * i] = units;
    this.#real[4 * i + 1] = price;
    this.#real[4 * i + 2] = rawPrice;
    this.#real[4 * i + 3] = fee;
  }

  at(i: number): Fill {
    const bar = this.#whole[3 * i + 2];
    return {
      orderId: this.#whole[3 * i],
      symbol: this.#symbols[this.#whole[3 * i + 1]],
      bar,
      time: this.#time[bar],
      units: this.#real[4 * i],
      price: this.#real[4 * i + 1],
      rawPrice: this.#real[4 * i + 2],
      fee: this.#real[4 * i + 3],
    };
  }

  toFills(): Fill[] {
    return Array.from({ length: this.length }, (_, i) => this.at(i));
  }
}
