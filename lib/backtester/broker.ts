/**
 * The simulated broker: working orders and the way of a bar.
 *
 * A bar passes in this order: corporate actions and financing, market orders and gaps at the open,
 * stops, limits, orders at the close, marking, margin. An order placed at bar t works from t + 1.
 * @module
 */
import type { Account } from "./account.ts";
import type { ContractTerms } from "./contract_terms.ts";
import { OrderError } from "./errors.ts";
import { placeBracket } from "./bracket.ts";
import { atTarget, end, Execution, type Match } from "./execution.ts";
import { matchAtOpen, matchLimit, matchStop } from "./fill_rules.ts";
import { Holding } from "./holding.ts";
import type { ResolvedOptions } from "./options.ts";
import type { OrderRequest } from "./order.ts";
import { OrderLog } from "./order_log.ts";
import type { Panel } from "./panel.ts";
import { placeOrder } from "./place_order.ts";
import { WorkingOrder } from "./working_order.ts";

export class Broker {
  readonly account: Account;
  readonly terms: ContractTerms;
  readonly execution: Execution;
  /** Orders that are done; the others are {@linkcode working}. */
  readonly done: OrderLog;
  readonly holding: Holding;
  readonly #panel: Panel;
  readonly #options: ResolvedOptions;
  readonly #allowNegativePrices: boolean;
  readonly #index = new Map<string, number>();
  #nextId = 0;
  #equity = NaN;
  #equityBar = -1;
  #working: WorkingOrder[] = [];
  /** Nothing happens between bars: no financing, no corporate action. */
  readonly #isIdle: boolean;
  readonly #closes: readonly Float64Array[];

