/**
 * The event-driven face: one strategy, bar by bar.
 * @module
 */
import { Broker } from "./broker.ts";
import { type Clock, IndicatorRegistry, StrategyContext } from "./context.ts";
import { BacktestError } from "./errors.ts";
import { type BacktestOptions, resolveOptions } from "./options.ts";
import { type BarsInput, createPanel, day } from "./panel.ts";
import { Recorder } from "./recorder.ts";
import { type BacktestResult, buildResult, costsOf } from "./result.ts";
import type { Strategy } from "./strategy.ts";

/**
 * Runs `strategy` over bars of one symbol, or of many that share one cash account.
 *
 * Pure and synchronous: the same arguments give the same result. Market orders fill at the next
 * bar's open unless `fill` says otherwise; equity at or below 0 ends trading.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { backtest } from "./backtest.ts";
 * import { smaCross } from "./strategies/sma_cross.ts";
 * const n = 60;
 * const close = Float64Array.from({ length: n }, (_, t) => 100 + 10 * Math.sin(t / 6));
 * const time = Float64Array.from({ length: n }, (_, t) => t * 86_400_000);
 * const volume = new Float64Array(n).fill(1000);
 * const bars = { time, open: close, high: close, low: close, close, volume, length: n };
 * const result = backtest(bars, smaCross({ fast: 3, slow: 8 }), { cash: 10_000, fees: 0.001 });
 * assert.equal(result.equity.length, n);
 * assert.ok(result.trades.length > 0);
 * ```
 * @throws {RangeError} If bars or options cannot be used; the message names bar, field and value.
 * @throws {BacktestError} If the strategy throws or places a senseless order; it carries the bar and
 * the partial result up to it.
 */
export function backtest(
  bars: BarsInput,
  strategy: Strategy,
  options: BacktestOptions = {},
): BacktestResult {
  const resolved = resolveOptions(options);
  const panel = createPanel(bars, options);
  const broker = new Broker(panel, resolved);
  const clock: Clock = { bar: -1 };
  const recorder = new Recorder(panel.length, resolved.cash, panel.assets.length);
  const { account } = broker;
  const { equity } = recorder;
  let stopped: { bar: number; reason: string } | null = null;

  const finish = (length: number) =>
    buildResult({
      strategy: strategy.name,
      params: strategy.params,
      panel,
      options: resolved,
      recorder,
      account,
      orders: () => broker.done.toOrders(broker.working),
      fills: () => broker.execution.fills.toFills(),
      costs: costsOf(broker),
      stopped,
      length,
    });

  const registry = new IndicatorRegistry(panel, clock, options.checkCausality ?? true);
  strategy.init?.(registry);
  const firstBar = registry.firstBar;
  const context = new StrategyContext(panel, broker, clock);
  const { onFill, onTrade } = strategy;
  let toldFills = 0;
  let toldTrades = 0;
  const sameClose = resolved.fill === "sameClose";
  const maintenance = resolved.maintenanceMargin;
  const delists = options.delisting !== "hold" && !panel.isSingle;
  const last = panel.length - 1;

  let t = 0;
  try {
    for (; t <= last; t++) {
      clock.bar = t;
      broker.processBar(t);
      if (delists && t > 0) {
        for (let a = 0; a < panel.assets.length; a++) {
          if (panel.assets[a].last === t - 1) broker.delist(a, t);
        }
      }
      recorder.measure(t, account);
      if (equity[t] <= 0) {
        broker.liquidate(t, "equity is gone");
        recorder.measure(t, account);
        recorder.record(t, account);
        recorder.freeze(t + 1);
        stopped = { bar: t, reason: "equity is gone" };
        break;
      }
      if (maintenance > 0 && equity[t] < maintenance * account.gross()) {
        broker.liquidate(t, "margin call");
        recorder.measure(t, account);
      }
      if (onFill !== undefined) {
        while (toldFills < broker.execution.fills.length) {
          onFill.call(strategy, broker.execution.fills.at(toldFills++), context);
        }
      }
      if (onTrade !== undefined) {
        while (toldTrades < account.closed.length) {
          onTrade.call(strategy, account.closed.toTrades()[toldTrades++], context);
        }
      }
      if (t >= firstBar) {
        strategy.next(context);
        if (sameClose && broker.working.length > 0) {
          broker.processSameClose(t);
          recorder.measure(t, account);
        }
      }
      if (t === last && options.finalizeTrades) {
        broker.liquidate(t, "end of the run");
        recorder.measure(t, account);
      }
      recorder.record(t, account);
    }
    strategy.finish?.(context);
  } catch (cause) {
    const at = Math.min(t, last);
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BacktestError(
      `Cannot run backtest: strategy ${strategy.name} failed at bar ${at} (${
        day(panel.time[at])
      }): ${why}`,
      { bar: at, time: panel.time[at], strategy: strategy.name, partial: finish(t) },
      { cause },
    );
  }
  return finish(panel.length);
}
