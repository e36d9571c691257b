/**
 * Execution: what orders that meet the market at one moment come to, given cash, costs and volume.
 * @module
 */
import { Account, affordableUnits, roundToLot } from "./account.ts";
import { type ContractTerms, contractTerms } from "./contract_terms.ts";
import { OrderError } from "./errors.ts";
import { FillLog } from "./fill_log.ts";
import type { ResolvedOptions } from "./options.ts";
import type { OrderStatus } from "./order.ts";
import type { Panel } from "./panel.ts";
import type { WorkingOrder } from "./working_order.ts";

/** Reason of a target order whose asset already stands there; it leaves no record. */
export const atTarget = "already at target";

/** An order that meets the market at `rawPrice`. */
export interface Match {
  order: WorkingOrder;
  rawPrice: number;
  /** Signed units wanted, and how many of them only reduce the position. */
  delta: number;
  reduces: number;
}

/** Called after each fill of `delta` units. */
export type AfterFill = (
  order: WorkingOrder,
  delta: number,
  price: number,
  t: number,
  rawPrice: number,
) => void;

/** Sets the order's last status. */
export function end(order: WorkingOrder, status: OrderStatus, reason: string): void {
  order.status = status;
  order.reason = reason;
}

export class Execution {
  readonly account: Account;
  readonly terms: ContractTerms;
  readonly fills: FillLog;
  slippageCost = 0;
  fxCost = 0;
  readonly #panel: Panel;
  readonly #options: ResolvedOptions;
  readonly #fxCostRate: number;
  readonly #rebalancesLazily: boolean;
  readonly #onFill: AfterFill;
  /** Units of the present bar filled so far, per asset, for the volume limit. */
  readonly #filledVolume: Float64Array;
  #filledVolumeBar = -1;

  constructor(panel: Panel, options: ResolvedOptions, onFill: AfterFill) {
    this.#panel = panel;
    this.#options = options;
    this.#onFill = onFill;
    this.#fxCostRate = options.source.fxCost ?? 0;
    this.#rebalancesLazily = options.rebalanceBand > 0;
    this.account = new Account(options.cash, panel.symbols, panel.time);
    this.fills = new FillLog(panel.symbols, panel.time);
    this.terms = contractTerms(panel, options.source);
    this.#filledVolume = new Float64Array(panel.symbols.length);
  }

  rate(a: number, t: number): number {
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
    const unitValue = rawPrice * this.terms.multiplier[a] * this.rate(a, t);
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
  executeBatch(batch: Match[], t: number): void {
    const n = batch.length;
    if (n === 0) return;
    const { account } = this;
    if (this.#panel.isSingle || n === 1) {
      for (let i = 0; i < n; i++) {
        const { order, rawPrice } = batch[i];
        if (!order.isWorking) continue;
        this.#markAsset(order.asset, rawPrice, t);
        batch[i].delta = this.#wanted(order, rawPrice, account.equity(), t);
        if (n === 1) this.executeOne(batch[i], t);
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
      this.executeOne(m, t);
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
        this.rate(m.order.asset, t);
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
    this.account.mark[a] = rawPrice * this.terms.multiplier[a] * this.rate(a, t);
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
  executeOne(m: Match, t: number, isForced = false): void {
    const { order, rawPrice } = m;
    const { account, terms } = this;
    const options = this.#options;
    const a = order.asset;
    let delta = m.delta;
    if (delta === 0) {
      if (order.sizeKind >= 3) end(order, "cancelled", atTarget);
      else if (order.reduceOnly) end(order, "cancelled", "no position to reduce");
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
      end(
        order,
        isTarget ? "cancelled" : "rejected",
        isTarget ? atTarget : "less than one lot",
      );
      return;
    }
    let cut = "";
    if (!options.allowShort && delta < 0 && position + delta < 0) {
      if (position <= 0) return end(order, "rejected", "short selling is not allowed");
      delta = -position;
      cut = "cut to the position: short selling is not allowed";
    }
    const asked = Math.abs(delta);
    // Volume first: what cannot be traded need not be paid for.
    if (!isForced) delta = this.#withinVolume(a, delta, t);
    if (delta === 0) {
      if (!options.carryVolume || order.timeInForce === "fok") {
        end(order, "cancelled", "no volume");
      }
      return;
    }
    const reduces = position * delta < 0 ? Math.min(Math.abs(position), Math.abs(delta)) : 0;
    const opens = Math.abs(delta) - reduces;
    const price = this.#shifted(order, rawPrice, Math.abs(delta), t);
    const unitValue = price * terms.multiplier[a] * this.rate(a, t);
    if (opens > 0) {
      const affordable = this.#affordable(a, opens, reduces, unitValue, delta > 0);
      if (affordable < opens * (1 - 1e-12)) {
        if (order.sizeKind === 0 && !options.reduceShortfall) {
          end(
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
        if (delta === 0) return end(order, "rejected", "nothing left to pay with");
      }
    }
    const units = Math.abs(delta);
    if (order.timeInForce === "fok" && units < asked) {
      return end(order, "cancelled", "cannot be filled whole");
    }
    const value = units * Math.abs(unitValue);
    const exchange = value * this.#fxRate(a);
    const fee = options.commission.charge(units, value) + exchange;
    this.fxCost += exchange;
    this.slippageCost += units * Math.abs(price - rawPrice) * terms.multiplier[a] *
      this.rate(a, t);
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
    this.#onFill(order, delta, price, t, rawPrice);
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
}
