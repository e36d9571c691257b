/**
 * Statistics of closed trades, from their profit and loss in account currency (fees included).
 * backtesting.py uses return percentages for some of them; quantstats looks at bars instead.
 * @module
 */
import { mean, standardDeviation } from "../../math/mod.ts";

/** Share of trades with a profit; NaN without trades. */
export function winRate(pnl: Float64Array): number {
  let wins = 0;
  for (let i = 0; i < pnl.length; i++) if (pnl[i] > 0) wins++;
  return wins / pnl.length;
}

/** Sum of profits over the absolute sum of losses; Infinity without a loss, NaN without both. */
export function profitFactor(pnl: Float64Array): number {
  let won = 0;
  let lost = 0;
  for (let i = 0; i < pnl.length; i++) pnl[i] > 0 ? won += pnl[i] : lost -= pnl[i];
  return won / lost;
}

/** Mean profit over the absolute mean loss. */
export function payoffRatio(pnl: Float64Array): number {
  let won = 0, wins = 0, lost = 0, losses = 0;
  for (let i = 0; i < pnl.length; i++) {
    const x = pnl[i];
    if (x > 0) {
      won += x;
      wins++;
    } else if (x < 0) {
      lost -= x;
      losses++;
    }
  }
  return won / wins / (lost / losses);
}

/** Mean profit or loss of a trade in account currency. */
export function expectancy(pnl: Float64Array): number {
  return mean(pnl);
}

/** System quality number: `sqrt(n) * mean / std (ddof 1)` (Van Tharp). */
export function systemQualityNumber(pnl: Float64Array): number {
  const spread = standardDeviation(pnl);
  return spread > 0 ? Math.sqrt(pnl.length) * mean(pnl) / spread : NaN;
}

/** Kelly fraction `p - (1 - p) / W` with win rate p and payoff ratio W. */
export function kellyCriterion(pnl: Float64Array): number {
  const p = winRate(pnl);
  return p - (1 - p) / payoffRatio(pnl);
}
