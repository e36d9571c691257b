import type { Account } from "./account.ts";
import { RowLog } from "./row_log.ts";

/** Columns that a run writes bar by bar. */
export class Recorder {
  readonly equity: Float64Array;
  /** Sum over bars of traded value over the equity before. */
  turnover = 0;
  /** Bars with a position at the close. */
  barsHeld = 0;
  readonly #shares: Shares | null;
  /** One symbol: the bars at whose close another number of units was held; that number, and its mark. */
  readonly #changes = new RowLog(1, 2);
  #units = 0;
  #before: number;

  constructor(length: number, cash: number, symbols: number) {
    this.equity = new Float64Array(length);
    this.#shares = symbols === 1
      ? null
      : { net: new Float64Array(length), gross: new Float64Array(length) };
    this.#before = cash;
  }

  /** Notes the equity at bar `t` as it stands now; into the column, where it is read without a copy. */
  measure(t: number, account: Account): void {
    this.equity[t] = account.equity();
  }

  /** Ends bar `t`, whose equity was measured after all trades of the bar. */
  record(t: number, account: Account): void {
    const equity = this.equity[t];
    const before = this.#before;
    this.#before = equity;
    if (account.hasTraded) {
      const traded = account.takeTradedValue();
      if (before > 0) this.turnover += traded / before;
    }
    if (this.#shares !== null) return this.#recordShares(t, account, equity, this.#shares);
    const units = account.units[0];
    if (units !== this.#units) {
      this.#units = units;
      const changes = this.#changes;
      changes.append();
      changes.whole[changes.w] = t;
      changes.real[changes.r] = units;
      changes.real[changes.r + 1] = account.mark[0];
    }
    if (units !== 0) this.barsHeld++;
  }

  #recordShares(t: number, account: Account, equity: number, { net, gross }: Shares): void {
    const value = account.gross();
    if (value === 0) return;
    this.barsHeld++;
    if (!(equity > 0)) return;
    net[t] = account.net() / equity;
    gross[t] = value / equity;
  }

  /** Repeats the last row to the end of the run: nothing happens any more. */
  freeze(from: number): void {
    const last = from > 0 ? this.equity[from - 1] : this.#before;
    this.equity.fill(last, from);
  }

  /**
   * Net and gross position value as shares of equity over the first `length` bars. That of one symbol
   * is made here, from `markAt`: what one unit was worth at a bar's close, NaN where it had none.
   */
  shares(length: number, markAt: (t: number) => number): Shares {
    if (this.#shares !== null) {
      const { net, gross } = this.#shares;
      return length === net.length
        ? this.#shares
        : { net: net.slice(0, length), gross: gross.slice(0, length) };
    }
    const net = new Float64Array(length);
    const changes = this.#changes;
    for (let i = 0; i < changes.length; i++) {
      changes.seek(i);
      const from = changes.whole[changes.w];
      const units = changes.real[changes.r];
      let mark = changes.real[changes.r + 1];
      let to = length;
      if (i + 1 < changes.length) {
        changes.seek(i + 1);
        to = Math.min(to, changes.whole[changes.w]);
      }
      if (units === 0) continue;
      for (let t = from; t < to; t++) {
        const present = t === from ? mark : markAt(t);
        if (present === present) mark = present;
        const equity = this.equity[t];
        if (equity > 0) net[t] = units * mark / equity;
      }
    }
    return { net, gross: net.map(Math.abs) };
  }
}

/** Position values as shares of equity, one per bar. */
export interface Shares {
  net: Float64Array;
  gross: Float64Array;
}
