import type { Context, Strategy } from "../backtester/mod.ts";
import { applyRiskLimits, type RiskLimits } from "./risk_limits.ts";

export interface OptimisedStrategyOptions {
  /** Bars between rebalances; 21 by default. */
  everyBars?: number;
  /** Returns that the optimizer gets, per symbol; 252 by default. */
  lookbackBars?: number;
  limits?: RiskLimits;
  name?: string;
}

/**
 * A strategy that rebalances to optimised weights: every `everyBars` it hands the last returns of all
 * symbols that have them to `optimize`, applies the risk limits and trades to the result.
 */
export function optimisedStrategy(
  optimize: (returns: Float64Array[], symbols: readonly string[]) => Float64Array,
  options: OptimisedStrategyOptions = {},
): Strategy {
  const { everyBars = 21, lookbackBars = 252, limits = {}, name = "optimised" } = options;
  if (!(Number.isInteger(everyBars) && everyBars >= 1 && lookbackBars >= 2)) {
    throw new RangeError(
      `Cannot create strategy: everyBars must be a positive integer and lookbackBars at least 2, got ${everyBars} and ${lookbackBars}`,
    );
  }
  let peak = 0;
  return {
    name,
    params: { everyBars, lookbackBars },
    init: () => void (peak = 0),
    next(context: Context) {
      peak = Math.max(peak, context.equity);
      if (context.bar < lookbackBars || context.bar % everyBars !== 0) return;
      const symbols: string[] = [];
      const returns: Float64Array[] = [];
      for (const symbol of context.symbols) {
        const close = context.data(symbol).close.window(lookbackBars + 1);
        if (!close.every((c) => c > 0)) continue; // it has not traded long enough
        symbols.push(symbol);
        returns.push(close.slice(1).map((c, t) => c / close[t] - 1));
      }
      if (symbols.length === 0) return;
      const weights = optimize(returns, symbols);
      const target = Object.fromEntries(symbols.map((s, i) => [s, weights[i]]));
      const present = Object.fromEntries(context.symbols.map((s) => [s, context.weight(s)]));
      const drawdown = peak > 0 ? context.equity / peak - 1 : 0;
      context.targetWeights(
        applyRiskLimits(target, limits, { weights: present, drawdown }).weights,
      );
    },
  };
}
