import type { Account } from "./account.ts";

/** Columns that a run writes bar by bar. */
export class Recorder {
  readonly equity: Float64Array;
  /** Net position value as a share of equity. */
  readonly position: Float64Array;
  /** Gross position value as a share of equity; null for one symbol, where it is |position|. */
  readonly gross: Float64Array | null;
  /** Sum over bars of traded value over the equity before. */
  turnover = 0;
  /** Bars with a position at the close. */
  barsHeld = 0;
  #before: number;

  constructor(length: number, cash: number, symbols: number) {
    this.equity = new Float64Array(length);
    this.position = new Float64Array(length);
    this.gross = symbols === 1 ? null : new Float64Array(length);
    this.#before = cash;
  }

  /** Writes bar `t`; `equity` is the account's, after all trades of the bar. */
  record(t: number, account: Account, equity: number): void {
    this.equity[t] = equity;
    const before = this.#before;
    this.#before = equity;
    if (account.hasTraded) {
      const traded = account.takeTradedValue();
      if (before > 0) this.turnover += traded / before;
    }
    if (this.gross === null) {
      const units = account.units[0];
      if (units === 0) return;
      this.barsHeld++;
      if (equity > 0) this.position[t] = units * account.mark[0] / equity;
      return;
    }
    const gross = account.gross();
    if (gross === 0) return;
    this.barsHeld++;
    if (equity > 0) {
      this.position[t] = account.net() / equity;
      this.gross[t] = gross / equity;
    }
  }

  /** Repeats the last row to the end of the run: nothing happens any more. */
  freeze(from: number): void {
    const last = from > 0 ? this.equity[from - 1] : this.#before;
    this.equity.fill(last, from);
  }
}
