/**
 * Execution: what orders that meet the market at one moment come to, given cash, costs and volume.
 * @module
 */
import { Account, affordableUnits, roundToLot } from "./account.ts";
import { type ContractTerms, contractTerms } from "./contract_terms.ts";
import { type Commission, feeOf } from "./costs/commission.ts";
import { OrderError } from "./errors.ts";
import { FillLog } from "./fill_log.ts";
import type { Match, MatchBatch } from "./match_batch.ts";
import type { ResolvedOptions } from "./options.ts";
import type { OrderStatus } from "./order.ts";
import type { Panel } from "./panel.ts";
import type { WorkingOrder } from "./working_order.ts";

/** Reason of a target order whose asset already stands there; it leaves no record. */
export const atTarget = "already at target";

/** Rank of a buy that opens; reductions come first, and sells before buys. */
const openingBuy = 3;

/** Called after each fill, of which the match says everything. */
export type AfterFill = (match: Match, t: number) => void;

/** Sets the order's last status. */
export function end(order: WorkingOrder, status: OrderStatus, reason: string): void {
  order.status = status;
  order.reason = reason;
}

/** Ends a day order that the day of its first bar has left behind. */
export function expire(order: WorkingOrder, time: Float64Array, t: number): void {
  if (order.timeInForce !== "day" || order.firstTried < 0) return;
  if (dayOf(time[t]) > dayOf(time[order.firstTried])) end(order, "expired", "end of day");
}

