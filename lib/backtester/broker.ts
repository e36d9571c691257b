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
import { atTarget, end, Execution, expire } from "./execution.ts";
import { matchAtOpen } from "./fill_rules.ts";
import { Holding } from "./holding.ts";
import { limitWithin, stopWithin, trail } from "./intrabar.ts";
import { type Match, MatchBatch } from "./match_batch.ts";
import type { ResolvedOptions } from "./options.ts";
import type { OrderRequest } from "./order.ts";
import { OrderLog } from "./order_log.ts";
import type { Panel } from "./panel.ts";
import { placeOrder } from "./place_order.ts";
import { WorkingOrder } from "./working_order.ts";

/** What a broker writes down. */
export interface BrokerRecords {
  /**
   * False: neither orders nor fills nor trades are kept, only cash and positions. Nobody may hold on to
   * an order then: its object becomes another one once it is done, so that trading makes no objects.
   */
  keepsRecords?: boolean;
}

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
  readonly #working: WorkingOrder[] = [];
  /** Target orders that are done, to be used again; none where records are kept. */
  readonly #spareOrders: WorkingOrder[] = [];
  readonly #keepsRecords: boolean;
  /** Orders that meet the market at the present moment. */
  readonly #batch = new MatchBatch();
  /** Nothing happens between bars: no financing, no corporate action. */
  readonly #isIdle: boolean;
  readonly #closes: readonly Float64Array[];

  constructor(
    panel: Panel,
    options: ResolvedOptions,
    { keepsRecords = true }: BrokerRecords = {},
  ) {
    this.#keepsRecords = keepsRecords;
    this.#panel = panel;
    this.#options = options;
    this.#allowNegativePrices = options.source.allowNegativePrices ?? false;
    panel.symbols.forEach((s, a) => this.#index.set(s, a));
    this.execution = new Execution(
      panel,
      options,
      (match, t) => this.#afterFill(match, t),
      keepsRecords,
    );
    this.account = this.execution.account;
    this.terms = this.execution.terms;
    this.done = new OrderLog(panel.symbols, panel.time);
    this.holding = new Holding(panel, this.account, this.terms, options.source);
    this.#closes = panel.assets.map((asset) => asset.close);
    this.#isIdle = this.holding.isIdle;
  }

  /** Index of a symbol; the only one when none is named. @throws {OrderError} If it is unknown. */
  assetIndex(symbol: string | undefined): number {
    const only = this.#panel.assets.length === 1 ? 0 : undefined;
    const a = symbol === undefined ? only : this.#index.get(symbol);
    if (a !== undefined) return a;
    throw new OrderError(
      `Cannot place order: symbol must be one of ${this.#panel.symbols.join(", ")}, got ${
        symbol ?? "none"
      }`,
      "symbol",
      symbol,
    );
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
    return this.#admit(this.#place(isBuy, request, a, t, this.lastPrice(a, t)), t);
  }

  #place(
    isBuy: boolean,
    request: OrderRequest,
    asset: number,
    bar: number,
    lastPrice: number,
  ): WorkingOrder {
    const { symbols, time } = this.#panel;
    return placeOrder(isBuy, request, {
      id: this.#nextId++,
      asset,
      symbol: symbols[asset],
      bar,
      time: time[bar],
      lastPrice,
      defaultSize: this.#options.size,
      allowNegativePrices: this.#allowNegativePrices,
    });
  }

  /** A market order that brings asset `a` to a share of equity (kind 3) or to units (kind 4). */
  submitTarget(a: number, kind: 3 | 4, amount: number, t: number, tag = ""): WorkingOrder {
    const order = this.#newOrder(a, t);
    order.sizeKind = kind;
    order.sizeAmount = amount;
    order.tag = tag;
    return this.#admitTarget(order, t);
  }

  /** {@linkcode submitTarget} of the share of equity that stands in `weights[t]`. */
  submitWeight(a: number, weights: Float64Array, t: number): void {
    const order = this.#newOrder(a, t);
    order.sizeKind = 3;
    order.sizeAmount = weights[t];
    this.#admitTarget(order, t);
  }

  #newOrder(a: number, t: number): WorkingOrder {
    const { symbols, time } = this.#panel;
    const id = this.#nextId++;
    const spare = this.#spareOrders.pop();
    if (spare === undefined) return new WorkingOrder(id, a, symbols[a], true, "market", t, time[t]);
    spare.renew(id, a, symbols[a], t, time);
    return spare;
  }

  #admitTarget(order: WorkingOrder, t: number): WorkingOrder {
    const present = this.account.units[order.asset];
    order.isBuy = order.sizeKind === 4
      ? order.sizeAmount > present
      : order.sizeAmount * this.#equityOf(t) > present * this.account.mark[order.asset];
    order.activeFrom = t + 1;
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
      for (const order of this.#working) expire(order, this.#panel.time, t);
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
    for (const order of this.#working) {
      if (order.activeFrom !== t || order.type !== "market" || order.placedBar !== t) continue;
      this.#tryMatch(order, this.#panel.assets[order.asset].close[t], t);
    }
    this.#execute(t);
    this.#sweep();
  }

  /** Whether asset `a` trades at bar `t`: it has prices, and is not halted (volume 0). */
  isTraded(a: number, t: number): boolean {
    const asset = this.#panel.assets[a];
    const close = asset.close[t];
    return close === close && !(asset.hasVolume && asset.volume[t] === 0);
  }

  #atOpen(t: number): void {
    const { assets, isSingle } = this.#panel;
    if (!isSingle) this.#markAtOpen(t);
    const delayed = this.#options.fill === "nextClose";
    for (let i = 0; i < this.#working.length; i++) {
      const order = this.#working[i];
      if (!order.isWorking || order.activeFrom > t || !this.isTraded(order.asset, t)) continue;
      if (order.firstTried < 0) order.firstTried = t;
      if (order.phase === 1 || delayed && order.type === "market" && order.phase === 0) continue;
      this.#tryMatch(order, matchAtOpen(order, assets[order.asset].open[t]), t);
    }
    this.#execute(t);
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
        const asset = assets[order.asset];
        const raw = pass === 0 ? stopWithin(order, asset, t) : limitWithin(order, asset, t);
        if (raw !== raw) continue;
        this.#tryMatch(order, raw, t);
        this.#execute(t);
      }
    }
    for (const order of this.#working) {
      if (order.type === "trailingStop" && order.isWorking) trail(order, assets[order.asset], t);
    }
  }

  #atClose(t: number): void {
    const { assets } = this.#panel;
    const delayed = this.#options.fill === "nextClose";
    for (const order of this.#working) {
      if (!order.isWorking || order.activeFrom > t || !this.isTraded(order.asset, t)) continue;
      const isMarket = order.type === "market";
      if (!(order.phase === 1 || delayed && isMarket && order.phase === 0)) continue;
      this.#tryMatch(order, matchAtOpen(order, assets[order.asset].close[t]), t);
    }
    if (this.#batch.length > 0) this.#mark(t);
    this.#execute(t);
    for (const order of this.#working) {
      if (!order.isWorking || order.firstTried !== t) continue;
      if (order.phase === 1) end(order, "expired", "only at the close");
      else if (
        delayed && order.type === "market" &&
        (order.timeInForce === "ioc" || order.timeInForce === "fok")
      ) end(order, "expired", "not filled at once");
    }
  }

  #tryMatch(order: WorkingOrder, rawPrice: number, t: number): void {
    if (rawPrice !== rawPrice || !this.isTraded(order.asset, t)) return;
    if (order.metBar === t) return;
    order.metBar = t;
    this.#batch.add(order, rawPrice);
  }

  /** Fills what has met the market. */
  #execute(t: number): void {
    if (this.#batch.length === 0) return;
    this.execution.executeBatch(this.#batch, t);
    this.#batch.clear();
  }

  /** Writes down what is done and keeps the rest. */
  #sweep(): void {
    const working = this.#working;
    let n = 0;
    for (let i = 0; i < working.length; i++) {
      const order = working[i];
      if (order.isWorking) working[n++] = order;
      else if (!this.#keepsRecords) {
        if (order.sizeKind >= 3) this.#spareOrders.push(order);
      } else if (order.reason !== atTarget) this.done.push(order);
    }
    // Setting the length to 0 would give up the array's room, which the next order asks for again.
    while (working.length > n) working.pop();
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

  #afterFill(match: Match, t: number): void {
    const { order } = match;
    const position = this.account.units[order.asset];
    const isEntry = order.stopLoss !== undefined || order.takeProfit === order.takeProfit;
    if (isEntry && position * match.delta > 0) this.#placeBracket(match, t);
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

  #placeBracket({ order: parent, price, rawPrice }: Match, t: number): void {
    const isAtOpen = parent.type === "market" &&
      rawPrice === this.#panel.assets[parent.asset].open[t] &&
      this.#options.fill === "nextOpen" && parent.phase !== 1;
    placeBracket(parent, price, (request) => {
      const order = this.#place(!parent.isBuy, request, parent.asset, t, price);
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
    const match = this.#batch.add(order, rawPrice);
    match.delta = -this.account.units[a];
    this.execution.executeOne(match, t, true);
    this.#batch.clear();
    if (order.isWorking) end(order, "cancelled", reason);
    else if (order.status === "filled") order.reason = reason;
    this.#sweep();
  }
}
