/**
 * What the numbers say, in plain words.
 * @module
 */

export type Metrics = Readonly<Record<string, number>>;

/** The rows of every comparison of a strategy with its benchmark, in their order. */
export const comparedMetrics = [
  { key: "total_return", label: "Total return", unit: "%" },
  { key: "cagr", label: "CAGR", unit: "%" },
  { key: "volatility", label: "Volatility (annual)", unit: "%" },
  { key: "sharpe", label: "Sharpe", unit: "" },
  { key: "sortino", label: "Sortino", unit: "" },
  { key: "max_drawdown", label: "Max drawdown", unit: "%" },
  { key: "calmar", label: "Calmar", unit: "" },
  { key: "turnover", label: "Turnover (annual)", unit: "x" },
  { key: "exposure", label: "Exposure", unit: "%" },
  { key: "trades", label: "Trades", unit: "n" },
] as const;

/** A metric for people: percent, multiples or plain, "n/a" when it is not defined. */
export function formatMetric(value: number | undefined, unit: "%" | "" | "x" | "n"): string {
  if (value === undefined || !Number.isFinite(value)) return "n/a";
  if (unit === "%") return `${(value * 100).toFixed(2)} %`;
  if (unit === "n") return String(value);
  return unit === "x" ? `${value.toFixed(2)}x` : value.toFixed(3);
}

/** Rows [label, strategy, benchmark] for tables. */
export function comparisonRows(model: Metrics, benchmark: Metrics): [string, string, string][] {
  return comparedMetrics.map(({ key, label, unit }) => [
    label,
    formatMetric(model[key], unit),
    formatMetric(benchmark[key], unit),
  ]);
}

/**
 * Whether the model beat buy-and-hold after costs, and whether that means anything. Beating means a
 * higher Sharpe ratio; a deflated Sharpe ratio below 0.95 says that luck over the trials explains it.
 */
export function verdict(model: Metrics, benchmark: Metrics, trials: number): string {
  const better = model.sharpe > benchmark.sharpe;
  const richer = model.total_return > benchmark.total_return;
  const lines: string[] = [];
  const sharpes = `Sharpe ${formatMetric(model.sharpe, "")} against ${
    formatMetric(benchmark.sharpe, "")
  }`;
  const returns = `total return ${formatMetric(model.total_return, "%")} against ${
    formatMetric(benchmark.total_return, "%")
  }`;
  if (better && richer) {
    lines.push(`The model beats buy-and-hold after costs: ${sharpes}, ${returns}.`);
  } else if (better) {
    lines.push(
      `The model has the better ratio but earns less than buy-and-hold: ${sharpes}, ${returns}.`,
    );
  } else lines.push(`The model does not beat buy-and-hold after costs: ${sharpes}, ${returns}.`);
  if (Number.isFinite(model.dsr)) {
    const share = model.dsr.toFixed(3);
    lines.push(
      model.dsr >= 0.95
        ? `Its deflated Sharpe ratio over ${trials} trials is ${share}: luck alone is an unlikely explanation.`
        : `Its deflated Sharpe ratio over ${trials} trials is ${share}, below 0.95: luck over the search can explain it.`,
    );
  }
  return lines.join(" ");
}
