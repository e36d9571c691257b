import { kurtosis, skewness } from "../math/mod.ts";
import * as m from "./metrics/mod.ts";

export interface MetricsOptions {
  /** Benchmark returns of the same bars. */
  benchmark?: Float64Array;
  /** 252 by default. */
  barsPerYear?: number;
  /** Per bar. */
  riskFree?: number;
  /** For `dsr`: how many configurations were tried, and the variance of their per-bar Sharpe ratios. */
  selection?: { trials: number; sharpeVariance: number };
}

/**
 * All metrics of a column of simple per-bar returns, by the names under which runs record them.
 *
 * `max_drawdown` and the values at risk are negative fractions. Without `selection`, `dsr` takes the
 * run as the only one tried and equals `psr`. Metrics of a benchmark are there when one is given.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { computeMetrics } from "./compute_metrics.ts";
 * const metrics = computeMetrics(Float64Array.of(0.01, -0.02, 0.015));
 * assert.ok(Math.abs(metrics.max_drawdown - -0.02) < 1e-15);
 * ```
 * @throws {RangeError} If the benchmark's length differs.
 */
export function computeMetrics(
  returns: Float64Array,
  options: MetricsOptions = {},
): Record<string, number> {
  const { benchmark, barsPerYear = 252, riskFree = 0, selection } = options;
  const moments = m.sharpeMoments(returns, riskFree);
  const metrics: Record<string, number> = {
    total_return: m.totalReturn(returns),
    cagr: m.cagr(returns, barsPerYear),
    volatility: m.volatility(returns, barsPerYear),
    downside_deviation: m.downsideDeviation(returns, { barsPerYear, minimumReturn: riskFree }),
    sharpe: m.sharpeRatio(returns, { barsPerYear, riskFree }),
    sortino: m.sortinoRatio(returns, { barsPerYear, minimumReturn: riskFree }),
    calmar: m.calmarRatio(returns, barsPerYear),
    omega: m.omegaRatio(returns, riskFree),
    max_drawdown: m.maxDrawdown(returns),
    max_drawdown_bars: m.maxDrawdownBars(returns),
    average_drawdown: m.averageDrawdown(returns),
    average_drawdown_bars: m.averageDrawdownBars(returns),
    recovery_factor: m.recoveryFactor(returns),
    ulcer_index: m.ulcerIndex(returns),
    var_95: m.valueAtRisk(returns),
    cvar_95: m.conditionalValueAtRisk(returns),
    tail_ratio: m.tailRatio(returns),
    skew: skewness(returns),
    kurtosis: kurtosis(returns),
    psr: m.probabilisticSharpe(moments),
    dsr: selection ? m.deflatedSharpe(moments, selection) : m.probabilisticSharpe(moments),
  };
  if (benchmark) {
    metrics.tracking_error = m.trackingError(returns, benchmark, barsPerYear);
    metrics.information_ratio = m.informationRatio(returns, benchmark);
    metrics.beta = m.beta(returns, benchmark);
    metrics.alpha = m.alpha(returns, benchmark, { barsPerYear, riskFree });
    metrics.up_capture = m.captureRatio(returns, benchmark, "up", barsPerYear);
    metrics.down_capture = m.captureRatio(returns, benchmark, "down", barsPerYear);
  }
  return metrics;
}
