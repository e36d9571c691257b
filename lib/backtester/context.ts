/**
 * The window through which a strategy looks: nothing after the present bar can be reached.
 * @module
 */
import type { Bars } from "../data/bars.ts";
import type { Broker } from "./broker.ts";
import { LookAheadError, OrderError } from "./errors.ts";
import type { Order, OrderRequest } from "./order.ts";
import type { AssetColumns, Panel } from "./panel.ts";
import type { Context, InitContext, RevealedBars, Series } from "./strategy.ts";
import type { Trade } from "./trade.ts";

/** The moving "now" that all series of a run share. */
export interface Clock {
  bar: number;
}

/** NaN as an array holds it: beside a constant the engine would box the values of a series. */
const undefinedYet = Float64Array.of(NaN);

/** A column revealed up to the clock's bar. */
export class RevealedSeries implements Series {
  readonly #column: Float64Array;
  readonly #clock: Clock;

  constructor(column: Float64Array, clock: Clock) {
    this.#column = column;
    this.#clock = clock;
  }

  get now(): number {
    return this.#column[this.#clock.bar];
  }

  at(ago: number): number {
    if (!(ago >= 0)) refuse(ago);
    const bar = this.#clock.bar - ago;
    return bar < 0 ? undefinedYet[0] : this.#column[bar];
  }

  window(count: number): Float64Array {
    const to = this.#clock.bar + 1;
    return this.#column.slice(Math.max(0, to - count), to);
  }
}

/** Apart, so that reading a series stays short enough to be inlined. */
function refuse(ago: number): never {
  throw new LookAheadError(`Cannot read series: ago must be >= 0, got ${ago}`);
}

/** Runs `init`: collects indicators, checks them, and derives the warm-up. */
export class IndicatorRegistry implements InitContext {
  readonly symbols: readonly string[];
  /** First bar on which every indicator is defined. */
  firstBar = 0;
  readonly #panel: Panel;
  readonly #clock: Clock;
  readonly #checks: boolean;

  constructor(panel: Panel, clock: Clock, checks: boolean) {
    this.symbols = panel.symbols;
    this.#panel = panel;
    this.#clock = clock;
    this.#checks = checks;
  }

