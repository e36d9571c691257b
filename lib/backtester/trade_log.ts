import { RowLog } from "./row_log.ts";
import type { Trade } from "./trade.ts";

/** What a trade takes over from the lot that it closes. */
interface Entry {
  readonly bar: number;
  readonly price: number;
  /** Account currency per unit. */
  readonly unitValue: number;
  readonly orderId: number;
  readonly tag: string;
}

/** Closed trades as columns; objects are made when they are first looked at, and kept. */
export class TradeLog {
  readonly #symbols: readonly string[];
  readonly #time: Float64Array;
  /** Asset, entry bar, exit bar, entry order, exit order; units, entry price, entry value, exit price, profit and loss, fees. */
  readonly #rows = new RowLog(5, 6);
  /** By number of the trade; most have none. */
  readonly #tags = new Map<number, string>();
  readonly #made: Trade[] = [];

  constructor(symbols: readonly string[], time: Float64Array) {
    this.#symbols = symbols;
    this.#time = time;
  }

  get length(): number {
    return this.#rows.length;
  }

  push(
    asset: number,
    units: number,
    entry: Entry,
    exitBar: number,
    exitPrice: number,
    exitOrderId: number,
    pnl: number,
    fees: number,
  ): void {
    const rows = this.#rows;
    rows.append();
    const { whole, real, w, r } = rows;
    whole[w] = asset;
    whole[w + 1] = entry.bar;
    whole[w + 2] = exitBar;
    whole[w + 3] = entry.orderId;
    whole[w + 4] = exitOrderId;
    real[r] = units;
    real[r + 1] = entry.price;
    real[r + 2] = entry.unitValue;
    real[r + 3] = exitPrice;
    real[r + 4] = pnl;
    real[r + 5] = fees;
    if (entry.tag !== "") this.#tags.set(rows.length - 1, entry.tag);
  }

  /** Profit and loss of trade `i` in account currency. */
  pnl(i: number): number {
    this.#rows.seek(i);
    return this.#rows.real[this.#rows.r + 4];
  }

  /** Bars from entry to exit of trade `i`. */
  bars(i: number): number {
    const rows = this.#rows;
    rows.seek(i);
    return rows.whole[rows.w + 2] - rows.whole[rows.w + 1];
  }

  /** The closed trades so far, in the order of their exits; the same array at each call. */
  toTrades(): Trade[] {
    for (let i = this.#made.length; i < this.length; i++) this.#made.push(this.#at(i));
    return this.#made;
  }

  #at(i: number): Trade {
    this.#rows.seek(i);
    const { whole, real, w, r } = this.#rows;
    const units = real[r];
    const entryBar = whole[w + 1];
    const exitBar = whole[w + 2];
    const pnl = real[r + 4];
    return {
      symbol: this.#symbols[whole[w]],
      side: units > 0 ? "long" : "short",
      units,
      entryBar,
      entryTime: this.#time[entryBar],
      entryPrice: real[r + 1],
      exitBar,
      exitTime: this.#time[exitBar],
      exitPrice: real[r + 3],
      pnl,
      tradeReturn: pnl / (Math.abs(units) * real[r + 2]),
      fees: real[r + 5],
      bars: exitBar - entryBar,
      isOpen: false,
      entryOrderId: whole[w + 3],
      exitOrderId: whole[w + 4],
      tag: this.#tags.get(i) ?? "",
    };
  }
}
