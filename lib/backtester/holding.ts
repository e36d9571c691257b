/**
 * What happens to positions between bars: splits, dividends, borrow, interest, delistings.
 * @module
 */
import type { Account } from "./account.ts";
import type { ContractTerms } from "./contract_terms.ts";
import type { BacktestOptions, CorporateAction } from "./options.ts";
import type { Panel } from "./panel.ts";
import type { WorkingOrder } from "./working_order.ts";

const yearMs = 365 * 86_400_000;

export class Holding {
  borrowCost = 0;
  interest = 0;
  dividends = 0;
  readonly #panel: Panel;
  readonly #account: Account;
  readonly #terms: ContractTerms;
  readonly #options: BacktestOptions;
  readonly #actions: { action: CorporateAction; asset: number }[];
  readonly #accrues: boolean;
  #next = 0;

  constructor(panel: Panel, account: Account, terms: ContractTerms, options: BacktestOptions) {
    this.#panel = panel;
    this.#account = account;
    this.#terms = terms;
    this.#options = options;
    this.#accrues = Boolean(options.borrowRate || options.marginRate || options.cashRate);
    this.#actions = (options.actions ?? []).map((action, i) => {
      const asset = action.symbol === undefined && panel.assets.length === 1
        ? 0
        : panel.symbols.indexOf(action.symbol ?? "");
      if (asset < 0) {
        throw new RangeError(
          `Cannot run backtest: actions[${i}].symbol must be one of ${
            panel.symbols.join(", ")
          }, got ${action.symbol}`,
        );
      }
      const amount = action.kind === "split" ? action.ratio : action.amount;
      if (!(amount > 0 && amount < Infinity) || !Number.isFinite(action.time)) {
        throw new RangeError(
          `Cannot run backtest: actions[${i}] must have a finite time and a positive ${
            action.kind === "split" ? "ratio" : "amount"
          }, got ${action.time} and ${amount}`,
        );
      }
      return { action, asset };
    }).sort((x, y) => x.action.time - y.action.time || x.asset - y.asset);
  }

  /** Whether nothing ever happens between bars. */
  get isIdle(): boolean {
    return !this.#accrues && this.#actions.length === 0;
  }

  /** Applies what is due before the open of bar `t`. */
  beginBar(t: number, working: readonly WorkingOrder[]): void {
    if (this.#accrues && t > 0) this.#accrue(t);
    const { time } = this.#panel;
    while (this.#next < this.#actions.length && this.#actions[this.#next].action.time <= time[t]) {
      this.#apply(this.#actions[this.#next++], t, working);
    }
  }

  #accrue(t: number): void {
    const years = (this.#panel.time[t] - this.#panel.time[t - 1]) / yearMs;
    const { borrowRate = 0, marginRate = 0, cashRate = 0 } = this.#options;
    const account = this.#account;
    const short = account.shortValue();
    if (borrowRate !== 0 && short > 0) {
      const cost = short * borrowRate * years;
      account.cash -= cost;
      this.borrowCost += cost;
    }
    // Proceeds of short sales are collateral: neither lent out nor paid interest on.
    const free = account.cash - short;
    const rate = free < 0 ? account.cash < 0 ? marginRate : 0 : cashRate;
    const base = free < 0 ? account.cash : free;
    if (rate !== 0) {
      const earned = base * rate * years;
      account.cash += earned;
      this.interest += earned;
    }
  }

  #apply(
    { action, asset }: { action: CorporateAction; asset: number },
    t: number,
    working: readonly WorkingOrder[],
  ): void {
    const account = this.#account;
    if (action.kind === "dividend") {
      const fx = this.#terms.fx[asset];
      const paid = account.units[asset] * action.amount * this.#terms.multiplier[asset] *
        (fx === null ? 1 : fx[t]);
      account.cash += paid;
      this.dividends += paid;
      return;
    }
    account.split(asset, action.ratio);
    for (const order of working) {
      if (order.asset !== asset) continue;
      order.limit /= action.ratio;
      order.stop /= action.ratio;
      order.takeProfit /= action.ratio;
      order.trail /= action.ratio;
      order.extreme /= action.ratio;
      order.units *= action.ratio;
      order.filledUnits *= action.ratio;
      order.price /= action.ratio;
      if (order.sizeKind === 0 || order.sizeKind === 4) order.sizeAmount *= action.ratio;
      if (typeof order.stopLoss === "number") order.stopLoss /= action.ratio;
      else if (order.stopLoss !== undefined && "trail" in order.stopLoss) {
        order.stopLoss = { trail: order.stopLoss.trail / action.ratio };
      }
    }
  }
}