  indicator(compute: (bars: Bars) => Float64Array, symbol?: string): Series {
    const a = symbol === undefined ? 0 : this.symbols.indexOf(symbol);
    if (a < 0) {
      throw new RangeError(
        `Cannot declare indicator: symbol must be one of ${this.symbols.join(", ")}, got ${symbol}`,
      );
    }
    const bars = barsOf(this.#panel, this.#panel.assets[a], this.#panel.length);
    const column = compute(bars);
    if (!(column instanceof Float64Array) || column.length !== bars.length) {
      throw new RangeError(
        `Cannot declare indicator: it must return a Float64Array of ${bars.length} values, got ${
          (column as ArrayLike<number> | undefined)?.length
        }`,
      );
    }
    if (this.#checks) this.#checkCausality(compute, column, a);
    let first = 0;
    while (first < column.length && column[first] !== column[first]) first++;
    this.firstBar = Math.max(this.firstBar, first);
    return new RevealedSeries(column, this.#clock);
  }

  /** Values on a prefix of the bars must be the first values on all of them. */
  #checkCausality(compute: (bars: Bars) => Float64Array, full: Float64Array, a: number): void {
    const n = full.length;
    // What looks ahead shows near the end of any prefix; long columns are cut once only.
    const cuts = n > 50_000
      ? [Math.ceil(n * 0.1)]
      : new Set([Math.ceil(n * 0.1), Math.ceil(n * 0.37), Math.ceil(n * 0.83), n - 1]);
    for (const to of cuts) {
      if (to < 1 || to >= n) continue;
      const part = compute(barsOf(this.#panel, this.#panel.assets[a], to));
      for (let i = 0; i < to; i++) {
        if (part[i] !== full[i] && (part[i] === part[i] || full[i] === full[i])) {
          throw new LookAheadError(
            `Cannot declare indicator: it must not look ahead, but its value at bar ${i} is ${
              part[i]
            } when the bars end at bar ${to - 1} and ${full[i]} when they go on`,
          );
        }
      }
    }
  }
}

function barsOf(panel: Panel, asset: AssetColumns, to: number): Bars {
  const cut = (c: Float64Array) => to === c.length ? c : c.subarray(0, to);
  return {
    time: cut(panel.time),
    open: cut(asset.open),
    high: cut(asset.high),
    low: cut(asset.low),
    close: cut(asset.close),
    volume: cut(asset.volume),
    length: to,
    symbol: asset.symbol,
  };
}

/** The strategy's face of broker and bars. */
export class StrategyContext implements Context {
  readonly symbols: readonly string[];
  readonly #panel: Panel;
  readonly #broker: Broker;
  readonly #clock: Clock;
  readonly #data: (RevealedBars | undefined)[];

  constructor(panel: Panel, broker: Broker, clock: Clock) {
    this.symbols = panel.symbols;
    this.#panel = panel;
    this.#broker = broker;
    this.#clock = clock;
    this.#data = new Array(panel.symbols.length);
  }

  get bar(): number {
    return this.#clock.bar;
  }
  get time(): number {
    return this.#panel.time[this.#clock.bar];
  }
  get equity(): number {
    return this.#broker.account.equity();
  }
  get cash(): number {
    return this.#broker.account.cash;
  }
  get trades(): readonly Trade[] {
    return this.#broker.account.closed.toTrades();
  }
  get orders(): readonly Order[] {
    return this.#broker.working.filter((o) => o.isWorking);
  }

  data(symbol?: string): RevealedBars {
    const a = this.#broker.assetIndex(symbol);
    return this.#data[a] ??= revealed(this.#panel, this.#panel.assets[a], this.#clock);
  }
  isTraded(symbol?: string): boolean {
    return this.#broker.isTraded(this.#broker.assetIndex(symbol), this.#clock.bar);
  }
  price(symbol?: string): number {
    return this.#broker.lastPrice(this.#broker.assetIndex(symbol), this.#clock.bar);
  }
  position(symbol?: string): number {
    return this.#broker.account.units[this.#broker.assetIndex(symbol)];
  }
  weight(symbol?: string): number {
    const a = this.#broker.assetIndex(symbol);
    const { account } = this.#broker;
    return account.units[a] === 0 ? 0 : account.units[a] * account.mark[a] / account.equity();
  }

  buy(request: OrderRequest = {}): Order {
    return this.#broker.submit(true, request, this.#clock.bar);
  }
  sell(request: OrderRequest = {}): Order {
    return this.#broker.submit(false, request, this.#clock.bar);
  }
  close(symbol?: string): Order | null {
    const a = this.#broker.assetIndex(symbol);
    if (this.#broker.account.units[a] === 0) return null;
    return this.#broker.submitTarget(a, 4, 0, this.#clock.bar);
  }
  target(weight: number, symbol?: string): Order {
    checkTarget(weight, "weight");
    return this.#broker.submitTarget(this.#broker.assetIndex(symbol), 3, weight, this.#clock.bar);
  }
  targetUnits(units: number, symbol?: string): Order {
    checkTarget(units, "units");
    return this.#broker.submitTarget(this.#broker.assetIndex(symbol), 4, units, this.#clock.bar);
  }
  targetWeights(weights: Readonly<Record<string, number>>): void {
    for (const symbol of Object.keys(weights)) {
      this.#broker.assetIndex(symbol);
      checkTarget(weights[symbol], `weight of ${symbol}`);
    }
    this.symbols.forEach((symbol, a) => {
      const weight = weights[symbol] ?? 0;
      if (weight === 0 && this.#broker.account.units[a] === 0) return;
      this.#broker.submitTarget(a, 3, weight, this.#clock.bar);
    });
  }
  cancel(order: Order): void {
    this.#broker.cancel(order);
  }
  cancelAll(): void {
    this.#broker.cancelAll("cancelled by the strategy");
  }
}

function checkTarget(value: number, field: string): void {
  if (!Number.isFinite(value)) {
    throw new OrderError(
      `Cannot place target order: ${field} must be a finite number, got ${value}`,
      field,
      value,
    );
  }
}

function revealed(panel: Panel, asset: AssetColumns, clock: Clock): RevealedBars {
  const series = (column: Float64Array) => new RevealedSeries(column, clock);
  return {
    symbol: asset.symbol,
    time: series(panel.time),
    open: series(asset.open),
    high: series(asset.high),
    low: series(asset.low),
    close: series(asset.close),
    volume: series(asset.volume),
  };
}
