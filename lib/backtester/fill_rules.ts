/**
 * At which price an order fills within a bar, or NaN. Pure: order and bar in, price out.
 *
 * ```
 *   open ──► intrabar (stops before limits) ──► close
 * ```
 * An order that the open jumps over fills at the open: a gap costs a stop and helps a limit.
 * @module
 */
import type { OrderType } from "./order.ts";

/** What the rules need to know of an order. `stop` is the present level of a trailing stop, too. */
export interface Matchable {
  readonly type: OrderType;
  readonly isBuy: boolean;
  limit: number;
  stop: number;
  /** A stop-limit whose stop has been touched: a limit order from then on. */
  isTriggered: boolean;
}

/** Price of a fill at the open, or NaN. Sets `isTriggered` of a stop-limit that the open touches. */
export function matchAtOpen(order: Matchable, open: number): number {
  const { isBuy } = order;
  switch (order.type) {
    case "market":
      return open;
    case "limit":
      return (isBuy ? open <= order.limit : open >= order.limit) ? open : NaN;
    case "stop":
    case "trailingStop":
      return (isBuy ? open >= order.stop : open <= order.stop) ? open : NaN;
    case "stopLimit":
      if (!order.isTriggered) {
        if (!(isBuy ? open >= order.stop : open <= order.stop)) return NaN;
        order.isTriggered = true;
      }
      return (isBuy ? open <= order.limit : open >= order.limit) ? open : NaN;
  }
}

/** Price of a stop's fill after the open, or NaN; the open itself has been tried before. */
export function matchStop(order: Matchable, high: number, low: number): number {
  if (order.type === "market" || order.type === "limit") return NaN;
  if (order.type === "stopLimit" && order.isTriggered) return NaN;
  if (!(order.isBuy ? high >= order.stop : low <= order.stop)) return NaN;
  if (order.type !== "stopLimit") return order.stop;
  order.isTriggered = true;
  // With the limit beyond the stop the order is marketable at the stop. Otherwise price must come
  // back to the limit, and one bar does not tell whether it did so afterwards: pessimistically not.
  const isMarketable = order.isBuy ? order.limit >= order.stop : order.limit <= order.stop;
  return isMarketable ? order.stop : NaN;
}

/** Price of a limit's fill after the open, or NaN. */
export function matchLimit(order: Matchable, high: number, low: number): number {
  if (order.type !== "limit" && !(order.type === "stopLimit" && order.isTriggered)) return NaN;
  return (order.isBuy ? low <= order.limit : high >= order.limit) ? order.limit : NaN;
}
