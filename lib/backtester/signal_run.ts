/**
 * The loop of the vectorized face: one symbol, columns of signals, the account they lead to.
 * @module
 */
import { Account, affordableUnits, type FillTerms, roundToLot } from "./account.ts";
import { FillLog } from "./fill_log.ts";
import type { ResolvedOptions } from "./options.ts";
import type { Order } from "./order.ts";
import type { Panel } from "./panel.ts";
import { Recorder } from "./recorder.ts";
import { SIZE_UNITS, SIZE_VALUE } from "./sizing/sizing.ts";

/**
 * Entries and exits, one byte per bar, 1 for a signal at that bar's close. An entry without a
 * position opens one, an exit closes it, both in one bar cancel each other (as in vectorbt).
 * `shortEntries` and `shortExits` do the same on the other side; an entry against an open position
 * turns it over.
 */
export interface EntrySignals {
  entries: Uint8Array;
  exits: Uint8Array;
  shortEntries?: Uint8Array;
  shortExits?: Uint8Array;
}

/** Target share of equity at each bar's close; NaN leaves the position alone. */
export interface WeightSignals {
  weights: Float64Array;
}

export type Signals = EntrySignals | WeightSignals;

/** What the signals of one bar ask for. */
const NONE = 0, LONG = 1, SHORT = 2, FLAT = 3, WEIGHT = 4;

export class SignalRun {
  readonly account: Account;
  readonly recorder: Recorder;
  readonly orders: Order[] = [];
  readonly fills: FillLog;
  slippageCost = 0;
  stopped: { bar: number; reason: string } | null = null;
  readonly #panel: Panel;
  readonly #options: ResolvedOptions;
  readonly #multiplier: number;
  readonly #lot: number;
  readonly #tick: number;
  readonly #terms: FillTerms = { delta: NaN, price: NaN, unitValue: NaN, fee: NaN, room: NaN };

  constructor(panel: Panel, options: ResolvedOptions) {
    this.#panel = panel;
    this.#options = options;
    const own = options.source.assets?.[panel.symbols[0]];
    this.#multiplier = own?.multiplier ?? options.source.multiplier ?? 1;
    this.#lot = own?.lotSize ?? options.source.lotSize ?? 0;
    this.#tick = own?.tickSize ?? options.source.tickSize ?? 0;
    this.account = new Account(options.cash, panel.symbols, panel.time);
    this.fills = new FillLog(panel.symbols, panel.time);
    this.recorder = new Recorder(panel.length, options.cash, panel.assets.length);
  }

  run(signals: Signals): void {
    const { open, close, volume, hasVolume } = this.#panel.assets[0];
    const { fill } = this.#options;
    const account = this.account;
    const n = this.#panel.length;
    const weights = "weights" in signals ? signals.weights : null;
    const isLast = this.#options.source.finalizeTrades ? n - 1 : -1;
    let placed = -1;
    let action = NONE;
    let weight = 0;
    for (let t = 0; t < n; t++) {
      const isTraded = close[t] === close[t] && !(hasVolume && volume[t] === 0);
      if (action !== NONE && isTraded) {
        this.#trade(action, weight, fill === "nextOpen" ? open[t] : close[t], t, placed);
        action = NONE;
      }
      if (close[t] === close[t]) account.mark[0] = close[t] * this.#multiplier;
      if (account.equity() <= 0) {
        if (account.units[0] !== 0) this.#trade(FLAT, 0, this.#lastClose(t), t, t);
        this.recorder.measure(t, account);
        this.recorder.record(t, account);
        this.recorder.freeze(t + 1);
        this.stopped = { bar: t, reason: "equity is gone" };
        return;
      }
      if (weights) {
        const w = weights[t];
        if (w === w) {
          action = WEIGHT;
          weight = w;
          placed = t;
        }
      } else {
        const asked = askOf(signals as EntrySignals, t, account.units[0], action);
        if (asked !== NONE) {
          action = asked;
          placed = t;
        }
      }
      if (fill === "sameClose" && action !== NONE && isTraded) {
        this.#trade(action, weight, close[t], t, placed);
        account.mark[0] = close[t] * this.#multiplier;
        action = NONE;
      }
      if (t === isLast && account.units[0] !== 0) this.#trade(FLAT, 0, this.#lastClose(t), t, t);
      this.recorder.measure(t, account);
      this.recorder.record(t, account);
    }
  }