  constructor(panel: Panel, options: ResolvedOptions) {
    this.#panel = panel;
    this.#options = options;
    this.#allowNegativePrices = options.source.allowNegativePrices ?? false;
    panel.symbols.forEach((s, a) => this.#index.set(s, a));
    this.execution = new Execution(panel, options, (...fill) => this.#afterFill(...fill));
    this.account = this.execution.account;
    this.terms = this.execution.terms;
    this.done = new OrderLog(panel.symbols, panel.time);
    this.holding = new Holding(panel, this.account, this.terms, options.source);
    this.#closes = panel.assets.map((asset) => asset.close);
    this.#isIdle = this.holding.isIdle;
  }

  /** Index of a symbol; the only one when none is named. @throws {OrderError} If it is unknown. */
  assetIndex(symbol: string | undefined): number {
    if (symbol === undefined) {
      if (this.#panel.assets.length === 1) return 0;
      throw new OrderError(
        `Cannot place order: symbol must be one of ${this.#panel.symbols.join(", ")}, got none`,
        "symbol",
        symbol,
      );
    }
    const a = this.#index.get(symbol);
    if (a === undefined) {
      throw new OrderError(
        `Cannot place order: symbol must be one of ${
          this.#panel.symbols.join(", ")
        }, got ${symbol}`,
        "symbol",
        symbol,
      );
    }
    return a;
  }

  /** Last traded close of an asset at or before bar `t`; NaN before its first bar. */
  lastPrice(a: number, t: number): number {
    const { close } = this.#panel.assets[a];
    for (let i = t; i >= 0; i--) if (close[i] === close[i]) return close[i];
    return NaN;
  }

  get working(): readonly WorkingOrder[] {
    return this.#working;
  }

  submit(isBuy: boolean, request: OrderRequest, t: number): WorkingOrder {
    const a = this.assetIndex(request.symbol);
    const order = placeOrder(isBuy, request, {
      id: this.#nextId++,
      asset: a,
      symbol: this.#panel.symbols[a],
      bar: t,
      time: this.#panel.time[t],
      lastPrice: this.lastPrice(a, t),
      defaultSize: this.#options.size,
      allowNegativePrices: this.#allowNegativePrices,
    });
    return this.#admit(order, t);
  }

  /** A market order that brings asset `a` to a share of equity (kind 3) or to units (kind 4). */
  submitTarget(a: number, kind: 3 | 4, amount: number, t: number, tag = ""): WorkingOrder {
    const present = this.account.units[a];
    const isBuy = kind === 4
      ? amount > present
      : amount * this.#equityOf(t) > present * this.account.mark[a];
    const symbol = this.#panel.symbols[a];
    const time = this.#panel.time[t];
    const order = new WorkingOrder(this.#nextId++, a, symbol, isBuy, "market", t, time);
    order.sizeKind = kind;
    order.sizeAmount = amount;
    order.activeFrom = t + 1;
    order.tag = tag;
    return this.#admit(order, t);
  }

  /** Equity at the close of bar `t`, added up once however many orders ask for it. */
  #equityOf(t: number): number {
    if (this.#equityBar !== t) {
      this.#equity = this.account.equity();
      this.#equityBar = t;
    }
    return this.#equity;
  }

  #admit(order: WorkingOrder, t: number): WorkingOrder {
    this.#working.push(order);
    if (this.#options.fill === "sameClose" && order.type === "market" && order.phase === 0) {
      order.activeFrom = t;
    }
    return order;
  }

  cancel(order: { id: number }, reason = "cancelled by the strategy"): void {
    const found = this.#working.find((o) => o.id === order.id);
    if (found?.isWorking) end(found, "cancelled", reason);
  }

  cancelAll(reason: string): void {
    for (const order of this.#working) {
      if (order.isWorking) end(order, "cancelled", reason);
    }
    this.#sweep();
  }

  /** Everything of bar `t` before the strategy sees it. */
  processBar(t: number): void {
    if (!this.#isIdle) this.holding.beginBar(t, this.#working);
    if (this.#working.length > 0) {
      this.#expire(t);
      this.#atOpen(t);
      this.#intrabar(t);
      this.#atClose(t);
      this.#sweep();
    }
    this.#mark(t);
  }

  /** Market orders of mode `sameClose`, placed during bar `t`, at its close. */
  processSameClose(t: number): void {
    if (this.#working.length === 0) return;
    const batch: Match[] = [];
    for (const order of this.#working) {
      if (order.activeFrom !== t || order.type !== "market" || order.placedBar !== t) continue;
      this.#tryMatch(batch, order, this.#panel.assets[order.asset].close[t], t);
    }
    this.execution.executeBatch(batch, t);
    this.#sweep();
  }

  /** Whether asset `a` trades at bar `t`: it has prices, and is not halted (volume 0). */
  isTraded(a: number, t: number): boolean {
    const asset = this.#panel.assets[a];
    const close = asset.close[t];
    return close === close && !(asset.hasVolume && asset.volume[t] === 0);
  }

  #expire(t: number): void {
    for (const order of this.#working) {
      if (order.timeInForce !== "day" || order.firstTried < 0) continue;
      // A bar is stamped at its close: one that ends at midnight belongs to the day before.
      const dayOf = (bar: number) => Math.floor((this.#panel.time[bar] - 1) / 86_400_000);
      if (dayOf(t) > dayOf(order.firstTried)) end(order, "expired", "end of day");
    }
  }

  #atOpen(t: number): void {
    const { assets, isSingle } = this.#panel;
    if (!isSingle) this.#markAtOpen(t);
    const batch: Match[] = [];
    const delayed = this.#options.fill === "nextClose";
    for (let i = 0; i < this.#working.length; i++) {
      const order = this.#working[i];
      if (!order.isWorking || order.activeFrom > t || !this.isTraded(order.asset, t)) continue;
      if (order.firstTried < 0) order.firstTried = t;
      if (order.phase === 1 || delayed && order.type === "market" && order.phase === 0) continue;
      this.#tryMatch(batch, order, matchAtOpen(order, assets[order.asset].open[t]), t);
    }
    this.execution.executeBatch(batch, t);
    for (const order of this.#working) {
      if (!order.isWorking || order.firstTried !== t) continue;
      const isNow = order.timeInForce === "ioc" || order.timeInForce === "fok";
      if (
        order.phase === -1 || isNow && order.phase === 0 && !(delayed && order.type === "market")
      ) {
        end(order, "expired", order.phase === -1 ? "only at the open" : "not filled at once");
      }
    }
  }

  #intrabar(t: number): void {
    const { assets } = this.#panel;
    // Children of fills at this bar's open are in the list by now.
    for (let pass = 0; pass < 2; pass++) {
      for (let i = 0; i < this.#working.length; i++) {
        const order = this.#working[i];
        if (!order.isWorking || order.phase !== 0 || order.type === "market") continue;
        if (order.activeFrom > t && order.intrabarFrom !== t) continue;
        if (!this.isTraded(order.asset, t)) continue;
        const { high, low } = assets[order.asset];
        let raw: number;
        if (pass === 0) {
          const before = order.isTriggered;
          raw = matchStop(order, high[t], low[t]);
          if (order.isTriggered && !before) order.triggeredBar = t;
          // A child placed by a fill at the open whose stop the open had jumped over.
          if (order.intrabarFrom === t && raw === raw) {
            const open = assets[order.asset].open[t];
            raw = order.isBuy ? Math.max(raw, open) : Math.min(raw, open);
          }
        } else {
          if (order.triggeredBar === t) continue;
          raw = matchLimit(order, high[t], low[t]);
          if (order.intrabarFrom === t && raw === raw) {
            const open = assets[order.asset].open[t];
            raw = order.isBuy ? Math.min(raw, open) : Math.max(raw, open);
          }
        }
        if (raw !== raw) continue;
        const batch: Match[] = [];
        this.#tryMatch(batch, order, raw, t);
        this.execution.executeBatch(batch, t);
      }
    }
    for (const order of this.#working) {
      if (
        order.type !== "trailingStop" || !order.isWorking ||
        order.placedBar >= t && order.intrabarFrom !== t
      ) continue;
      const { high, low } = assets[order.asset];
      const best = order.isBuy ? low[t] : high[t];
      if (order.isBuy ? best < order.extreme : best > order.extreme) {
        order.extreme = best;
        order.ratchet();
      }
    }
  }

  #atClose(t: number): void {
    const { assets } = this.#panel;
    const delayed = this.#options.fill === "nextClose";
    const batch: Match[] = [];
    for (const order of this.#working) {
      if (!order.isWorking || order.activeFrom > t || !this.isTraded(order.asset, t)) continue;
      const isMarket = order.type === "market";
      if (!(order.phase === 1 || delayed && isMarket && order.phase === 0)) continue;
      this.#tryMatch(batch, order, matchAtOpen(order, assets[order.asset].close[t]), t);
    }
    if (batch.length > 0) this.#mark(t);
    this.execution.executeBatch(batch, t);
    for (const order of this.#working) {
      if (!order.isWorking || order.firstTried !== t) continue;
      if (order.phase === 1) end(order, "expired", "only at the close");
      else if (
        delayed && order.type === "market" &&
        (order.timeInForce === "ioc" || order.timeInForce === "fok")
      ) end(order, "expired", "not filled at once");
    }
  }

  #tryMatch(batch: Match[], order: WorkingOrder, rawPrice: number, t: number): void {
    if (rawPrice !== rawPrice || !this.isTraded(order.asset, t)) return;
    if (order.metBar === t) return;
    order.metBar = t;
    batch.push({ order, rawPrice, delta: 0, reduces: 0 });
  }

  /** Writes down what is done and keeps the rest. */
  #sweep(): void {
    const working = this.#working;
    let n = 0;
    for (let i = 0; i < working.length; i++) {
      const order = working[i];
      if (order.isWorking) working[n++] = order;
      else if (order.reason !== atTarget) this.done.push(order);
    }
    working.length = n;
  }

