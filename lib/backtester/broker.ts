/**
 * The simulated broker: working orders, their fills, and what positions cost to hold.
 *
 * A bar passes in this order: corporate actions and financing, market orders and gaps at the open,
 * stops, limits, orders at the close, marking, margin. An order placed at bar t works from t + 1.
 * @module
 */
import { Account, affordableUnits, roundToLot } from "./account.ts";
import { type ContractTerms, contractTerms } from "./contract_terms.ts";
import { Holding } from "./holding.ts";
import { matchAtOpen, matchLimit, matchStop } from "./fill_rules.ts";
import { OrderError } from "./errors.ts";
import type { ResolvedOptions } from "./options.ts";
import { FillLog } from "./fill_log.ts";
import type { OrderRequest } from "./order.ts";
import type { Panel } from "./panel.ts";
import { placeOrder, setTrail } from "./place_order.ts";
import { OrderLog } from "./order_log.ts";
import { WorkingOrder } from "./working_order.ts";

/** A target order whose asset already stands there; it leaves no record. */
const atTarget = "already at target";

interface Match {
  order: WorkingOrder;
  rawPrice: number;
  /** Signed units wanted, and how many of them only reduce the position. */
  delta: number;
  reduces: number;
}

export class Broker {
  readonly account: Account;
  readonly terms: ContractTerms;
  /** Orders that are done; the others are {@linkcode working}. */
  readonly done: OrderLog;
  readonly fills: FillLog;
  readonly holding: Holding;
  slippageCost = 0;
  fxCost = 0;
  /** Set when equity is gone: nothing trades any more. */
  ruined = false;
  readonly #panel: Panel;
  readonly #options: ResolvedOptions;
  readonly #fxCostRate: number;
  readonly #allowNegativePrices: boolean;
  readonly #rebalancesLazily: boolean;
  readonly #index = new Map<string, number>();
  #nextId = 0;
  #equity = NaN;
  #equityBar = -1;
  #working: WorkingOrder[] = [];
  /** Units of the present bar filled so far, per asset, for the volume limit. */
  readonly #filledVolume: Float64Array;
  #filledVolumeBar = -1;

  constructor(panel: Panel, options: ResolvedOptions) {
    this.#panel = panel;
    this.#options = options;
    this.#fxCostRate = options.source.fxCost ?? 0;
    this.#allowNegativePrices = options.source.allowNegativePrices ?? false;
    this.#rebalancesLazily = options.rebalanceBand > 0;
    panel.symbols.forEach((s, a) => this.#index.set(s, a));
    this.account = new Account(options.cash, panel.symbols);
    this.fills = new FillLog(panel.symbols, panel.time);
    this.done = new OrderLog(panel.symbols, panel.time);
    this.terms = contractTerms(panel, options.source);
    this.holding = new Holding(panel, this.account, this.terms, options.source);
    this.#filledVolume = new Float64Array(panel.symbols.length);
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
    if (found?.isWorking) this.#end(found, "cancelled", reason);
  }

  cancelAll(reason: string): void {
    for (const order of this.#working) {
      if (order.isWorking) this.#end(order, "cancelled", reason);
    }
    this.#sweep();
  }

  #end(order: WorkingOrder, status: WorkingOrder["status"], reason: string): void {
    order.status = status;
    order.reason = reason;
  }

