import { bootstrapIntervals, type BootstrapOptions, type Interval } from "./metrics/bootstrap.ts";
import * as m from "./metrics/mod.ts";
import { type FallSummary, summariseFalls } from "./metrics/fall_summary.ts";
import { momentsOf } from "./metrics/moments.ts";
import { returnSums } from "./metrics/return_sums.ts";
import { tailsOf } from "./metrics/return_tails.ts";

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
  return metricsOf(returns, summariseFalls(growthOf(returns), 1), options);
}

/**
 * Confidence intervals of every metric by the stationary bootstrap; rows of a benchmark are drawn
 * together with those of the returns.
 */
export function metricIntervals(
  returns: Float64Array,
  options: MetricsOptions & BootstrapOptions = {},
): Record<string, Interval> {
  const { benchmark } = options;
  const names = Object.keys(computeMetrics(returns, options));
  // Row numbers go through the bootstrap, so that both columns follow them.
  const rows = Float64Array.from(returns, (_, t) => t);
  const drawn = new Float64Array(returns.length);
  const beside = benchmark ? new Float64Array(returns.length) : undefined;
  let last: Float64Array | null = null;
  let metrics: Record<string, number> = {};
  const at = (name: string) => (sample: Float64Array) => {
    if (name === names[0] || sample !== last) {
      for (let i = 0; i < sample.length; i++) {
        drawn[i] = returns[sample[i]];
        if (beside) beside[i] = benchmark![sample[i]];
      }
      metrics = computeMetrics(drawn, { ...options, benchmark: beside });
      last = sample;
    }
    return metrics[name];
  };
  return bootstrapIntervals(rows, Object.fromEntries(names.map((n) => [n, at(n)])), options);
}

/** Value of 1 invested, bar by bar. */
function growthOf(returns: Float64Array): Float64Array {
  const out = new Float64Array(returns.length);
  let value = 1;
  for (let t = 0; t < returns.length; t++) out[t] = value *= 1 + returns[t];
  return out;
}

const undefinedTails = { low: NaN, high: NaN, tailMean: NaN };

/** As {@linkcode computeMetrics}, with the drawdowns that belong to the returns. */
export function metricsOf(
  returns: Float64Array,
  falls: FallSummary,
  options: MetricsOptions = {},
): Record<string, number> {
  const { benchmark, barsPerYear = 252, riskFree = 0, selection } = options;
  const n = returns.length;
  // Sums, moments, falls and tails are made once for the metrics that share them.
  const sums = returnSums(returns, riskFree);
  const basic = momentsOf(returns, sums.sum);
  const moments = m.sharpeMoments(returns, riskFree, basic);
  const scale = Math.sqrt(barsPerYear);
  const total = sums.growth - 1;
  const growth = m.growthRate(total, n, barsPerYear);
  // One NaN among the returns reaches the total.
  const isWhole = !Number.isNaN(total);
  const { low, high, tailMean } = isWhole ? tailsOf(returns) : undefinedTails;
  const down = m.downsideOf(sums, n, barsPerYear);
  const deep = isWhole ? falls.deepest : NaN;
  const metrics: Record<string, number> = {
    total_return: total,
    cagr: growth,
    volatility: basic.deviation * scale,
    downside_deviation: down,
    sharpe: moments.sharpe * scale,
    sortino: down > 0 ? (basic.mean - riskFree) * barsPerYear / down : NaN,
    calmar: deep < 0 ? growth / -deep : NaN,
    omega: m.omegaOf(sums),
    max_drawdown: deep,
    max_drawdown_bars: falls.longest,
    average_drawdown: falls.count === 0 ? 0 : falls.depths / falls.count,
    average_drawdown_bars: falls.count === 0 ? 0 : falls.bars / falls.count,
    recovery_factor: deep < 0 ? total / -deep : NaN,
    ulcer_index: falls.rootMeanSquare,
    var_95: low,
    cvar_95: tailMean,
    tail_ratio: m.ratioOfTails(low, high),
    skew: moments.skew,
    kurtosis: moments.kurtosis,
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
