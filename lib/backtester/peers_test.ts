import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { backtest } from "./backtest.ts";
import { backtestSignals } from "./backtest_signals.ts";
import { computeMetrics } from "./compute_metrics.ts";
import { highestBefore, lowestBefore } from "./indicators/channel.ts";
import { movingAverage } from "./indicators/moving_average.ts";
import { relativeStrength } from "./indicators/relative_strength.ts";
import * as m from "./metrics/mod.ts";
import type { BacktestOptions } from "./options.ts";
import type { BacktestResult } from "./result.ts";
import { crossedAbove, crossesAbove } from "./strategies/crossing.ts";
import type { Context, InitContext, Series, Strategy } from "./strategy.ts";
import type { Bars } from "../data/bars.ts";
import { mean, standardDeviation, variance } from "../math/mod.ts";

interface PeerRun {
  equity: number[];
  trades: number[][];
  orders?: number[][];
  stats: Record<string, number>;
}
const read = (name: string) =>
  JSON.parse(readFileSync(new URL(`./testdata/${name}`, import.meta.url), "utf8"));
const peers = read("peer_fixtures.json") as {
  bars: Record<"time" | "open" | "high" | "low" | "close" | "volume", number[]>;
  backtesting: Record<string, PeerRun>;
  libraries: {
    returns: number[];
    benchmark: number[];
    time: number[];
    empyrical: Record<string, number> & { roll_sharpe: number[]; monthly: number[] };
    quantstats: Record<string, number> & { greeks: { alpha: number; beta: number } };
  };
};
const vectorbt = read("vectorbt_fixtures.json") as Record<string, PeerRun>;

const column = (x: number[]) => Float64Array.from(x, (v) => v ?? NaN);
const bars: Bars = {
  time: column(peers.bars.time),
  open: column(peers.bars.open),
  high: column(peers.bars.high),
  low: column(peers.bars.low),
  close: column(peers.bars.close),
  volume: column(peers.bars.volume),
  length: peers.bars.time.length,
};

/** Equal to 1e-9, relative to the larger of 1 and the expected value; null stands for not a number. */
function near(actual: number, expected: number | null, what: string): void {
  if (expected === null) {
    return assert.ok(!Number.isFinite(actual), `${what}: ${actual} is a number`);
  }
  assert.ok(
    Math.abs(actual - expected) <= 1e-9 * Math.max(1, Math.abs(expected)),
    `${what}: got ${actual}, the peer says ${expected}`,
  );
}

function nearAll(actual: ArrayLike<number>, expected: ArrayLike<number>, what: string): void {
  assert.equal(actual.length, expected.length, `${what}: length`);
  for (let i = 0; i < expected.length; i++) near(actual[i], expected[i], `${what}[${i}]`);
}

const size = { units: 50 };

function crossing(next: (c: Context, fast: Series, slow: Series) => void): Strategy {
  let fast: Series, slow: Series;
  return {
    name: "cross",
    init(c: InitContext) {
      fast = c.indicator((b) => movingAverage(b.close, 5));
      slow = c.indicator((b) => movingAverage(b.close, 15));
    },
    next: (c) => next(c, fast, slow),
  };
}

const smaCross = crossing((c, fast, slow) => {
  if (crossesAbove(fast, slow)) c.buy({ size });
  else if (crossesAbove(slow, fast)) c.close();
});