/** A bar is stamped at its close: one that ends at midnight belongs to the day before. */
const dayOf = (time: number): number => Math.floor((time - 1) / 86_400_000);

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
  readonly #keepsRecords: boolean;
  /** Commission and cost of exchange, per asset: what is to be paid for beside the units. */
  readonly #costs: readonly Commission[];
  /** Units of the present bar filled so far, per asset, for the volume limit. */
  readonly #filledVolume: Float64Array;
  #filledVolumeBar = -1;
  /** Equity that shares of it are taken of. */
  #equity = NaN;

  /** Without `keepsRecords` neither fills nor trades are written down. */
  constructor(
    panel: Panel,
    options: ResolvedOptions,
    onFill: AfterFill,
    keepsRecords = true,
  ) {
    this.#panel = panel;
    this.#options = options;
    this.#onFill = onFill;
    this.#fxCostRate = options.source.fxCost ?? 0;
    this.#rebalancesLazily = options.rebalanceBand > 0;
    this.#keepsRecords = keepsRecords;
    this.account = new Account(options.cash, panel.symbols, panel.time, keepsRecords);
    this.fills = new FillLog(panel.symbols, panel.time);
    this.terms = contractTerms(panel, options.source);
    this.#filledVolume = new Float64Array(panel.symbols.length);
    const { commission } = options;
    this.#costs = panel.symbols.map((_, a) => withExchange(commission, this.#fxRate(a)));
  }

  rate(a: number, t: number): number {
    const fx = this.terms.fx[a];
    return fx === null ? 1 : fx[t];
  }

  /** Marks the asset at its price and writes the units that the order wants then. */
  #wantNow(m: Match, t: number): void {
    this.#markAsset(m.order.asset, m.rawPrice, t);
    this.#equity = this.account.equity();
    this.#want(m, t);
  }

  /** Writes the signed units that the order wants when asset value and equity are as marked. */
  #want(m: Match, t: number): void {
    const { order } = m;
    const a = order.asset;
    const position = this.account.units[a];
    const sign = order.isBuy ? 1 : -1;
    if (order.reduceOnly) {
      const left = order.sizeKind === 0 ? order.units - order.filledUnits : Infinity;
      m.delta = position * sign >= 0 ? 0 : sign * Math.min(left, Math.abs(position));
      return;
    }
    if (order.units === order.units) {
      m.delta = sign * (order.units - order.filledUnits);
      return;
    }
    const unitValue = m.rawPrice * this.terms.multiplier[a] * this.rate(a, t);
    if (order.sizeKind === 4) m.delta = order.sizeAmount - position;
    else if (order.sizeKind === 2) m.delta = sign * order.sizeAmount / unitValue;
    else if (!(unitValue > 0)) refuseShare(m, t);
    else {
      const equity = this.#equity;
      const share = order.sizeAmount * Math.max(0, equity) / unitValue;
      if (order.sizeKind === 1) {
        m.delta = sign * share;
        return;
      }
      const delta = share - position;
      const isDust = Math.abs(delta) * unitValue <= 1e-9 * equity;
      const isNear = this.#rebalancesLazily && order.sizeAmount !== 0 &&
        Math.abs(delta) * unitValue < this.#options.rebalanceBand * equity;
      m.delta = isDust || isNear ? 0 : delta;
    }
  }

  /** Fills orders that meet the market at the same moment: what reduces first, sells before buys. */
  executeBatch(batch: MatchBatch, t: number): void {
    const n = batch.length;
    if (this.#panel.isSingle || n === 1) {
      for (let i = 0; i < n; i++) {
        const m = batch.at(i);
        if (m.order.isWorking) this.#wantNow(m, t);
      }
      if (n > 1) this.#executeOrdered(batch, t, false);
      else if (batch.at(0).order.isWorking) this.executeOne(batch.at(0), t);
      return;
    }
    this.#equity = this.account.equity();
    for (let i = 0; i < n; i++) this.#want(batch.at(i), t);
    this.#executeOrdered(batch, t, true);
  }

  /** In the order of ranks; within one in that of the orders' ids, in which they come. */
  #executeOrdered(batch: MatchBatch, t: number, isShared: boolean): void {
    for (let i = 0; i < batch.length; i++) {
      const m = batch.at(i);
      const position = this.account.units[m.order.asset];
      const size = Math.abs(m.delta);
      m.reduces = position * m.delta < 0 ? Math.min(Math.abs(position), size) : 0;
      m.rank = (size - m.reduces > 1e-12 * size ? 2 : 0) + (m.delta > 0 ? 1 : 0);
    }
    let scaled = false;
    for (let rank = 0; rank <= openingBuy; rank++) {
      for (let i = 0; i < batch.length; i++) {
        const m = batch.at(i);
        if (m.rank !== rank || !m.order.isWorking) continue;
        if (isShared && rank === openingBuy && !scaled) {
          scaled = true;
          this.#scaleToRoom(batch, t);
        }
        if (!isShared) this.#wantNow(m, t);
        this.executeOne(m, t);
      }
    }
  }

  /** Buys that open and together cost more than there is are cut by one factor. */
  #scaleToRoom(batch: MatchBatch, t: number): void {
    const { leverage, commission } = this.#options;
    this.account.findRoom(batch.at(0), true, leverage);
    let { room } = batch.at(0);
    let cost = 0, flexible = 0;
    for (let i = 0; i < batch.length; i++) {
      const m = batch.at(i), { order } = m;
      if (m.rank !== openingBuy || !order.isWorking) continue;
      const units = m.units = Math.abs(m.delta) - m.reduces;
      this.#price(m, t);
      const value = units * m.unitValue;
      const total = value +
        leverage * (feeOf(commission, units, value) + value * this.#fxRate(order.asset));
      if (order.sizeKind === 0) room -= total;
      else {
        cost += total;
        flexible++;
      }
    }
    if (flexible < 2 || cost <= room || !(cost > 0)) return;
    const factor = Math.max(0, room) / cost;
    for (let i = 0; i < batch.length; i++) {
      const m = batch.at(i);
      if (m.rank !== openingBuy || !m.order.isWorking || m.order.sizeKind === 0) continue;
      m.delta = m.reduces + (m.delta - m.reduces) * factor;
    }
  }

  #fxRate(a: number): number {
    return this.terms.fx[a] === null ? 0 : this.#fxCostRate;
  }

  #markAsset(a: number, rawPrice: number, t: number): void {
    this.account.mark[a] = rawPrice * this.terms.multiplier[a] * this.rate(a, t);
  }

  /**
   * Writes the price of `units`, with spread and slippage, rounded to the tick against the trader, and
   * what a unit is worth at it.
   */
  #price(m: Match, t: number): void {
    const { order, rawPrice } = m;
    const { constantShift } = this.#options;
    let price = rawPrice;
    const isPassive = order.type === "limit" || order.type === "stopLimit";
    if (!isPassive && constantShift !== 0) {
      const shift = constantShift === constantShift ? constantShift : this.#shift(m, t);
      price = order.isBuy ? rawPrice * (1 + shift) : rawPrice * (1 - shift);
    }
    const tick = this.terms.tickSize[order.asset];
    if (tick > 0) {
      const ticks = price / tick;
      price = (order.isBuy ? Math.ceil(ticks - 1e-9) : Math.floor(ticks + 1e-9)) * tick;
    }
    m.price = price;
    m.unitValue = price * this.terms.multiplier[order.asset] * this.rate(order.asset, t);
  }

  /** How far the price of a fill of this size at this bar is shifted, as a fraction of it. */
  #shift({ order, units, rawPrice }: Match, t: number): number {
    const { halfSpread, slippage } = this.#options;
    return halfSpread + slippage.fraction(this.#panel.assets[order.asset], t, units, rawPrice);
  }

  /** Fills one order; a forced one takes no notice of the volume limit. */
  executeOne(m: Match, t: number, isForced = false): void {
    const { order } = m;
    const options = this.#options;
    const a = order.asset;
    if (m.delta === 0) {
      if (order.sizeKind >= 3) end(order, "cancelled", atTarget);
      else if (order.reduceOnly) end(order, "cancelled", "no position to reduce");
      return;
    }
    if (order.sizeKind >= 3) order.isBuy = m.delta > 0;
    const position = this.account.units[a];
    const lot = this.terms.lotSize[a];
    if (lot > 0 && Math.abs(m.delta) !== Math.abs(position)) {
      m.delta = Math.sign(m.delta) * roundToLot(Math.abs(m.delta), lot);
    }
    if (m.delta !== m.delta || m.delta === 0) {
      const isTarget = order.sizeKind >= 3;
      end(
        order,
        isTarget ? "cancelled" : "rejected",
        isTarget ? atTarget : "less than one lot",
      );
      return;
    }
    let cut = "";
    if (!options.allowShort && m.delta < 0 && position + m.delta < 0) {
      if (position <= 0) return end(order, "rejected", "short selling is not allowed");
      m.delta = -position;
      cut = "cut to the position: short selling is not allowed";
    }
    const asked = Math.abs(m.delta);
    // Volume first: what cannot be traded need not be paid for.
    if (!isForced) this.#limitToVolume(m, t);
    if (m.delta === 0) {
      if (!options.carryVolume || order.timeInForce === "fok") {
        end(order, "cancelled", "no volume");
      }
      return;
    }
    m.units = Math.abs(m.delta);
    m.reduces = position * m.delta < 0 ? Math.min(Math.abs(position), m.units) : 0;
    this.#price(m, t);
    const opens = m.units - m.reduces;
    if (opens > 0) {
      this.#afford(m);
      if (m.affordable < opens * (1 - 1e-12)) {
        if (order.sizeKind === 0 && !options.reduceShortfall) {
          end(
            order,
            "rejected",
            `costs ${(opens * m.unitValue).toFixed(2)}, but ${
              Math.max(0, m.affordable * m.unitValue).toFixed(2)
            } can be paid for`,
          );
          return;
        }
        m.delta = Math.sign(m.delta) * (m.reduces + m.affordable);
        if (lot > 0) m.delta = Math.sign(m.delta) * roundToLot(Math.abs(m.delta), lot);
        cut = "cut to what can be paid for";
        if (m.delta === 0) return end(order, "rejected", "nothing left to pay with");
      }
    }
    m.units = Math.abs(m.delta);
    if (order.timeInForce === "fok" && m.units < asked) {
      return end(order, "cancelled", "cannot be filled whole");
    }
    const isCut = m.units < asked;
    const isCarried = isCut && cut === "" && options.carryVolume;
    const before = order.filledUnits;
    this.#book(m, t);
    if (order.units !== order.units || !isCarried) {
      order.units = isCarried ? before + asked : order.filledUnits;
    }
    if (isCarried && order.filledUnits < order.units) order.status = "partial";
    else {
      order.status = "filled";
      order.reason = cut || (isCut ? "cut to the volume limit" : "");
    }
    this.#onFill(m, t);
  }

  /** Pays for a match's units and writes the fill down, in the order, too. */
  #book(m: Match, t: number): void {
    const { order, units, price } = m;
    const a = order.asset;
    const value = units * Math.abs(m.unitValue);
    const exchange = value * this.#fxRate(a);
    m.fee = feeOf(this.#options.commission, units, value) + exchange;
    this.fxCost += exchange;
    this.slippageCost += units * Math.abs(price - m.rawPrice) * this.terms.multiplier[a] *
      this.rate(a, t);
    this.#filledVolume[a] += units;
    this.account.fill(a, m, t, order.id, order.tag);
    if (this.#keepsRecords) this.fills.push(order.id, a, t, m.delta, price, m.rawPrice, m.fee);
    const before = order.filledUnits;
    order.price = before === 0 ? price : (order.price * before + price * units) / (before + units);
    order.filledUnits += units;
    order.fee += m.fee;
    order.filledBar = t;
    order.filledTime = this.#panel.time[t];
  }

  /** Writes how many of the units that open can be paid for. */
  #afford(m: Match): void {
    if (m.reduces === 0) this.account.findRoom(m, m.delta > 0, this.#options.leverage);
    else this.#closeOnPaper(m);
    m.affordable = affordableUnits(
      m.units - m.reduces,
      m.room,
      Math.abs(m.unitValue),
      this.#costs[m.order.asset],
      this.#options.leverage,
    );
  }

  /** Writes the money that is there for opening once the position has been closed. */
  #closeOnPaper(m: Match): void {
    const { account } = this;
    const a = m.order.asset;
    const closed = m.reduces * Math.abs(m.unitValue);
    const present = account.mark[a];
    account.mark[a] = m.unitValue;
    account.measure();
    const equity = account.measuredEquity - feeOf(this.#costs[a], m.reduces, closed);
    m.room = this.#options.leverage * equity - (account.measuredGross - closed);
    account.mark[a] = present;
  }

  /** Cuts a match to what its bar's volume leaves. */
  #limitToVolume(m: Match, t: number): void {
    const limit = this.#options.volumeLimit;
    if (limit >= 1e300) return;
    if (this.#filledVolumeBar !== t) {
      this.#filledVolume.fill(0);
      this.#filledVolumeBar = t;
    }
    const a = m.order.asset;
    const volume = this.#panel.assets[a].volume[t];
    if (!(volume >= 0)) return; // unknown
    const lot = this.terms.lotSize[a];
    const left = roundToLot(Math.max(0, volume * limit - this.#filledVolume[a]), lot);
    m.delta = Math.sign(m.delta) * Math.min(Math.abs(m.delta), left);
  }
}

function refuseShare({ order, rawPrice }: Match, t: number): never {
  throw new OrderError(
    `Cannot fill order ${order.id}: a size as a share of equity needs a positive price, got ${rawPrice} at bar ${t}`,
    "size",
    order.sizeAmount,
  );
}

/** The commission together with the cost of exchanging a fill's value. */
function withExchange(commission: Commission, rate: number): Commission {
  if (rate === 0) return commission;
  return {
    rate: commission.rate + rate,
    isProportional: commission.isProportional,
    charge: (units, value) => commission.charge(units, value) + value * rate,
  };
}
