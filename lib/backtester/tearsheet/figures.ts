/**
 * Numbers of a tearsheet as text, the same in HTML and Markdown.
 * @module
 */
import { computeMetrics } from "../compute_metrics.ts";
import type { BacktestResult } from "../result.ts";
import type { Benchmark } from "./charts.ts";

export const percent = (x: number, digits = 2): string =>
  Number.isFinite(x) ? `${(x * 100).toFixed(digits)} %` : "–";
export const plain = (x: number, digits = 2): string =>
  Number.isFinite(x) ? x.toFixed(digits) : "–";
export const money = (x: number): string =>
  Number.isFinite(x)
    ? x.toLocaleString("en-US", { maximumFractionDigits: 2, minimumFractionDigits: 2 })
    : "–";
export const date = (time: number): string => new Date(time).toISOString().slice(0, 10);

/** Label, metric name, form. */
const rows: readonly [string, string, (x: number) => string][] = [
  ["Total return", "total_return", percent],
  ["CAGR", "cagr", percent],
  ["Volatility", "volatility", percent],
  ["Sharpe ratio", "sharpe", plain],
  ["Sortino ratio", "sortino", plain],
  ["Calmar ratio", "calmar", plain],
  ["Omega ratio", "omega", plain],
  ["Maximum drawdown", "max_drawdown", percent],
  ["Longest drawdown, bars", "max_drawdown_bars", (x) => plain(x, 0)],
  ["Ulcer index", "ulcer_index", percent],
  ["Value at risk 5 %", "var_95", percent],
  ["Expected shortfall 5 %", "cvar_95", percent],
  ["Tail ratio", "tail_ratio", plain],
  ["Skew", "skew", plain],
  ["Kurtosis (normal 3)", "kurtosis", plain],
  ["Probabilistic Sharpe", "psr", (x) => plain(x, 4)],
  ["Deflated Sharpe", "dsr", (x) => plain(x, 4)],
  ["Beta", "beta", plain],
  ["Alpha", "alpha", percent],
  ["Information ratio, per bar", "information_ratio", (x) => plain(x, 4)],
  ["Tracking error", "tracking_error", percent],
  ["Up capture", "up_capture", plain],
  ["Down capture", "down_capture", plain],
  ["Exposure", "exposure", percent],
  ["Turnover a year", "turnover", plain],
  ["Closed trades", "trades", (x) => plain(x, 0)],
  ["Win rate", "win_rate", percent],
  ["Profit factor", "profit_factor", plain],
  ["Payoff ratio", "payoff_ratio", plain],
  ["Expectancy a trade", "expectancy", money],
  ["System quality number", "sqn", plain],
  ["Kelly fraction", "kelly", plain],
];

export interface MetricRow {
  label: string;
  value: string;
  benchmark: string;
}

/** The table of metrics, beside the benchmark's where there is one. */
export function metricRows(result: BacktestResult, benchmark: Benchmark | null): MetricRow[] {
  const { barsPerYear } = result;
  const own: Record<string, number> = benchmark
    ? {
      ...computeMetrics(result.returns, { barsPerYear, benchmark: benchmark.returns }),
      ...result.metrics,
    }
    : result.metrics;
  const other: Record<string, number> = benchmark
    ? { ...computeMetrics(benchmark.returns, { barsPerYear }), ...benchmark.metrics }
    : {};
  return rows.filter(([, name]) => name in own).map(([label, name, form]) => ({
    label,
    value: form(own[name]),
    benchmark: name in other ? form(other[name]) : "",
  }));
}

/** Costs as rows; those that did not occur are left out. */
export function costRows(
  result: BacktestResult,
): { label: string; value: string; share: string }[] {
  const { costs, initialCash } = result;
  return ([
    ["Commission", costs.commission],
    ["Spread and slippage", costs.slippage],
    ["Currency exchange", costs.exchange],
    ["Borrowing", costs.borrow],
    ["Interest (earned positive)", costs.interest],
    ["Dividends (received positive)", costs.dividends],
  ] as [string, number][])
    .filter(([label, x]) => x !== 0 || label === "Commission" || label === "Spread and slippage")
    .map(([label, x]) => ({ label, value: money(x), share: percent(x / initialCash) }));
}
