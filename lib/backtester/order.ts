import type { Sizing } from "./sizing/sizing.ts";

export type Side = "buy" | "sell";
export type OrderType = "market" | "limit" | "stop" | "stopLimit" | "trailingStop";
/**
 * How long an order works: `gtc` until cancelled; `day` to the end of the UTC day of the first bar
 * that could fill it; `ioc` fills what it can at that bar and drops the rest; `fok` all or nothing.
 */
export type TimeInForce = "gtc" | "day" | "ioc" | "fok";
export type OrderStatus =
  | "pending"
  | "partial"
  | "filled"
  | "cancelled"
  | "rejected"
  | "expired";

/** A protective stop of a bracket: a price, or a distance that trails the extreme. */
export type StopLoss = number | TrailDistance;
/** A distance from the best price so far: in price units, or as a fraction of it. */
export type TrailDistance = { trail: number } | { trailPercent: number };

/** What a strategy asks for. Without `limit`, `stop` and `trail` it is a market order. */
export interface OrderRequest {
  /** Defaults to the only symbol of the run. */
  symbol?: string;
  /** Defaults to the run's `size`. */
  size?: Sizing;
  limit?: number;
  stop?: number;
  /** Trailing stop: distance from the best price since the order was placed. */
  trail?: TrailDistance;
  /** Price of the protective stop that is placed when this order fills (with `takeProfit`: OCO). */
  stopLoss?: StopLoss;
  takeProfit?: number;
  timeInForce?: TimeInForce;
  /** Only at the open (MOO, LOO) or only at the close (MOC, LOC) of the next traded bar. */
  at?: "open" | "close";
  /** Orders with the same non-empty group cancel each other when one of them fills. */
  oco?: string;
  /** Only ever closes: the fill is cut to the position that stands against it. */
  reduceOnly?: boolean;
  tag?: string;
}

/** One execution. `price` includes spread and slippage; `rawPrice` lies within the bar. */
export interface Fill {
  orderId: number;
  symbol: string;
  bar: number;
  time: number;
  /** Signed: bought positive, sold negative. */
  units: number;
  price: number;
  rawPrice: number;
  fee: number;
}

/** An order and what became of it. Bars count from 0; -1 and NaN mean "not yet". */
export interface Order {
  readonly id: number;
  readonly symbol: string;
  readonly side: Side;
  readonly type: OrderType;
  /** Units asked for; NaN until a size given as a share of equity is resolved at the fill. */
  units: number;
  filledUnits: number;
  limit: number;
  stop: number;
  readonly timeInForce: TimeInForce;
  status: OrderStatus;
  readonly placedBar: number;
  readonly placedTime: number;
  filledBar: number;
  filledTime: number;
  /** Average over its fills, spread and slippage included. */
  price: number;
  fee: number;
  /** Why it was rejected, cancelled or expired; empty otherwise. */
  reason: string;
  readonly tag: string;
  /** Id of the order whose fill placed this one (bracket), or -1. */
  readonly parentId: number;
}
