/**
 * Backtesting: strategies, a simulated broker with costs and accounts, metrics and the tearsheet.
 *
 * Two faces over one accounting core: {@linkcode backtest} runs a {@linkcode Strategy} bar by bar,
 * {@linkcode backtestSignals} takes columns of signals or weights. Both are pure and synchronous.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { backtest, strategies } from "./mod.ts";
 * const n = 100;
 * const close = Float64Array.from({ length: n }, (_, t) => 100 + t);
 * const bars = {
 *   time: Float64Array.from({ length: n }, (_, t) => t * 86_400_000),
 *   open: close, high: close, low: close, close, volume: close, length: n,
 * };
 * const result = backtest(bars, strategies.buyAndHold(), { cash: 1000, fees: { bps: 10 } });
 * assert.ok(result.metrics.total_return > 0.9);
 * ```
 * @module
 */
export {
  type AssetOptions,
  type BacktestOptions,
  type CorporateAction,
  type FillMode,
  type RateSeries,
} from "./options.ts";
export { backtest } from "./backtest.ts";
export { backtestSignals, backtestWeights, type PortfolioWeights } from "./backtest_signals.ts";
export type { EntrySignals, Signals, WeightSignals } from "./signal_run.ts";
export { barsPerYearOf } from "./bars_per_year.ts";
export { BacktestError, LookAheadError, OrderError } from "./errors.ts";
export { BacktestResult, type CostBreakdown, drawdownOf, returnsOf } from "./result.ts";
export { computeMetrics, metricIntervals, type MetricsOptions } from "./compute_metrics.ts";
export { tradeMetrics } from "./trade_metrics.ts";
export { crossedAbove, crossesAbove, strategies } from "./strategies/mod.ts";
export {
  closeSweepWorkers,
  sweepCrossings,
  type SweepOptions,
  type SweepResult,
  sweepSmaCross,
} from "./sweep/sweep_crossings.ts";
export { movingAverage } from "./indicators/moving_average.ts";
export { relativeStrength } from "./indicators/relative_strength.ts";
export { highestBefore, lowestBefore } from "./indicators/channel.ts";
export type { BarsInput } from "./panel.ts";
export type { Context, InitContext, RevealedBars, Series, Strategy } from "./strategy.ts";
export type { Fees } from "./costs/commission.ts";
export type { SlippageOption } from "./costs/slippage.ts";
export * from "./sizing/mod.ts";
export type {
  Fill,
  Order,
  OrderRequest,
  OrderStatus,
  OrderType,
  Side,
  TimeInForce,
} from "./order.ts";
export type { Trade } from "./trade.ts";
export {
  renderTearsheet,
  type Tearsheet,
  type TearsheetOptions,
  type VerdictLine,
} from "./tearsheet/render_tearsheet.ts";
export * from "./metrics/mod.ts";
