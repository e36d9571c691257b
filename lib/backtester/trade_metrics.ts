import * as m from "./metrics/trade_ratios.ts";
import type { TradeLog } from "./trade_log.ts";
import type { Trade } from "./trade.ts";

/** Metrics of closed trades, by the names under which runs record them. */
export function tradeMetrics(trades: readonly Trade[]): Record<string, number> {
  const pnl = new Float64Array(trades.length);
  let bars = 0;
  for (let i = 0; i < trades.length; i++) {
    pnl[i] = trades[i].pnl;
    bars += trades[i].bars;
  }
  return metricsOfTrades(pnl, bars);
}

/** As {@linkcode tradeMetrics}, from the columns of a run. */
export function loggedTradeMetrics(trades: TradeLog): Record<string, number> {
  const pnl = new Float64Array(trades.length);
  let bars = 0;
  for (let i = 0; i < pnl.length; i++) {
    pnl[i] = trades.pnl(i);
    bars += trades.bars(i);
  }
  return metricsOfTrades(pnl, bars);
}

function metricsOfTrades(pnl: Float64Array, bars: number): Record<string, number> {
  return {
    trades: pnl.length,
    win_rate: m.winRate(pnl),
    profit_factor: m.profitFactor(pnl),
    payoff_ratio: m.payoffRatio(pnl),
    expectancy: m.expectancy(pnl),
    sqn: m.systemQualityNumber(pnl),
    kelly: m.kellyCriterion(pnl),
    average_trade_bars: bars / pnl.length,
  };
}
