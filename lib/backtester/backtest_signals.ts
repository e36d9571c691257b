/**
 * The vectorized face: signals or target weights as columns, no strategy code per bar.
 *
 * It shares the account, the costs and the sizing rules with {@linkcode backtest}; what it leaves out
 * are resting orders, corporate actions, financing and volume. Options of those are refused.
 * @module
 */
import type { Bars } from "../data/bars.ts";
import { backtest } from "./backtest.ts";
import { Account, affordableUnits, roundToLot } from "./account.ts";
import { type BacktestOptions, type ResolvedOptions, resolveOptions } from "./options.ts";
import { FillLog } from "./fill_log.ts";
import type { Order } from "./order.ts";
import { createPanel, type Panel } from "./panel.ts";
import { Recorder } from "./recorder.ts";
import { type BacktestResult, buildResult } from "./result.ts";
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

/** Target shares of equity of many symbols; each column is on the timeline of all bars together. */
export interface PortfolioWeights {
  weights: Readonly<Record<string, Float64Array>>;
}

export type Signals = EntrySignals | WeightSignals;

const unsupported = [
  "volumeLimit",
  "borrowRate",
  "marginRate",
  "cashRate",
  "actions",
  "maintenanceMargin",
  "fx",
] as const;

/**
 * Backtests columns of signals on one symbol.
 *
 * A weight that is given is traded to at every bar on which it is given, so that a constant 0.5
 * rebalances daily; set `rebalanceBand`, or NaN where nothing should happen, to trade less.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { backtestSignals } from "./backtest_signals.ts";
 * const price = Float64Array.of(10, 11, 12, 13);
 * const bars = {
 *   time: Float64Array.of(0, 1, 2, 3).map((d) => d * 86_400_000),
 *   open: price, high: price, low: price, close: price, volume: price, length: 4,
 * };
 * const entries = Uint8Array.of(1, 0, 0, 0);
 * const exits = Uint8Array.of(0, 0, 1, 0);
 * const result = backtestSignals(bars, { entries, exits }, { cash: 110 });
 * assert.deepEqual([...result.equity], [110, 110, 120, 130]); // bought at 11, sold at 13
 * ```
 * @throws {RangeError} If bars, signals or options cannot be used.
 */
export function backtestSignals(
  bars: Bars,
  signals: Signals,
  options: BacktestOptions = {},
): BacktestResult {
  for (const name of unsupported) {
    if (options[name] !== undefined) {
      throw new RangeError(
        `Cannot backtest signals: ${name} needs the event-driven backtest(), got ${
          JSON.stringify(options[name])
        }`,
      );
    }
  }
  const resolved = resolveOptions(options);
  const panel = createPanel(bars, options);
  const n = panel.length;
  const columns = "weights" in signals
    ? { weights: signals.weights }
    : signals as unknown as Record<string, ArrayLike<number>>;
  for (const name of Object.keys(columns)) {
    const column = (columns as Record<string, ArrayLike<number>>)[name];
    if (column?.length !== n) {
      throw new RangeError(
        `Cannot backtest signals: ${name} must have one value per bar (${n}), got ${column?.length}`,
      );
    }
  }
  if ("weights" in signals) {
    const bad = signals.weights.findIndex((w) => w === Infinity || w === -Infinity);
    if (bad >= 0) {
      throw new RangeError(
        `Cannot backtest signals: weights must be finite or NaN, got ${
          signals.weights[bad]
        } at bar ${bad}`,
      );
    }
  }
  const run = new SignalRun(panel, resolved);
  run.run(signals);
  return buildResult({
    strategy: "signals",
    panel,
    options: resolved,
    recorder: run.recorder,
    account: run.account,
    orders: () => run.orders,
    fills: () => run.fills.toFills(),
    costs: {
      commission: run.account.totalFees,
      slippage: run.slippageCost,
      exchange: 0,
      borrow: 0,
      interest: 0,
      dividends: 0,
    },
    stopped: run.stopped,
    length: n,
  });
}

/**
 * Backtests target weights of many symbols that share one account: {@linkcode backtest} with a
 * strategy that reads columns. NaN leaves a symbol alone; symbols without a column are not traded.
 *
 * @throws {RangeError} If a column belongs to no symbol, has another length or an infinite value.
 */
export function backtestWeights(
  bars: Readonly<Record<string, Bars>>,
  { weights }: PortfolioWeights,
  options: BacktestOptions = {},
): BacktestResult {
  const { length, symbols } = createPanel(bars, options);
  const named = Object.keys(weights).sort();
  for (const symbol of named) {
    if (!symbols.includes(symbol)) {
      throw new RangeError(
        `Cannot backtest weights: weights must name symbols of the bars (${
          symbols.join(", ")
        }), got ${symbol}`,
      );
    }
    const column = weights[symbol];
    if (column.length !== length) {
      throw new RangeError(
        `Cannot backtest weights: weights of ${symbol} must have one value per bar (${length}), got ${column.length}`,
      );
    }
    const bad = column.findIndex((w) => w === Infinity || w === -Infinity);
    if (bad >= 0) {
      throw new RangeError(
        `Cannot backtest weights: weights of ${symbol} must be finite or NaN, got ${
          column[bad]
        } at bar ${bad}`,
      );
    }
  }
  return backtest(bars, {
    name: "weights",
    next(context) {
      for (const symbol of named) {
        const weight = weights[symbol][context.bar];
        if (weight !== weight || weight === 0 && context.position(symbol) === 0) continue;
        context.target(weight, symbol);
      }
    },
  }, options);
}

/** What the signals of one bar ask for. */
const NONE = 0, LONG = 1, SHORT = 2, FLAT = 3, WEIGHT = 4;

class SignalRun {
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

  constructor(panel: Panel, options: ResolvedOptions) {
    this.#panel = panel;
    this.#options = options;
    const own = options.source.assets?.[panel.symbols[0]];
    this.#multiplier = own?.multiplier ?? options.source.multiplier ?? 1;
    this.#lot = own?.lotSize ?? options.source.lotSize ?? 0;
    this.#tick = own?.tickSize ?? options.source.tickSize ?? 0;
    this.account = new Account(options.cash, panel.symbols);
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
        this.recorder.record(t, account, account.equity());
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
      this.recorder.record(t, account, account.equity());
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
      if (reduces === 0) room = account.room(isBuy, leverage);
      else {
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
    account.fill(0, delta, price, unitValue, fee, t, time, id, "");
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