const strategiesOfBacktestingPy: Record<string, [Strategy, BacktestOptions?]> = {
  smaCross: [smaCross],
  smaCrossSameClose: [smaCross, { fill: "sameClose" }],
  short: [crossing((c, fast, slow) => {
    if (crossesAbove(slow, fast)) c.sell({ size });
    else if (crossesAbove(fast, slow)) c.close();
  })],
  bracket: [crossing((c, fast, slow) => {
    if (c.position() !== 0 || !crossesAbove(fast, slow)) return;
    c.buy({ size, stopLoss: c.price() * 0.98, takeProfit: c.price() * 1.04 });
  })],
  resting: [crossing((c, fast, slow) => {
    const price = c.price();
    // backtesting.py calls next() first on the bar after all indicators are defined.
    if (c.bar < 15) return;
    if (c.position() === 0 && c.orders.length === 0) {
      if (fast.now > slow.now) c.buy({ size: { units: 20 }, limit: price * 0.985 });
      else c.buy({ size: { units: 20 }, stop: price * 1.015 });
    } else if (c.position() !== 0 && (c.bar + 1) % 20 === 0) c.close();
  })],
  rsi: [(() => {
    let strength: Series;
    return {
      name: "rsi",
      init: (c: InitContext) => void (strength = c.indicator((b) => relativeStrength(b.close, 14))),
      next(c: Context) {
        if (c.bar < 15) return;
        if (c.position() === 0 && strength.now < 40) c.buy({ size });
        else if (c.position() !== 0 && strength.now > 60) c.close();
      },
    };
  })()],
  breakout: [(() => {
    let top: Series, bottom: Series;
    return {
      name: "breakout",
      init(c: InitContext) {
        top = c.indicator((b) => highestBefore(b.high, 20));
        bottom = c.indicator((b) => lowestBefore(b.low, 10));
      },
      next(c: Context) {
        if (c.bar < 21) return;
        if (c.position() === 0 && c.price() > top.now) c.buy({ size });
        else if (c.position() !== 0 && c.price() < bottom.now) c.close();
      },
    };
  })()],
  buyAndHold: [{ name: "hold", next: (c) => void (c.bar === 1 && c.buy({ size })) }],
};

for (const [name, [strategy, options]] of Object.entries(strategiesOfBacktestingPy)) {
  Deno.test(`${name} trades and earns what backtesting.py 0.6.6 says, to 1e-9`, () => {
    const peer = peers.backtesting[name];
    const result = backtest(bars, strategy, { cash: 10_000, fees: 0.002, ...options });
    const equity = result.equity.slice();
    if (options?.fill === "sameClose") {
      // Theirs books a fill at the close of bar t, and its fee, when bar t + 1 opens.
      for (const f of result.fills) equity[f.bar] += f.fee;
    }
    nearAll(equity, peer.equity, "equity");
    assert.equal(result.trades.length, peer.trades.length, "number of trades");
    result.trades.forEach((t, i) => {
      const ours = [
        t.units,
        t.entryBar,
        t.exitBar,
        t.entryPrice,
        t.exitPrice,
        t.pnl,
        t.tradeReturn,
      ];
      nearAll(ours, peer.trades[i], `trade ${i}`);
    });
    if (options?.fill !== "sameClose") compareStatistics(result, peer.stats);
  });
}

