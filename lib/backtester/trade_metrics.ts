import * as m from "./metrics/trade_ratios.ts";
import type { Trade } from "./trade.ts";

/** Metrics of closed trades, by the names under which runs record them. */
export function tradeMetrics(trades: readonly Trade[]): Record<string, number> {
  const pnl = new Float64Array(trades.length);
  let bars = 0;
  for (let i = 0; i < trades.length; i++) {
    pnl[i] = trades[i].pnl;
    bars += trades[i].bars;
  }
  return {
    trades: trades.length,
    win_rate: m.winRate(pnl),
    profit_factor: m.profitFactor(pnl),
    payoff_ratio: m.payoffRatio(pnl),
    expectancy: m.expectancy(pnl),
    sqn: m.systemQualityNumber(pnl),
    kelly: m.kellyCriterion(pnl),
    average_trade_bars: bars / trades.length,
  };
}
