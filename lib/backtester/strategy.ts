import type { Bars } from "../data/bars.ts";
import type { Fill, Order, OrderRequest } from "./order.ts";
import type { Trade } from "./trade.ts";

/**
 * A strategy: indicators are declared in `init`, orders placed in `next`.
 *
 * `next` runs once per bar after the bar's close, from the first bar on which every declared
 * indicator is defined. It can reach bars up to that one and no further.
 */
export interface Strategy {
  readonly name: string;
  readonly params?: Readonly<Record<string, unknown>>;
  init?(context: InitContext): void;
  next(context: Context): void;
  /** Told before the `next` of the bar in which it happened. */
  onFill?(fill: Fill, context: Context): void;
  onTrade?(trade: Trade, context: Context): void;
  /** Called once, after the last bar. */
  finish?(context: Context): void;
}

/** A column that shows its values up to the present bar. */
export interface Series {
  /** Value at the present bar. */
  readonly now: number;
  /** Value `ago` bars back. NaN before the first. @throws {LookAheadError} If `ago` is negative. */
  at(ago: number): number;
  /** Copy of the last `count` values, oldest first; shorter near the start. */
  window(count: number): Float64Array;
}

/** The bars of one symbol up to the present one. */
export interface RevealedBars {
  readonly symbol: string;
  readonly time: Series;
  readonly open: Series;
  readonly high: Series;
  readonly low: Series;
  readonly close: Series;
  readonly volume: Series;
}

/** What `init` may do. */
export interface InitContext {
  readonly symbols: readonly string[];
  /**
   * Declares an indicator: `compute` gets all bars of the symbol and returns a column as long as
   * they are, NaN where it is not defined. It must be causal, which is checked on prefixes.
   *
   * @throws {LookAheadError} If a value changes when later bars are taken away.
   */
  indicator(compute: (bars: Bars) => Float64Array, symbol?: string): Series;
}

/** What `next` sees and may do, at the close of bar `bar`. */
export interface Context {
  /** Index from 0. */
  readonly bar: number;
  /** Milliseconds UTC. */
  readonly time: number;
  /** Sorted by name. */
  readonly symbols: readonly string[];
  readonly equity: number;
  readonly cash: number;
  readonly trades: readonly Trade[];
  /** Orders that still work. */
  readonly orders: readonly Order[];
  data(symbol?: string): RevealedBars;
  /** Whether the symbol traded in this bar. */
  isTraded(symbol?: string): boolean;
  /** Last traded close; NaN before the first bar of the symbol. */
  price(symbol?: string): number;
  /** Units held: long positive. */
  position(symbol?: string): number;
  /** Position value as a share of equity. */
  weight(symbol?: string): number;
  buy(request?: OrderRequest): Order;
  sell(request?: OrderRequest): Order;
  /** Closes the position with a market order; null when there is none. */
  close(symbol?: string): Order | null;
  /** Market order that brings the position to a share of equity, measured when it fills. */
  target(weight: number, symbol?: string): Order;
  /** Market order that brings the position to `units`. */
  targetUnits(units: number, symbol?: string): Order;
  /** Targets for all symbols at once; those not named go to 0. */
  targetWeights(weights: Readonly<Record<string, number>>): void;
  cancel(order: Order): void;
  cancelAll(): void;
}
