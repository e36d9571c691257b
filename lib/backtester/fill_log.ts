import type { Fill } from "./order.ts";
import { RowLog } from "./row_log.ts";

/** Fills as columns: a long run makes many, and few callers look at each. */
export class FillLog {
  readonly #symbols: readonly string[];
  readonly #time: Float64Array;
  /** Order, asset, bar; units, price, raw price, fee. */
  readonly #rows = new RowLog(3, 4);

  constructor(symbols: readonly string[], time: Float64Array) {
    this.#symbols = symbols;
    this.#time = time;
  }

  get length(): number {
    return this.#rows.length;
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
    this.#rows.append();
    const { whole, real, w, r } = this.#rows;
    whole[w] = orderId;
    whole[w + 1] = asset;
    whole[w + 2] = bar;
    real[r] = units;
    real[r + 1] = price;
    real[r + 2] = rawPrice;
    real[r + 3] = fee;
  }

  at(i: number): Fill {
    this.#rows.seek(i);
    const { whole, real, w, r } = this.#rows;
    const bar = whole[w + 2];
    return {
      orderId: whole[w],
      symbol: this.#symbols[whole[w + 1]],
      bar,
      time: this.#time[bar],
      units: real[r],
      price: real[r + 1],
      rawPrice: real[r + 2],
      fee: real[r + 3],
    };
  }

  toFills(): Fill[] {
    return Array.from({ length: this.length }, (_, i) => this.at(i));
  }
}
