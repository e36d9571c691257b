import type { Account } from "./account.ts";

/** Columns that a run writes bar by bar. */
export class Recorder {
  readonly equity: Float64Array;
  readonly position: Float64Array;
  readonly gross: Float64Array;
  /** Sum over bars of traded value over the equity before. */
  turnover = 0;
  #before: number;

  constructor(length: number, cash: number) {
    this.equity = new Float64Array(length);
    this.position = new Float64Array(length);
    this.gross = new Float64Array(length);
    this.#before = cash;
  }

  record(t: number, account: Account): void {
    const equity = account.equity();
    this.equity[t] = equity;
    const traded = account.takeTradedValue();
    if (traded !== 0 && this.#before > 0) this.turnover += traded / this.#before;
    this.#before = equity;
    if (equity > 0) {
      const net = account.net();
      this.position[t] = net / equity;
      this.gross[t] = account.units.length === 1
        ? Math.abs(net) / equity
        : account.gross() / equity;
    }
  }

  /** Repeats the last row to the end of the run: nothing happens any more. */
  freeze(from: number): void {
    const last = from > 0 ? this.equity[from - 1] : this.#before;
    this.equity.fill(last, from);
  }
}
