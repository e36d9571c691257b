/** What a quality check looks for. */
export type QualityIssueKind =
  | "gap"
  | "duplicate"
  | "out-of-order"
  | "missing"
  | "negative-price"
  | "ohlc-violation"
  | "stale-price"
  | "spike"
  | "split-like-jump"
  | "zero-volume"
  | "degenerate-opens";

/** `error`: results computed from the rows are wrong; `warning`: they may be; `info`: worth knowing. */
export type QualitySeverity = "info" | "warning" | "error";

/** One kind of trouble, with the rows that show it. */
export interface QualityIssue {
  kind: QualityIssueKind;
  severity: QualitySeverity;
  /** Number of rows that show it. */
  count: number;
  /** `count` divided by the rows looked at: all of them, or those in [from, to] where given. */
  share: number;
  /** The finding in a sentence with its figures. */
  message: string;
  /** Indices (from 0) of the rows that show it, ascending. */
  rows: number[];
  /** First and last time (ms UTC) of the span looked at, where it is not all the bars. */
  from?: number;
  to?: number;
}

/** The result of a quality check; plain data, recorded with a run. */
export interface QualityReport {
  symbol?: string;
  timeframe?: string;
  length: number;
  /** First and last time, ms UTC; NaN for no bars. */
  from: number;
  to: number;
  /** 1 for clean bars, down to 0: see `qualityScore()`. */
  score: number;
  issues: QualityIssue[];
}

/** How much of a row is lost to an issue of each severity. */
export const severityWeights = { info: 0, warning: 0.5, error: 1 } as const;

/**
 * 1 minus the mean over rows of the heaviest issue that touches each row, with a row touched by an
 * `error` counted whole, by a `warning` half, by an `info` not at all. 0 for no rows.
 */
export function qualityScore(length: number, issues: readonly QualityIssue[]): number {
  if (length === 0) return 0;
  const worst = new Float64Array(length);
  for (const { severity, rows } of issues) {
    const weight = severityWeights[severity];
    for (const row of rows) if (worst[row] < weight) worst[row] = weight;
  }
  return 1 - worst.reduce((sum, w) => sum + w, 0) / length;
}