  /** Everything of bar `t` before the strategy sees it. */
  processBar(t: number): void {
    this.holding.beginBar(t, this.#working);
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
    this.#executeBatch(batch, t);
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
      if (dayOf(t) > dayOf(order.firstTried)) this.#end(order, "expired", "end of day");
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
    this.#executeBatch(batch, t);
    for (const order of this.#working) {
      if (!order.isWorking || order.firstTried !== t) continue;
      const isNow = order.timeInForce === "ioc" || order.timeInForce === "fok";
      if (
        order.phase === -1 || isNow && order.phase === 0 && !(delayed && order.type === "market")
      ) {
        this.#end(order, "expired", order.phase === -1 ? "only at the open" : "not filled at once");
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
        this.#executeBatch(batch, t);
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
    this.#executeBatch(batch, t);
    for (const order of this.#working) {
      if (!order.isWorking || order.firstTried !== t) continue;
      if (order.phase === 1) this.#end(order, "expired", "only at the close");
      else if (
        delayed && order.type === "market" &&
        (order.timeInForce === "ioc" || order.timeInForce === "fok")
      ) this.#end(order, "expired", "not filled at once");
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
      if (open === open) account.mark[a] = open * terms.multiplier[a] * this.#rate(a, t);
    }
  }

  #mark(t: number): void {
    const { account, terms } = this;
    const { assets } = this.#panel;
    for (let a = 0; a < assets.length; a++) {
      const close = assets[a].close[t];
      if (close === close) account.mark[a] = close * terms.multiplier[a] * this.#rate(a, t);
    }
  }

  #rate(a: number, t: number): number {
    const fx = this.terms.fx[a];
    return fx === null ? 1 : fx[t];
  }

  /** Signed units that the order wants when asset value and equity are as marked. */
  #wanted(order: WorkingOrder, rawPrice: number, equity: number, t: number): number {
    const a = order.asset;
    const position = this.account.units[a];
    const sign = order.isBuy ? 1 : -1;
    if (order.reduceOnly) {
      if (position * sign >= 0) return 0;
      const left = order.sizeKind === 0 ? order.units - order.filledUnits : Infinity;
      return sign * Math.min(left, Math.abs(position));
    }
    if (order.units === order.units) return sign * (order.units - order.filledUnits);
    const unitValue = rawPrice * this.terms.multiplier[a] * this.#rate(a, t);
    if (order.sizeKind === 4) return order.sizeAmount - position;
    if (order.sizeKind === 2) return sign * order.sizeAmount / unitValue;
    if (!(unitValue > 0)) {
      throw new OrderError(
        `Cannot fill order ${order.id}: a size as a share of equity needs a positive price, got ${rawPrice} at bar ${t}`,
        "size",
        order.sizeAmount,
      );
    }
    const share = order.sizeAmount * Math.max(0, equity) / unitValue;
    if (order.sizeKind === 1) return sign * share;
    const delta = share - position;
    const isDust = Math.abs(delta) * unitValue <= 1e-9 * equity;
    const isNear = this.#rebalancesLazily && order.sizeAmount !== 0 &&
      Math.abs(delta) * unitValue < this.#options.rebalanceBand * equity;
    return isDust || isNear ? 0 : delta;
  }

