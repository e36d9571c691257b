/** Which way a metric is better, by its name. @module */

const lowerIsBetter =
  /(^|[_/.])(loss|drawdown_bars|error|mae|mse|rmse|mape|volatility|turnover|fees|costs?|slippage|pbo|latency|time|seconds|ms|max_drawdown_bars|drawdown_bars|log_loss|logloss|brier)($|[_/.])/;

const higherIsBetter =
  /(sharpe|sortino|calmar|cagr|return|alpha|profit|win_rate|expectancy|payoff|recovery|omega|sqn|information_ratio|drawdown|var_95|accuracy|precision|recall|f1|auc|r2|score|reward|objective|value|hit_rate)|(^|[_/.])(psr|dsr|ic)($|[_/.])/;

/**
 * 1 where more is better, -1 where less is, 0 where the name does not say (a kurtosis, an exposure).
 * `max_drawdown` is a negative fraction, so that more (nearer to zero) is better.
 */
export function metricDirection(key: string): 1 | -1 | 0 {
  const name = key.toLowerCase();
  return lowerIsBetter.test(name) ? -1 : higherIsBetter.test(name) ? 1 : 0;
}

/** Index of the best finite value, or null when there are fewer than two different ones. */
export function bestIndex(
  key: string,
  values: readonly (number | null | undefined)[],
): number | null {
  const sign = metricDirection(key);
  if (sign === 0) return null;
  let best: number | null = null;
  let isTied = true;
  values.forEach((value, i) => {
    if (value === null || value === undefined || !Number.isFinite(value)) return;
    if (best === null) best = i;
    else {
      if (value !== values[best]) isTied = false;
      if (sign * value > sign * values[best]!) best = i;
    }
  });
  return isTied ? null : best;
}

const headline = [
  "sharpe",
  "total_return",
  "cagr",
  "max_drawdown",
  "sortino",
  "calmar",
  "turnover",
  "trades",
  "win_rate",
  "profit_factor",
  "dsr",
  "psr",
  "volatility",
  "exposure",
  "validation_loss",
  "val_loss",
  "loss",
  "value",
  "objective",
];

/** Metric names with those that people look at first in front, the rest by name. */
export function orderMetrics(keys: Iterable<string>): string[] {
  const rank = (key: string) => {
    const at = headline.indexOf(key);
    return at < 0 ? headline.length : at;
  };
  return [...keys].sort((a, b) => rank(a) - rank(b) || a.localeCompare(b, "en", { numeric: true }));
}

const perStep = /^(equity|drawdown|position|benchmark_equity|benchmark_drawdown)$/;

/** Whether a metric is a curve whose last value alone says little. */
export function isCurve(key: string): boolean {
  return perStep.test(key);
}
