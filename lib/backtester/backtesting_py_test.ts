import assert from "node:assert/strict";
import { backtest } from "./backtest.ts";
import { highestBefore, lowestBefore } from "./indicators/channel.ts";
import { relativeStrength } from "./indicators/relative_strength.ts";
import * as m from "./metrics/mod.ts";
import type { BacktestOptions } from "./options.ts";
import type { BacktestResult } from "./result.ts";
import { crossesAbove } from "./strategies/crossing.ts";
import type { Context, InitContext, Series, Strategy } from "./strategy.ts";
import { mean, variance } from "../math/mod.ts";
import { crossing, near, nearAll, peerBars as bars, peers } from "./testdata/peers.ts";

const size = { units: 50 };

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

/** First bar on which all indicators are defined, from which theirs counts buy and hold. */
const warmups: Record<string, number> = { breakout: 20, buyAndHold: 0 };

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
    if (options?.fill !== "sameClose") compareStatistics(result, peer.stats, warmups[name] ?? 14);
  });
}

/** Every statistic of backtesting.py: ours where we agree, else theirs by its convention, named. */
function compareStatistics(
  result: BacktestResult,
  stats: Record<string, number>,
  warmup: number,
): void {
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
  expect("Buy & Hold Return [%]", (bars.close[n - 1] / bars.close[warmup] - 1) * 100);
  // Drawdowns and trades in calendar days, rounded up; a fall of one bar at the very end is left out.
  const days = (from: number, to: number) => (result.time[to] - result.time[from]) / 86_400_000;
  const falls = m.drawdowns(result.returns)
    .map((d) => [d.peakBar, d.recoveryBar ?? n - 1] as const)
    .filter(([peak, recovery]) => recovery > peak + 1)
    .map(([peak, recovery]) => days(peak, recovery));
  if (falls.length > 0) {
    expect("Max. Drawdown Duration", Math.max(...falls));
    expect("Avg. Drawdown Duration", Math.ceil(mean(falls)));
  }
  if (trades.length > 0) {
    const lengths = trades.map((t) => days(t.entryBar, t.exitBar));
    expect("Max. Trade Duration", Math.max(...lengths));
    expect("Avg. Trade Duration", Math.ceil(mean(lengths)));
  }
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