  #lastClose(t: number): number {
    const { close } = this.#panel.assets[0];
    while (close[t] !== close[t]) t--;
    return close[t];
  }

  #trade(action: number, weight: number, rawPrice: number, t: number, placed: number): void {
    const options = this.#options;
    const account = this.account;
    let position = account.units[0];
    const rawValue = rawPrice * this.#multiplier;
    account.mark[0] = rawValue;
    if (action === FLAT) {
      if (position !== 0) this.#fill(-position, -position, rawPrice, t, placed);
      return;
    }
    if (action === WEIGHT) {
      const equity = account.equity();
      const delta = weight * Math.max(0, equity) / rawValue - position;
      if (Math.abs(delta) * rawValue <= 1e-9 * equity) return;
      const band = options.rebalanceBand;
      if (band > 0 && weight !== 0 && Math.abs(delta) * rawValue < band * equity) return;
      const isWhole = Math.abs(delta) === Math.abs(position);
      const units = isWhole ? Math.abs(delta) : roundToLot(Math.abs(delta), this.#lot);
      if (units > 0) this.#fill(Math.sign(delta) * units, NaN, rawPrice, t, placed);
      return;
    }
    const sign = action === LONG ? 1 : -1;
    if (position * sign < 0) {
      this.#fill(-position, -position, rawPrice, t, placed);
      account.mark[0] = rawValue;
      position = account.units[0];
    }
    const { kind, amount } = options.size;
    const wanted = kind === SIZE_UNITS
      ? amount
      : kind === SIZE_VALUE
      ? amount / rawValue
      : amount * Math.max(0, account.equity()) / rawValue;
    const delta = sign * roundToLot(wanted, this.#lot);
    if (delta !== 0) this.#fill(delta, kind === SIZE_UNITS ? delta : NaN, rawPrice, t, placed);
  }

  /** Fills `delta` units, or what the account pays for; `rigid` units are refused when it does not. */
  #fill(delta: number, rigid: number, rawPrice: number, t: number, placed: number): void {
    const options = this.#options;
    const account = this.account;
    const terms = this.#terms;
    const position = account.units[0];
    if (!options.allowShort && position + delta < 0) {
      if (position <= 0) return;
      delta = -position;
    }
    const isBuy = delta > 0;
    const reduces = position * delta < 0 ? Math.min(Math.abs(position), Math.abs(delta)) : 0;
    const opens = Math.abs(delta) - reduces;
    const price = this.#shifted(isBuy, rawPrice, Math.abs(delta), t);
    const unitValue = price * this.#multiplier;
    if (opens > 0) {
      const { leverage, commission } = options;
      let room: number;
      if (reduces === 0) {
        account.findRoom(terms, isBuy, leverage);
        room = terms.room;
      } else {
        const closed = reduces * unitValue;
        account.mark[0] = unitValue;
        room = leverage * (account.equity() - commission.charge(reduces, closed)) -
          (account.gross() - closed);
      }
      const affordable = affordableUnits(opens, room, unitValue, commission, leverage);
      if (affordable < opens * (1 - 1e-12)) {
        const isRigid = rigid === delta && !options.reduceShortfall;
        if (isRigid) return;
        delta = (isBuy ? 1 : -1) * roundToLot(reduces + affordable, this.#lot);
        if (delta === 0) return;
      }
    }
    const units = Math.abs(delta);
    const fee = options.commission.charge(units, units * unitValue);
    const time = this.#panel.time[t];
    const id = this.orders.length;
    this.slippageCost += units * Math.abs(price - rawPrice) * this.#multiplier;
    terms.delta = delta;
    terms.price = price;
    terms.unitValue = unitValue;
    terms.fee = fee;
    account.fill(0, terms, t, id, "");
    const symbol = this.#panel.symbols[0];
    this.fills.push(id, 0, t, delta, price, rawPrice, fee);
    this.orders.push({
      id,
      symbol,
      side: isBuy ? "buy" : "sell",
      type: "market",
      units,
      filledUnits: units,
      limit: NaN,
      stop: NaN,
      timeInForce: "gtc",
      status: "filled",
      placedBar: placed,
      placedTime: this.#panel.time[placed],
      filledBar: t,
      filledTime: time,
      price,
      fee,
      reason: "",
      tag: "",
      parentId: -1,
    });
  }

  #shifted(isBuy: boolean, rawPrice: number, units: number, t: number): number {
    const { constantShift, halfSpread, slippage } = this.#options;
    let price = rawPrice;
    if (constantShift !== 0) {
      const shift = constantShift === constantShift
        ? constantShift
        : halfSpread + slippage.fraction(this.#panel.assets[0], t, units, rawPrice);
      price = isBuy ? rawPrice * (1 + shift) : rawPrice * (1 - shift);
    }
    const tick = this.#tick;
    if (tick > 0) {
      const ticks = price / tick;
      price = (isBuy ? Math.ceil(ticks - 1e-9) : Math.floor(ticks + 1e-9)) * tick;
    }
    return price;
  }
}

/** What the signals of bar `t` ask for, given the position and what is asked for already. */
function askOf(s: EntrySignals, t: number, position: number, waiting: number): number {
  const long = s.entries[t] !== 0;
  const leaveLong = s.exits[t] !== 0;
  const short = s.shortEntries !== undefined && s.shortEntries[t] !== 0;
  const leaveShort = s.shortExits !== undefined && s.shortExits[t] !== 0;
  if (long && leaveLong || short && leaveShort || long && short) return NONE;
  // A side that was asked for but has not traded yet counts as held.
  const side = waiting === LONG
    ? 1
    : waiting === SHORT
    ? -1
    : waiting === FLAT
    ? 0
    : Math.sign(position);
  if (long && side <= 0) return LONG;
  if (short && side >= 0) return SHORT;
  if (leaveLong && side > 0 || leaveShort && side < 0) return FLAT;
  return NONE;
}
