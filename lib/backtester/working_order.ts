import type { Matchable } from "./fill_rules.ts";
import type { Order, OrderStatus, OrderType, Side, StopLoss, TimeInForce } from "./order.ts";

/**
 * An order together with what the broker must remember about it.
 *
 * Each field begins as a value of its kind: one that began as undefined, as the constructor's parameters
 * do when they are declared as fields, would hold its numbers as objects.
 */
export class WorkingOrder implements Order, Matchable {
  id = -1;
  asset = -1;
  symbol = "";
  isBuy = false;
  type: OrderType = "market";
  placedBar = -1;
  placedTime = NaN;
  units = NaN;
  filledUnits = 0;
  limit = NaN;
  stop = NaN;
  status: OrderStatus = "pending";
  filledBar = -1;
  filledTime = NaN;
  price = NaN;
  fee = 0;
  reason = "";
  isTriggered = false;
  timeInForce: TimeInForce = "gtc";
  tag = "";
  parentId = -1;

  /** Kind and amount of the size asked for (see sizing.ts). */
  sizeKind: 0 | 1 | 2 | 3 | 4 = 0;
  sizeAmount = 0;
  /** -1 only at the open, 1 only at the close, 0 either. */
  phase: -1 | 0 | 1 = 0;
  /** First bar at which it may fill; on `intrabarFrom` only after the open. */
  activeFrom = 0;
  intrabarFrom = -1;
  /** Bar within which a stop-limit was triggered after the open. */
  triggeredBar = -1;
  /** Last bar in which it met the market; one bar fills an order once at most. */
  metBar = -1;
  /** First bar that could have filled it, for time in force. */
  firstTried = -1;
  reduceOnly = false;
  oco = "";
  stopLoss: StopLoss | undefined = undefined;
  takeProfit = NaN;
  /** Trailing distance in price units, or as a fraction. */
  trail = NaN;
  trailPercent = NaN;
  /** Best price since the order works. */
  extreme = NaN;
  stopChild: WorkingOrder | null = null;
  targetChild: WorkingOrder | null = null;

  constructor(
    id: number,
    asset: number,
    symbol: string,
    isBuy: boolean,
    type: OrderType,
    placedBar: number,
    placedTime: number,
  ) {
    this.id = id;
    this.asset = asset;
    this.symbol = symbol;
    this.isBuy = isBuy;
    this.type = type;
    this.placedBar = placedBar;
    this.placedTime = placedTime;
  }

  /**
   * Makes a target order that is done the next one, so that it need not be made. What only other kinds
   * of orders use is still as the constructor left it.
   */
  renew(id: number, asset: number, symbol: string, bar: number, time: Float64Array): void {
    this.id = id;
    this.asset = asset;
    this.symbol = symbol;
    this.placedBar = bar;
    this.placedTime = time[bar];
    this.units = this.price = this.filledTime = NaN;
    this.filledUnits = this.fee = 0;
    this.filledBar = this.metBar = this.firstTried = -1;
    this.status = "pending";
    this.reason = "";
  }

  get side(): Side {
    return this.isBuy ? "buy" : "sell";
  }

  get isWorking(): boolean {
    return this.status === "pending" || this.status === "partial";
  }

  /** Sets a trailing stop's level from the best price so far. */
  ratchet(): void {
    const distance = this.trail === this.trail ? this.trail : this.extreme * this.trailPercent;
    this.stop = this.isBuy ? this.extreme + distance : this.extreme - distance;
  }

  /** The order as a plain object, without the broker's memory. */
  toOrder(): Order {
    return {
      id: this.id,
      symbol: this.symbol,
      side: this.side,
      type: this.type,
      units: this.units,
      filledUnits: this.filledUnits,
      limit: this.limit,
      stop: this.stop,
      timeInForce: this.timeInForce,
      status: this.status,
      placedBar: this.placedBar,
      placedTime: this.placedTime,
      filledBar: this.filledBar,
      filledTime: this.filledTime,
      price: this.price,
      fee: this.fee,
      reason: this.reason,
      tag: this.tag,
      parentId: this.parentId,
    };
  }
}
