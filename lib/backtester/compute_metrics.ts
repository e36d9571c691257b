import { bootstrapIntervals, type BootstrapOptions, type Interval } from "./metrics/bootstrap.ts";
import * as m from "./metrics/mod.ts";
import { drawdownsOf, underwater } from "./metrics/drawdowns.ts";
import { momentsOf } from "./metrics/moments.ts";
import { quantileInPlace } from "./metrics/order_statistics.ts";
import { ratioOfTails } from "./metrics/tail_ratio.ts";
import { rootMeanSquare } from "./metrics/ulcer_index.ts";

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
  return metricsOf(returns, underwater(returns), options);
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

/** As {@linkcode computeMetrics}, with the underwater curve that belongs to the returns. */
export function metricsOf(
  returns: Float64Array,
  depth: Float64Array,
  options: MetricsOptions = {},
): Record<string, number> {
  const { benchmark, barsPerYear = 252, riskFree = 0, selection } = options;
  const basic = momentsOf(returns);
  const moments = m.sharpeMoments(returns, riskFree, basic);
  const scale = Math.sqrt(barsPerYear);
  // Falls and tails are made once for the metrics that share them.
  const falls = drawdownsOf(depth);
  const total = m.totalReturn(returns);
  const growth = m.growthRate(total, returns.length, barsPerYear);
  // One NaN among the returns reaches the total.
  const isWhole = !Number.isNaN(total);
  const [low, high, tail] = isWhole ? tailsOf(returns) : [NaN, NaN, NaN];
  const down = m.downsideDeviation(returns, { barsPerYear, minimumReturn: riskFree });
  let deep = isWhole ? 0 : NaN;
  let depths = 0, bars = 0, longest = 0;
  for (const fall of falls) {
    depths += fall.depth;
    bars += fall.bars;
    if (fall.bars > longest) longest = fall.bars;
    if (fall.depth < deep) deep = fall.depth;
  }
  const metrics: Record<string, number> = {
    total_return: total,
    cagr: growth,
    volatility: basic.deviation * scale,
    downside_deviation: down,
    sharpe: moments.sharpe * scale,
    sortino: down > 0 ? (basic.mean - riskFree) * barsPerYear / down : NaN,
    calmar: deep < 0 ? growth / -deep : NaN,
    omega: m.omegaRatio(returns, riskFree),
    max_drawdown: deep,
    max_drawdown_bars: longest,
    average_drawdown: falls.length === 0 ? 0 : depths / falls.length,
    average_drawdown_bars: falls.length === 0 ? 0 : bars / falls.length,
    recovery_factor: deep < 0 ? total / -deep : NaN,
    ulcer_index: rootMeanSquare(depth),
    var_95: low,
    cvar_95: tail,
    tail_ratio: ratioOfTails(low, high),
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

/** 5th and 95th percentile and the mean of the lowest 5 %; `returns` hold no NaN. */
function tailsOf(returns: Float64Array): [low: number, high: number, tail: number] {
  const n = returns.length;
  if (n === 0) return [NaN, NaN, NaN];
  const values = Float64Array.from(returns);
  const k = Math.floor(0.05 * (n - 1));
  const low = quantileInPlace(values, 0.05);
  // The lowest k + 1 values stand in front now; the upper percentile is sought behind them.
  let sum = 0;
  for (let i = 0; i <= k; i++) sum += values[i];
  return [low, quantileInPlace(values, 0.95, k + 1), sum / (k + 1)];
}
