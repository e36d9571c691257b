/**
 * The vectorized face: signals or target weights as columns, no strategy code per bar.
 *
 * It shares the account, the costs and the sizing rules with {@linkcode backtest}; what it leaves out
 * are resting orders, corporate actions, financing and volume. Options of those are refused.
 * @module
 */
import type { Bars } from "../data/bars.ts";
import { backtest } from "./backtest.ts";
import { type BacktestOptions, resolveOptions } from "./options.ts";
import { createPanel } from "./panel.ts";
import { type BacktestResult, buildResult } from "./result.ts";
import { SignalRun, type Signals } from "./signal_run.ts";

/** Target shares of equity of many symbols; each column is on the timeline of all bars together. */
export interface PortfolioWeights {
  weights: Readonly<Record<string, Float64Array>>;
}

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