  #markAtOpen(t: number): void {
    const { account, terms } = this;
    const { assets } = this.#panel;
    for (let a = 0; a < assets.length; a++) {
      const open = assets[a].open[t];
      if (open === open) account.mark[a] = open * terms.multiplier[a] * this.execution.rate(a, t);
    }
  }

  #mark(t: number): void {
    const closes = this.#closes;
    const { mark } = this.account;
    const { multiplier, fx } = this.terms;
    for (let a = 0; a < closes.length; a++) {
      const close = closes[a][t];
      if (close !== close) continue;
      const rates = fx[a];
      mark[a] = rates === null ? close * multiplier[a] : close * multiplier[a] * rates[t];
    }
  }

  #afterFill(order: WorkingOrder, delta: number, price: number, t: number, rawPrice: number): void {
    const position = this.account.units[order.asset];
    const isEntry = order.stopLoss !== undefined || order.takeProfit === order.takeProfit;
    if (isEntry && position * delta > 0) this.#placeBracket(order, price, t, rawPrice);
    if (order.oco !== "") {
      for (const other of this.#working) {
        if (
          other !== order && other.oco === order.oco && other.isWorking && order.status === "filled"
        ) {
          end(other, "cancelled", `order ${order.id} of its group filled`);
        }
      }
    }
    if (position === 0) {
      for (const other of this.#working) {
        if (
          other.asset === order.asset && other.isWorking && other.parentId >= 0 && other.reduceOnly
        ) {
          end(other, "cancelled", "position closed");
        }
      }
    }
  }

  #placeBracket(parent: WorkingOrder, price: number, t: number, rawPrice: number): void {
    const isAtOpen = parent.type === "market" &&
      rawPrice === this.#panel.assets[parent.asset].open[t] &&
      this.#options.fill === "nextOpen" && parent.phase !== 1;
    placeBracket(parent, price, (request) => {
      const order = placeOrder(!parent.isBuy, request, {
        id: this.#nextId++,
        asset: parent.asset,
        symbol: parent.symbol,
        bar: t,
        time: this.#panel.time[t],
        lastPrice: price,
        defaultSize: this.#options.size,
        allowNegativePrices: this.#allowNegativePrices,
      });
      order.parentId = parent.id;
      if (isAtOpen) order.intrabarFrom = t;
      this.#working.push(order);
      return order;
    });
  }

  /** Sells and covers everything at the bar's close, whatever is working. */
  liquidate(t: number, reason: string): void {
    this.cancelAll(reason);
    for (let a = 0; a < this.account.units.length; a++) {
      if (this.account.units[a] !== 0) this.closeAt(a, this.lastPrice(a, t), t, reason);
    }
  }

  /** Ends asset `a`, whose last bar was the one before `t`, at its last close. */
  delist(a: number, t: number): void {
    for (const order of this.#working) {
      if (order.asset === a && order.isWorking) end(order, "cancelled", "delisted");
    }
    if (this.account.units[a] !== 0) this.closeAt(a, this.lastPrice(a, t), t, "delisted");
    this.#sweep();
  }

  /** Closes the position of asset `a` at `rawPrice` with the usual costs, whatever the volume. */
  closeAt(a: number, rawPrice: number, t: number, reason: string): void {
    const order = this.submitTarget(a, 4, 0, t);
    order.reason = reason;
    this.execution.executeOne(
      { order, rawPrice, delta: -this.account.units[a], reduces: 0 },
      t,
      true,
    );
    if (order.isWorking) end(order, "cancelled", reason);
    else if (order.status === "filled") order.reason = reason;
    this.#sweep();
  }
}
