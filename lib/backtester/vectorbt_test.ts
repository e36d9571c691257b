import assert from "node:assert/strict";
import { backtest } from "./backtest.ts";
import { backtestSignals } from "./backtest_signals.ts";
import { highestBefore, lowestBefore } from "./indicators/channel.ts";
import { movingAverage } from "./indicators/moving_average.ts";
import { relativeStrength } from "./indicators/relative_strength.ts";
import type { BacktestOptions } from "./options.ts";
import type { BacktestResult } from "./result.ts";
import { crossedAbove, crossesAbove } from "./strategies/crossing.ts";
import { crossing, near, nearAll, peerBars as bars, vectorbt } from "./testdata/peers.ts";

const size = { units: 50 };

/** Orders and equity, then every statistic: ours, or theirs by its convention, named. */
function compareWithVectorbt(name: string, result: BacktestResult, hasSameTrades = true): void {
  const peer = vectorbt[name];
  const orders = result.fills.map((f) => [f.bar, f.units, f.price, f.fee]);
  assert.equal(orders.length, peer.orders!.length, "number of orders");
  orders.forEach((o, i) => nearAll(o, peer.orders![i], `order ${i}`));
  nearAll(result.equity, peer.equity, "equity");
  const { metrics, returns } = result;
  const expect = (stat: string, ours: number) => near(ours, peer.stats[stat], stat);
  expect("total_return", metrics.total_return);
  expect("sharpe", metrics.sharpe);
  expect("sortino", metrics.sortino);
  expect("omega", metrics.omega);
  expect("max_drawdown", metrics.max_drawdown);
  expect("calmar", metrics.calmar);
  expect("annualized_return", metrics.cagr);
  expect("annualized_volatility", metrics.volatility);
  expect("tail_ratio", metrics.tail_ratio);
  expect("value_at_risk", metrics.var_95);
  expect("cond_value_at_risk", metrics.cvar_95);
  assert.equal(returns.length, bars.length);
  if (!hasSameTrades) return;
  const closed = peer.trades.filter((t) => t[5] === 1);
  assert.equal(result.trades.length, closed.length, "number of closed trades");
  result.trades.forEach((t, i) => {
    const ours = [t.entryBar, t.exitBar, Math.abs(t.units), t.pnl, t.tradeReturn];
    nearAll(ours, closed[i].slice(0, 5), `trade ${i}`);
  });
  if (closed.length === 0) return;
  expect("win_rate", metrics.win_rate);
  expect("profit_factor", metrics.profit_factor);
  expect("expectancy", metrics.expectancy);
  expect("sqn", metrics.sqn);
}

const costs: BacktestOptions = { cash: 10_000, fees: 0.002, slippage: 0.001, barsPerYear: 252 };
const up = crossedAbove(movingAverage(bars.close, 5), movingAverage(bars.close, 15));
const down = crossedAbove(movingAverage(bars.close, 15), movingAverage(bars.close, 5));
const never = new Uint8Array(bars.length);

Deno.test("smaCross with the whole equity equals vectorbt 1.2.0 at the next open, to 1e-9", () => {
  compareWithVectorbt("smaCross", backtestSignals(bars, { entries: up, exits: down }, costs));
});

Deno.test("smaCross with the whole equity equals vectorbt 1.2.0 at the same close, to 1e-9", () => {
  const options: BacktestOptions = { ...costs, fill: "sameClose" };
  compareWithVectorbt(
    "smaCrossSameClose",
    backtestSignals(bars, { entries: up, exits: down }, options),
  );
});

Deno.test("a short strategy equals vectorbt 1.2.0, to 1e-9", () => {
  const result = backtestSignals(
    bars,
    { entries: never, exits: never, shortEntries: down, shortExits: up },
    { ...costs, size },
  );
  compareWithVectorbt("short", result);
});

Deno.test("turning positions over equals vectorbt 1.2.0 in equity; it books one order for two", () => {
  const result = backtestSignals(
    bars,
    { entries: up, exits: never, shortEntries: down, shortExits: never },
    { ...costs, size },
  );
  const peer = vectorbt.both;
  nearAll(result.equity, peer.equity, "equity");
  // Ours closes and opens by two fills of one bar, theirs by one order of both sizes.
  const byBar = new Map<number, number>();
  for (const f of result.fills) byBar.set(f.bar, (byBar.get(f.bar) ?? 0) + f.units);
  assert.equal(byBar.size, peer.orders!.length);
  peer.orders!.forEach(([bar, units]) => near(byBar.get(bar)!, units, `units at bar ${bar}`));
});

Deno.test("buying and holding equals vectorbt 1.2.0, to 1e-9", () => {
  const hold = Uint8Array.from(bars.time, (_, t) => t === 0 ? 1 : 0);
  compareWithVectorbt("buyAndHold", backtestSignals(bars, { entries: hold, exits: never }, costs));
});

Deno.test("target weights equal vectorbt 1.2.0 in orders and equity, to 1e-9", () => {
  const weights = new Float64Array(bars.length).fill(NaN);
  const cycle = [0.5, 1, 0.25, 0];
  for (let t = 1, k = 0; t < bars.length; t += 20) weights[t] = cycle[k++ % 4];
  const result = backtestSignals(bars, { weights }, { ...costs, fill: "sameClose" });
  // Trades differ: ours are matched first in first out, theirs against the average entry price.
  compareWithVectorbt("weights", result, false);
});

/** Where a condition on columns holds; NaN fulfils none. */
const where = (condition: (t: number) => boolean) =>
  Uint8Array.from(bars.close, (_, t) => condition(t) ? 1 : 0);

Deno.test("buying weakness by the relative strength index equals vectorbt 1.2.0, to 1e-9", () => {
  const strength = relativeStrength(bars.close, 14);
  const entries = where((t) => strength[t] < 40);
  const exits = where((t) => strength[t] > 60);
  compareWithVectorbt("rsi", backtestSignals(bars, { entries, exits }, costs));
});

Deno.test("a channel breakout equals vectorbt 1.2.0, to 1e-9", () => {
  const top = highestBefore(bars.high, 20), bottom = lowestBefore(bars.low, 10);
  const entries = where((t) => bars.close[t] > top[t]);
  const exits = where((t) => bars.close[t] < bottom[t]);
  compareWithVectorbt("breakout", backtestSignals(bars, { entries, exits }, costs));
});

Deno.test("stop and target around an entry equal vectorbt 1.2.0, to 1e-9", () => {
  const strategy = crossing((c, fast, slow) => {
    if (c.position() === 0 && crossesAbove(fast, slow)) c.buy({ size });
  });
  // Its stops are fractions of the price paid and work from the bar after the entry; ours, given with
  // the order, would be prices that work within the entry's bar already.
  strategy.onFill = (fill, c) => {
    if (fill.units < 0) return;
    c.sell({ size, stop: fill.price * 0.98, oco: "bracket", reduceOnly: true });
    c.sell({ size, limit: fill.price * 1.04, oco: "bracket", reduceOnly: true });
  };
  const options: BacktestOptions = { cash: 10_000, fees: 0.002, barsPerYear: 252 };
  compareWithVectorbt("bracket", backtest(bars, strategy, options));
});