/** Every statistic of backtesting.py: ours where we agree, else theirs by its convention, named. */
function compareStatistics(result: BacktestResult, stats: Record<string, number>): void {
  const { metrics, equity, trades } = result;
  const n = equity.length;
  const expect = (name: string, ours: number) => near(ours, stats[name], name);
  // Same conventions.
  expect("Equity Final [$]", equity[n - 1]);
  expect("Equity Peak [$]", Math.max(...equity));
  expect("Return [%]", metrics.total_return * 100);
  expect("Max. Drawdown [%]", metrics.max_drawdown * 100);
  expect("# Trades", metrics.trades);
  expect("Win Rate [%]", metrics.win_rate * 100);
  expect("SQN", trades.length === 1 ? NaN : metrics.sqn);
  if (trades.length > 0) expect("Kelly Criterion", metrics.kelly);
  if (trades.length > 0) expect("Commissions [$]", trades.reduce((s, t) => s + t.fees, 0));
  // Average drawdown: theirs is NaN without any and leaves out a fall of the last bar alone.
  if (metrics.average_drawdown < 0) expect("Avg. Drawdown [%]", metrics.average_drawdown * 100);
  // Exposure: theirs counts the exit bar, and closed trades only; ours positions at the close.
  const held = new Uint8Array(n);
  for (const t of trades) held.fill(1, t.entryBar, t.exitBar + 1);
  expect("Exposure Time [%]", held.reduce((s, h) => s + h, 0) / n * 100);
  // Annual return: theirs leaves the first bar's return out of N.
  const r = result.returns.subarray(1);
  const gross = Math.exp(r.reduce((s, x) => s + Math.log1p(x), 0) / r.length);
  const annual = gross ** 252 - 1;
  expect("Return (Ann.) [%]", annual * 100);
  // Volatility: theirs compounds the moments.
  const vol = Math.sqrt((variance(r) + gross ** 2) ** 252 - gross ** 504);
  expect("Volatility (Ann.) [%]", vol * 100);
  // Sharpe, Sortino, Calmar: geometric return in the numerator.
  expect("Sharpe Ratio", annual / vol);
  expect("Sortino Ratio", annual / m.downsideDeviation(r));
  expect("Calmar Ratio", annual / -metrics.max_drawdown);
  // CAGR: theirs counts calendar days / 365.25.
  const years = (result.time[n - 1] - result.time[0]) / 86_400_000 / 365.25;
  expect("CAGR [%]", ((equity[n - 1] / equity[0]) ** (1 / years) - 1) * 100);
  // Alpha and beta: theirs use log returns and the whole period's return.
  const logs = (x: Float64Array) => x.slice(1).map((v, t) => Math.log(v / x[t]));
  const slope = m.beta(logs(equity), logs(bars.close));
  expect("Beta", slope);
  expect("Alpha [%]", stats["Return [%]"] - slope * stats["Buy & Hold Return [%]"]);
  if (trades.length === 0) return;
  // Profit factor and expectancy: theirs are of trade returns, ours of profit in currency.
  const returns = Float64Array.from(trades, (t) => t.tradeReturn);
  expect("Expectancy [%]", mean(returns) * 100);
  if (Number.isFinite(stats["Profit Factor"])) expect("Profit Factor", m.profitFactor(returns));
  expect("Best Trade [%]", Math.max(...returns) * 100);
  expect("Worst Trade [%]", Math.min(...returns) * 100);
  const geometric = Math.exp(returns.reduce((s, x) => s + Math.log1p(x), 0) / returns.length) - 1;
  expect("Avg. Trade [%]", geometric * 100);
}

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

const { empyrical: emp, quantstats: qs } = peers.libraries;
const r = column(peers.libraries.returns);
const b = column(peers.libraries.benchmark);

Deno.test("metrics equal empyrical-reloaded 0.7.1, to 1e-9 or by one named convention", () => {
  const ours = computeMetrics(r, { benchmark: b });
  near(ours.cagr, emp.annual_return, "annual_return");
  near(ours.total_return, emp.cum_returns_final, "cum_returns_final");
  near(ours.volatility, emp.annual_volatility, "annual_volatility");
  near(ours.sharpe, emp.sharpe_ratio, "sharpe_ratio");
  near(m.sharpeRatio(r, { riskFree: 0.0001 }), emp.sharpe_rf, "sharpe_ratio with risk-free rate");
  near(ours.sortino, emp.sortino_ratio, "sortino_ratio");
  near(m.sortinoRatio(r, { minimumReturn: 0.0001 }), emp.sortino_mar, "sortino_ratio with minimum");
  near(ours.downside_deviation, emp.downside_risk, "downside_risk");
  near(ours.calmar, emp.calmar_ratio, "calmar_ratio");
  near(ours.omega, emp.omega_ratio, "omega_ratio");
  near(ours.max_drawdown, emp.max_drawdown, "max_drawdown");
  near(ours.tail_ratio, emp.tail_ratio, "tail_ratio");
  near(ours.var_95, emp.value_at_risk, "value_at_risk");
  near(ours.cvar_95, emp.conditional_value_at_risk, "conditional_value_at_risk");
  near(ours.beta, emp.beta, "beta");
  near(ours.alpha, emp.alpha, "alpha");
  near(m.alpha(r, b, { riskFree: 0.0001 }), emp.alpha_rf, "alpha with risk-free rate");
  near(ours.information_ratio, emp.excess_sharpe, "excess_sharpe");
  near(ours.up_capture, emp.up_capture, "up_capture");
  near(ours.down_capture, emp.down_capture, "down_capture");
  near(ours.tracking_error, emp.tracking_error, "tracking_error");
  nearAll(m.rollingSharpe(r, { window: 60 }).subarray(59), emp.roll_sharpe, "roll_sharpe_ratio");
  const monthly = m.monthlyReturns(r, column(peers.libraries.time)).map((c) => c.value);
  nearAll(monthly, emp.monthly, "aggregate_returns");
});

