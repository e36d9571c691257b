import { adjustBars } from "../aggregator/adjust.ts";
import { type BarField, barFields, type Bars, makeBars } from "../bars.ts";
import { DataError } from "../data_error.ts";
import { checkQuality, type QualityOptions } from "./check_quality.ts";
import type { QualityIssueKind, QualityReport } from "./quality_report.ts";

/**
 * What is done about a kind of issue.
 *
 * - `reject`: refuse the bars
 * - `mask`: make the row's values NaN, so that nothing is computed from it and nothing trades on it
 * - `repair`: mend it from the row itself or from rows before it; see {@linkcode applyQualityPolicy}
 * - `keep`: leave it
 */
export type QualityAction = "reject" | "mask" | "repair" | "keep";

/** An action for all kinds, or by kind; kinds that are not named are kept. */
export type QualityPolicy = QualityAction | Partial<Record<QualityIssueKind, QualityAction>>;

/** A row that the policy changed or dropped. Rows are those of the bars that were given. */
export interface QualityAnnotation {
  row: number;
  time: number;
  kind: QualityIssueKind;
  action: "mask" | "repair" | "drop";
}

/** See {@linkcode applyQualityPolicy}. */
export interface PolicyResult {
  bars: Bars;
  annotations: QualityAnnotation[];
  /** The report on the bars as they were given: recorded with the run. */
  report: QualityReport;
}

/** What cannot be masked: a pause has no row, and an order of rows is no value. */
const structural = new Set<QualityIssueKind>(["duplicate", "out-of-order"]);

/**
 * Bars after a policy, with what was done to which row. Structural faults (duplicate and out-of-order
 * times) are mended by `mask` and `repair` alike: rows are sorted by time, of equal times the last stays.
 *
 * `repair` takes an OHLC violation by widening high and low to open and close, a high or low spike by
 * cutting it to open and close, a close that left and came back by masking, an unadjusted split by
 * dividing what is before it, a degenerate open by masking the open, and masks what has no value. It
 * never takes a value from a later row. Gaps, stale prices and zero volume are left as they are.
 *
 * @throws {DataError} `quality` under `reject`, naming kind and first row.
 */
export function applyQualityPolicy(
  bars: Bars,
  policy: QualityPolicy,
  options: QualityOptions = {},
): PolicyResult {
  const report = checkQuality(bars, options);
  const actionOf = (kind: QualityIssueKind): QualityAction =>
    typeof policy === "string" ? policy : policy[kind] ?? "keep";
  for (const issue of report.issues) {
    // An info says nothing against the bars.
    if (actionOf(issue.kind) !== "reject" || issue.severity === "info") continue;
    const row = issue.rows[0] + 1;
    throw new DataError("quality", `Cannot use bars: ${issue.message} (first in row ${row})`, {
      row,
      value: issue.kind,
    });
  }
  const annotations: QualityAnnotation[] = [];
  const columns = Object.fromEntries(
    (["time", ...barFields] as const).map((field) => [field, bars[field].slice()]),
  ) as Record<"time" | BarField, Float64Array>;
  const note = (row: number, kind: QualityIssueKind, action: QualityAnnotation["action"]) =>
    annotations.push({ row, time: bars.time[row], kind, action });
  const maskRow = (row: number) => barFields.forEach((field) => columns[field][row] = NaN);
  const splits: { time: number; ratio: number }[] = [];

  for (const issue of report.issues) {
    const action = actionOf(issue.kind);
    if (action === "keep" || issue.severity === "info" || issue.kind === "gap") continue;
    if (structural.has(issue.kind)) continue;
    for (const row of issue.rows) {
      const { open, high, low, close } = columns;
      if (action === "mask") {
        if (issue.kind === "degenerate-opens") open[row] = NaN;
        else maskRow(row);
        note(row, issue.kind, "mask");
        continue;
      }
      switch (issue.kind) {
        case "ohlc-violation":
          high[row] = Math.max(open[row], high[row], low[row], close[row]);
          low[row] = Math.min(open[row], high[row], low[row], close[row]);
          if (columns.volume[row] < 0) columns.volume[row] = NaN;
          note(row, issue.kind, "repair");
          break;
        case "spike": {
          const top = Math.max(open[row], close[row]);
          const bottom = Math.min(open[row], close[row]);
          // A body as wide as the bar: the close itself went astray.
          if (top - bottom > 0.9 * (high[row] - low[row])) {
            maskRow(row);
            note(row, issue.kind, "mask");
          } else {
            high[row] = top;
            low[row] = bottom;
            note(row, issue.kind, "repair");
          }
          break;
        }
        case "split-like-jump":
          splits.push({
            time: bars.time[row],
            ratio: nearestRatio(bars.close[row - 1] / bars.close[row]),
          });
          note(row, issue.kind, "repair");
          break;
        case "degenerate-opens":
          open[row] = NaN;
          note(row, issue.kind, "mask");
          break;
        case "missing":
        case "negative-price":
          maskRow(row);
          note(row, issue.kind, "mask");
          break;
      }
    }
  }

  const wantsOrder = report.issues.some(({ kind }) =>
    structural.has(kind) && actionOf(kind) !== "keep"
  );
  let out = makeBars({ ...columns, symbol: bars.symbol, timeframe: bars.timeframe });
  if (wantsOrder) out = inOrder(out, note);
  if (splits.length > 0) out = adjustBars(out, { splits });
  return { bars: out, annotations, report };
}

/** Rows by time; of equal times the last row stays. */
function inOrder(
  bars: Bars,
  note: (row: number, kind: QualityIssueKind, action: "drop" | "repair") => void,
): Bars {
  const order = Array.from({ length: bars.length }, (_, i) => i)
    .filter((i) => Number.isFinite(bars.time[i]))
    .sort((a, b) => bars.time[a] - bars.time[b] || a - b);
  const kept = order.filter((i, k) => {
    const last = k + 1 === order.length || bars.time[order[k + 1]] !== bars.time[i];
    if (!last) note(i, "duplicate", "drop");
    return last;
  });
  kept.forEach((i, k) => {
    if (k > 0 && i < kept[k - 1]) note(i, "out-of-order", "repair");
  });
  const pick = (column: Float64Array) => Float64Array.from(kept, (i) => column[i]);
  return makeBars({
    ...bars,
    time: pick(bars.time),
    open: pick(bars.open),
    high: pick(bars.high),
    low: pick(bars.low),
    close: pick(bars.close),
    volume: pick(bars.volume),
  });
}

/** The whole or simple ratio next to a price factor: 2.01 gives 2, 0.0995 gives 1/10. */
function nearestRatio(factor: number): number {
  const size = factor < 1 ? 1 / factor : factor;
  const simple = [1.25, 4 / 3, 1.5, 2.5].find((r) => Math.abs(size / r - 1) < 0.02);
  const ratio = simple ?? Math.round(size);
  return factor < 1 ? 1 / ratio : ratio;
}
