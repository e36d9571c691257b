import type { BacktestResult } from "./result.ts";

/** Where and why a backtest stopped. `bar` counts from 0. */
export interface BacktestErrorPlace {
  bar: number;
  time: number;
  strategy: string;
  /** The run up to and without the bar that failed. */
  partial: BacktestResult;
}

/**
 * A backtest that could not go on: the strategy threw, or placed an order that makes no sense.
 *
 * `partial` keeps equity, orders and trades of the bars before; `cause` is what was thrown.
 */
export class BacktestError extends Error {
  override readonly name = "BacktestError";
  readonly bar: number;
  readonly time: number;
  readonly strategy: string;
  readonly partial: BacktestResult;

  constructor(message: string, place: BacktestErrorPlace, options?: ErrorOptions) {
    super(message, options);
    this.bar = place.bar;
    this.time = place.time;
    this.strategy = place.strategy;
    this.partial = place.partial;
  }
}

/** An order that cannot be placed; `field` and `value` say what is wrong with it. */
export class OrderError extends RangeError {
  override readonly name = "OrderError";
  readonly field: string;
  readonly value: unknown;

  constructor(message: string, field: string, value: unknown) {
    super(message);
    this.field = field;
    this.value = value;
  }
}

/** A strategy that reached for a bar it cannot know yet, or an indicator that looks ahead. */
export class LookAheadError extends RangeError {
  override readonly name = "LookAheadError";
}
