/**
 * From a strategy's request to a working order, checked.
 * @module
 */
import { OrderError } from "./errors.ts";
import type { OrderRequest, OrderType, StopLoss } from "./order.ts";
import { type ResolvedSizing, resolveSizing, SIZE_UNITS } from "./sizing/sizing.ts";
import { WorkingOrder } from "./working_order.ts";

/** Where and when an order is placed. */
export interface Placement {
  id: number;
  asset: number;
  symbol: string;
  bar: number;
  time: number;
  /** Last traded close: what a market order's bracket is checked against, and where trails start. */
  lastPrice: number;
  defaultSize: ResolvedSizing;
  allowNegativePrices: boolean;
}

const timesInForce = ["gtc", "day", "ioc", "fok"];

/** @throws {OrderError} Naming field and value of what makes no sense. */
export function placeOrder(isBuy: boolean, request: OrderRequest, at: Placement): WorkingOrder {
  if (isPlain(request)) return plainOrder(isBuy, at);
  const action = `place ${isBuy ? "buy" : "sell"} order of ${at.symbol}`;
  const price = (value: number | undefined, field: string): number => {
    if (value === undefined) return NaN;
    const isSound = Number.isFinite(value) && (value > 0 || at.allowNegativePrices);
    if (!isSound) {
      throw new OrderError(
        `Cannot ${action}: ${field} must be a positive finite price, got ${value}`,
        field,
        value,
      );
    }
    return value;
  };
  const limit = price(request.limit, "limit");
  const stop = price(request.stop, "stop");
  const type: OrderType = request.trail !== undefined
    ? "trailingStop"
    : request.stop !== undefined
    ? request.limit !== undefined ? "stopLimit" : "stop"
    : request.limit !== undefined
    ? "limit"
    : "market";
  if (type === "trailingStop" && (request.stop !== undefined || request.limit !== undefined)) {
    throw new OrderError(
      `Cannot ${action}: trail must come without limit and stop, got limit ${request.limit}, stop ${request.stop}`,
      "trail",
      request.trail,
    );
  }
  const order = new WorkingOrder(at.id, at.asset, at.symbol, isBuy, type, at.bar, at.time);
  const size = request.size === undefined ? at.defaultSize : resolveSizing(request.size, action);
  order.sizeKind = size.kind;
  order.sizeAmount = size.amount;
  if (size.kind === 0) order.units = size.amount;
  order.limit = limit;
  order.stop = stop;
  order.activeFrom = at.bar + 1;
  if (type === "trailingStop") setTrail(order, request.trail!, at.lastPrice, action);
  if (request.timeInForce !== undefined) {
    if (!timesInForce.includes(request.timeInForce)) {
      throw new OrderError(
        `Cannot ${action}: timeInForce must be one of ${
          timesInForce.join(", ")
        }, got ${request.timeInForce}`,
        "timeInForce",
        request.timeInForce,
      );
    }
    order.timeInForce = request.timeInForce;
  }
  if (request.at !== undefined) {
    if (request.at !== "open" && request.at !== "close" || type !== "market" && type !== "limit") {
      throw new OrderError(
        `Cannot ${action}: at must be open or close, on a market or limit order, got ${request.at} on a ${type} order`,
        "at",
        request.at,
      );
    }
    order.phase = request.at === "open" ? -1 : 1;
  }
  const reference = limit === limit ? limit : stop === stop ? stop : at.lastPrice;
  const sign = isBuy ? 1 : -1;
  if (typeof request.stopLoss === "number") {
    price(request.stopLoss, "stopLoss");
    if (!((reference - request.stopLoss) * sign > 0)) {
      throw new OrderError(
        `Cannot ${action}: stopLoss must be ${
          isBuy ? "below" : "above"
        } ${reference}, got ${request.stopLoss}`,
        "stopLoss",
        request.stopLoss,
      );
    }
  } else if (request.stopLoss !== undefined) checkTrail(request.stopLoss, action);
  order.stopLoss = request.stopLoss;
  order.takeProfit = price(request.takeProfit, "takeProfit");
  if (request.takeProfit !== undefined && !((request.takeProfit - reference) * sign > 0)) {
    throw new OrderError(
      `Cannot ${action}: takeProfit must be ${
        isBuy ? "above" : "below"
      } ${reference}, got ${request.takeProfit}`,
      "takeProfit",
      request.takeProfit,
    );
  }
  order.reduceOnly = request.reduceOnly ?? false;
  order.oco = request.oco ?? "";
  order.tag = request.tag ?? "";
  return order;
}

/** Whether the request asks for nothing but a market order of the usual size, as most do. */
function isPlain(request: OrderRequest): boolean {
  return request.size === undefined && request.limit === undefined && request.stop === undefined &&
    request.trail === undefined && request.timeInForce === undefined &&
    request.at === undefined && request.stopLoss === undefined &&
    request.takeProfit === undefined && request.reduceOnly === undefined &&
    request.oco === undefined && request.tag === undefined;
}

function plainOrder(isBuy: boolean, at: Placement): WorkingOrder {
  const order = new WorkingOrder(at.id, at.asset, at.symbol, isBuy, "market", at.bar, at.time);
  const { kind, amount } = at.defaultSize;
  order.sizeKind = kind;
  order.sizeAmount = amount;
  if (kind === SIZE_UNITS) order.units = amount;
  order.activeFrom = at.bar + 1;
  return order;
}

/** Makes `order` trail from `from`. */
export function setTrail(
  order: WorkingOrder,
  trail: Exclude<StopLoss, number>,
  from: number,
  action: string,
): void {
  checkTrail(trail, action);
  if ("trail" in trail) order.trail = trail.trail;
  else order.trailPercent = trail.trailPercent;
  order.extreme = from;
  order.ratchet();
}

function checkTrail(trail: Exclude<StopLoss, number>, action: string): void {
  const isAbsolute = "trail" in trail;
  const distance = isAbsolute ? trail.trail : trail.trailPercent;
  if (!(distance > 0 && distance < (isAbsolute ? Infinity : 1))) {
    const field = isAbsolute ? "trail" : "trailPercent";
    throw new OrderError(
      `Cannot ${action}: ${field} must be ${
        isAbsolute ? "a positive finite number" : "in (0, 1)"
      }, got ${distance}`,
      field,
      distance,
    );
  }
}