  /** Fills orders that meet the market at the same moment: what reduces first, sells before buys. */
  #executeBatch(batch: Match[], t: number): void {
    const n = batch.length;
    if (n === 0) return;
    const { account } = this;
    if (this.#panel.isSingle || n === 1) {
      for (let i = 0; i < n; i++) {
        const { order, rawPrice } = batch[i];
        if (!order.isWorking) continue;
        this.#markAsset(order.asset, rawPrice, t);
        batch[i].delta = this.#wanted(order, rawPrice, account.equity(), t);
        if (n === 1) this.#executeOne(batch[i], t);
      }
      if (n > 1) this.#executeOrdered(batch, t, false);
      return;
    }
    const equity = account.equity();
    for (const m of batch) m.delta = this.#wanted(m.order, m.rawPrice, equity, t);
    this.#executeOrdered(batch, t, true);
  }

  #executeOrdered(batch: Match[], t: number, isShared: boolean): void {
    const { account } = this;
    for (const m of batch) {
      const position = account.units[m.order.asset];
      m.reduces = position * m.delta < 0 ? Math.min(Math.abs(position), Math.abs(m.delta)) : 0;
    }
    const opening = (m: Match) => Math.abs(m.delta) - m.reduces;
    const rank = (m: Match) =>
      (opening(m) > 1e-12 * Math.abs(m.delta) ? 2 : 0) + (m.delta > 0 ? 1 : 0);
    const sorted = [...batch].sort((x, y) => rank(x) - rank(y) || x.order.id - y.order.id);
    let scaled = false;
    for (const m of sorted) {
      if (!m.order.isWorking) continue;
      if (isShared && !scaled && rank(m) === 2 + 1) {
        scaled = true;
        this.#scaleToRoom(sorted.filter((x) => x.order.isWorking && rank(x) === 3), t);
      }
      if (!isShared) {
        this.#markAsset(m.order.asset, m.rawPrice, t);
        m.delta = this.#wanted(m.order, m.rawPrice, account.equity(), t);
      }
      this.#executeOne(m, t);
    }
  }

  /** Buys that open and together cost more than there is are cut by one factor. */
  #scaleToRoom(buys: Match[], t: number): void {
    const flexible = buys.filter((m) => m.order.sizeKind !== 0);
    if (flexible.length < 2) return;
    const { leverage, commission } = this.#options;
    let room = this.account.room(true, leverage);
    let cost = 0;
    for (const m of buys) {
      const units = Math.abs(m.delta) - m.reduces;
      const price = this.#shifted(m.order, m.rawPrice, units, t);
      const value = units * price * this.terms.multiplier[m.order.asset] *
        this.#rate(m.order.asset, t);
      const total = value +
        leverage * (commission.charge(units, value) + value * this.#fxRate(m.order.asset));
      if (m.order.sizeKind === 0) room -= total;
      else cost += total;
    }
    if (cost <= room || !(cost > 0)) return;
    const factor = Math.max(0, room) / cost;
    for (const m of flexible) m.delta = m.reduces + (m.delta - m.reduces) * factor;
  }

  #fxRate(a: number): number {
    return this.terms.fx[a] === null ? 0 : this.#fxCostRate;
  }

  #markAsset(a: number, rawPrice: number, t: number): void {
    this.account.mark[a] = rawPrice * this.terms.multiplier[a] * this.#rate(a, t);
  }

  /** The price with spread and slippage, rounded to the tick against the trader. */
  #shifted(order: WorkingOrder, rawPrice: number, units: number, t: number): number {
    const { constantShift, halfSpread, slippage } = this.#options;
    let price = rawPrice;
    const isPassive = order.type === "limit" || order.type === "stopLimit";
    if (!isPassive && constantShift !== 0) {
      const shift = constantShift === constantShift
        ? constantShift
        : halfSpread + slippage.fraction(this.#panel.assets[order.asset], t, units, rawPrice);
      price = order.isBuy ? rawPrice * (1 + shift) : rawPrice * (1 - shift);
    }
    const tick = this.terms.tickSize[order.asset];
    if (tick > 0) {
      const ticks = price / tick;
      price = (order.isBuy ? Math.ceil(ticks - 1e-9) : Math.floor(ticks + 1e-9)) * tick;
    }
    return price;
  }

  /** Fills one order; a forced one takes no notice of the volume limit. */
  #executeOne(m: Match, t: number, isForced = false): void {
    const { order, rawPrice } = m;
    const { account, terms } = this;
    const options = this.#options;
    const a = order.asset;
    let delta = m.delta;
    if (delta === 0) {
      if (order.sizeKind >= 3) this.#end(order, "cancelled", atTarget);
      else if (order.reduceOnly) this.#end(order, "cancelled", "no position to reduce");
      return;
    }
    if (order.sizeKind >= 3) order.isBuy = delta > 0;
    const position = account.units[a];
    const lot = terms.lotSize[a];
    if (lot > 0 && Math.abs(delta) !== Math.abs(position)) {
      delta = Math.sign(delta) * roundToLot(Math.abs(delta), lot);
    }
    if (delta !== delta || delta === 0) {
      const isTarget = order.sizeKind >= 3;
      this.#end(
        order,
        isTarget ? "cancelled" : "rejected",
        isTarget ? atTarget : "less than one lot",
      );
      return;
    }
    let cut = "";
    if (!options.allowShort && delta < 0 && position + delta < 0) {
      if (position <= 0) return this.#end(order, "rejected", "short selling is not allowed");
      delta = -position;
      cut = "cut to the position: short selling is not allowed";
    }
    const asked = Math.abs(delta);
    // Volume first: what cannot be traded need not be paid for.
    if (!isForced) delta = this.#withinVolume(a, delta, t);
    if (delta === 0) {
      if (!options.carryVolume || order.timeInForce === "fok") {
        this.#end(order, "cancelled", "no volume");
      }
      return;
    }
    const reduces = position * delta < 0 ? Math.min(Math.abs(position), Math.abs(delta)) : 0;
    const opens = Math.abs(delta) - reduces;
    const price = this.#shifted(order, rawPrice, Math.abs(delta), t);
    const unitValue = price * terms.multiplier[a] * this.#rate(a, t);
    if (opens > 0) {
      const affordable = this.#affordable(a, opens, reduces, unitValue, delta > 0);
      if (affordable < opens * (1 - 1e-12)) {
        if (order.sizeKind === 0 && !options.reduceShortfall) {
          this.#end(
            order,
            "rejected",
            `costs ${(opens * unitValue).toFixed(2)}, but ${
              Math.max(0, affordable * unitValue).toFixed(2)
            } can be paid for`,
          );
          return;
        }
        delta = Math.sign(delta) * (reduces + affordable);
        if (lot > 0) delta = Math.sign(delta) * roundToLot(Math.abs(delta), lot);
        cut = "cut to what can be paid for";
        if (delta === 0) return this.#end(order, "rejected", "nothing left to pay with");
      }
    }
    const units = Math.abs(delta);
    if (order.timeInForce === "fok" && units < asked) {
      return this.#end(order, "cancelled", "cannot be filled whole");
    }
    const value = units * Math.abs(unitValue);
    const exchange = value * this.#fxRate(a);
    const fee = options.commission.charge(units, value) + exchange;
    this.fxCost += exchange;
    this.slippageCost += units * Math.abs(price - rawPrice) * terms.multiplier[a] *
      this.#rate(a, t);
    this.#filledVolume[a] += units;
    account.fill(a, delta, price, unitValue, fee, t, this.#panel.time[t], order.id, order.tag);
    this.fills.push(order.id, a, t, delta, price, rawPrice, fee);
    const filledBefore = order.filledUnits;
    order.price = filledBefore === 0
      ? price
      : (order.price * filledBefore + price * units) / (filledBefore + units);
    order.filledUnits += units;
    order.fee += fee;
    order.filledBar = t;
    order.filledTime = this.#panel.time[t];
    const isCarried = units < asked && cut === "" && options.carryVolume;
    if (order.units !== order.units || !isCarried) {
      order.units = isCarried ? filledBefore + asked : order.filledUnits;
    }
    if (isCarried && order.filledUnits < order.units) order.status = "partial";
    else {
      order.status = "filled";
      order.reason = cut || (units < asked ? "cut to the volume limit" : "");
    }
    this.#afterFill(order, delta, price, t, rawPrice);
  }

  #affordable(
    a: number,
    opens: number,
    reduces: number,
    unitValue: number,
    isLong: boolean,
  ): number {
    const { account } = this;
    const { leverage, commission } = this.#options;
    const exchange = this.#fxRate(a);
    const costs = exchange === 0 ? commission : {
      rate: commission.rate + exchange,
      isProportional: commission.isProportional,
      charge: (u: number, v: number) => commission.charge(u, v) + v * exchange,
    };
    let room: number;
    if (reduces === 0) room = account.room(isLong, leverage);
    else {
      const closed = reduces * Math.abs(unitValue);
      const present = account.mark[a];
      account.mark[a] = unitValue;
      room = leverage * (account.equity() - costs.charge(reduces, closed)) -
        (account.gross() - closed);
      account.mark[a] = present;
    }
    return affordableUnits(opens, room, Math.abs(unitValue), costs, leverage);
  }

  #withinVolume(a: number, delta: number, t: number): number {
    const limit = this.#options.volumeLimit;
    if (limit >= 1e300) return delta;
    if (this.#filledVolumeBar !== t) {
      this.#filledVolume.fill(0);
      this.#filledVolumeBar = t;
    }
    const volume = this.#panel.assets[a].volume[t];
    if (!(volume >= 0)) return delta; // unknown
    const lot = this.terms.lotSize[a];
    const left = roundToLot(Math.max(0, volume * limit - this.#filledVolume[a]), lot);
    return Math.sign(delta) * Math.min(Math.abs(delta), left);
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
          this.#end(other, "cancelled", `order ${order.id} of its group filled`);
        }
      }
    }
    if (position === 0) {
      for (const other of this.#working) {
        if (
          other.asset === order.asset && other.isWorking && other.parentId >= 0 && other.reduceOnly
        ) {
          this.#end(other, "cancelled", "position closed");
        }
      }
    }
  }

  /** Protective stop and target of an entry; a later partial fill of the entry enlarges them. */
  #placeBracket(parent: WorkingOrder, price: number, t: number, rawPrice: number): void {
    const isAtOpen = parent.type === "market" &&
      rawPrice === this.#panel.assets[parent.asset].open[t] &&
      this.#options.fill === "nextOpen" && parent.phase !== 1;
    const child = (request: OrderRequest): WorkingOrder => {
      const order = placeOrder(!parent.isBuy, {
        ...request,
        symbol: parent.symbol,
        size: { units: parent.filledUnits },
        reduceOnly: true,
        oco: `bracket ${parent.id}`,
        tag: parent.tag,
      }, {
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
    };
    if (parent.stopLoss !== undefined) {
      if (parent.stopChild?.isWorking) parent.stopChild.units = parent.filledUnits;
      else if (typeof parent.stopLoss === "number") {
        parent.stopChild = child({ stop: parent.stopLoss });
      } else {
        parent.stopChild = child({ trail: parent.stopLoss });
        setTrail(parent.stopChild, parent.stopLoss, price, "place bracket");
      }
    }
    if (parent.takeProfit === parent.takeProfit) {
      if (parent.targetChild?.isWorking) parent.targetChild.units = parent.filledUnits;
      else parent.targetChild = child({ limit: parent.takeProfit });
    }
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
      if (order.asset === a && order.isWorking) this.#end(order, "cancelled", "delisted");
    }
    if (this.account.units[a] !== 0) this.closeAt(a, this.lastPrice(a, t), t, "delisted");
    this.#sweep();
  }

  /** Closes the position of asset `a` at `rawPrice` with the usual costs, whatever the volume. */
  closeAt(a: number, rawPrice: number, t: number, reason: string): void {
    const order = this.submitTarget(a, 4, 0, t);
    order.reason = reason;
    this.#executeOne({ order, rawPrice, delta: -this.account.units[a], reduces: 0 }, t, true);
    if (order.isWorking) this.#end(order, "cancelled", reason);
    else if (order.status === "filled") order.reason = reason;
    this.#sweep();
  }
}