Deno.test("metrics equal quantstats 0.0.86, to 1e-9 or by one named convention", () => {
  const ours = computeMetrics(r, { benchmark: b });
  near(ours.total_return, qs.comp, "comp");
  near(ours.cagr, qs.cagr, "cagr");
  near(ours.sharpe, qs.sharpe, "sharpe");
  near(ours.sortino, qs.sortino, "sortino");
  near(ours.volatility, qs.volatility, "volatility");
  near(ours.max_drawdown, qs.max_drawdown, "max_drawdown");
  near(ours.calmar, qs.calmar, "calmar");
  near(ours.omega, qs.omega, "omega");
  near(ours.tail_ratio, qs.tail_ratio, "tail_ratio");
  near(ours.information_ratio, qs.information_ratio, "information_ratio");
  near(ours.beta, qs.greeks.beta, "beta");
  // Alpha: theirs is mean times 252, not compounded.
  near((mean(r) - ours.beta * mean(b)) * 252, qs.greeks.alpha, "alpha");
  // Value at risk: theirs is Gaussian.
  near(m.valueAtRisk(r, { method: "gaussian" }), qs.var, "var");
  // Expected shortfall: theirs is Gaussian (before 0.0.83: the mean below the Gaussian value at risk).
  near(m.conditionalValueAtRisk(r, { method: "gaussian" }), qs.cvar, "cvar");
  // Ulcer index: theirs divides by N - 1.
  near(ours.ulcer_index * Math.sqrt(r.length / (r.length - 1)), qs.ulcer_index, "ulcer_index");
  // Recovery factor: theirs takes the sum of returns, without its sign.
  near(Math.abs(r.reduce((s, x) => s + x, 0)) / -ours.max_drawdown, qs.recovery_factor, "recovery");
  // Skew and kurtosis: theirs are the unbiased sample forms, kurtosis in excess of 3.
  const n = r.length;
  near(Math.sqrt(n * (n - 1)) / (n - 2) * ours.skew, qs.skew, "skew");
  const excess = (n - 1) / ((n - 2) * (n - 3)) * ((n + 1) * (ours.kurtosis - 3) + 6);
  near(excess, qs.kurtosis, "kurtosis");
  // Profit factor, payoff, win rate, Kelly: theirs are of bars, ours of closed trades.
  const moves = r.filter((x) => x !== 0);
  near(m.profitFactor(moves), qs.profit_factor, "profit_factor");
  near(m.payoffRatio(moves), qs.payoff_ratio, "payoff_ratio");
  near(m.winRate(moves), qs.win_rate, "win_rate");
  near(m.kellyCriterion(moves), qs.kelly, "kelly_criterion");
  // Probabilistic Sharpe ratio: theirs takes the unbiased moments; raw kurtosis as ours since 0.0.83.
  const theirs = m.probabilisticSharpe({
    sharpe: mean(r) / standardDeviation(r),
    observations: n,
    skew: qs.skew,
    kurtosis: qs.kurtosis + 3,
  });
  near(theirs, qs.probabilistic_sharpe_ratio, "probabilistic_sharpe_ratio");
});
