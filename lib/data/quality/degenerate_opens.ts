import type { Bars } from "../bars.ts";
import type { QualityIssue, QualityReport } from "./quality_report.ts";
import { medianSpacing } from "./gaps.ts";

const hourMs = 3_600_000;

/**
 * Opens that merely repeat the close before, per calendar year (UTC): there a fill "at the next open"
 * is a fill at the price that produced the signal.
 *
 * Only opens after a pause of trading count (overnight, weekends): in trading without a pause, one
 * minute's open is rightly the last minute's close. A year with fewer than 20 such opens is not
 * judged. From `minShare` a year is a warning, from a quarter an error.
 */
export function findDegenerateOpens(bars: Bars, minShare: number): QualityIssue[] {
  const { time, open, close, length } = bars;
  // Daily and longer bars always have a pause between them; between shorter ones it takes 4 hours.
  const pauseMs = medianSpacing(bars) >= 20 * hourMs ? 0 : 4 * hourMs;
  const years = new Map<number, { judged: number; rows: number[]; from: number; to: number }>();
  for (let i = 1; i < length; i++) {
    if (!(time[i] - time[i - 1] > pauseMs)) continue;
    const year = new Date(time[i]).getUTCFullYear();
    let found = years.get(year);
    if (!found) years.set(year, found = { judged: 0, rows: [], from: time[i], to: time[i] });
    found.judged++;
    found.to = time[i];
    if (open[i] === close[i - 1]) found.rows.push(i);
  }
  const issues: QualityIssue[] = [];
  for (const [year, { judged, rows, from, to }] of years) {
    const share = rows.length / judged;
    if (judged < 20 || share < minShare) continue;
    issues.push({
      kind: "degenerate-opens",
      severity: share >= 0.25 ? "error" : "warning",
      count: rows.length,
      share,
      message: `in ${year}, ${(100 * share).toFixed(0)} % of opens (${rows.length} of ${judged}) ` +
        "equal the close before: fills at the next open mean nothing there",
      rows,
      from,
      to,
    });
  }
  return issues;
}

/**
 * Index of the first bar after the last year with degenerate opens: from there on fills at the next
 * open can be trusted. 0 when there is no such year.
 */
export function firstSoundOpen(bars: Bars, report: QualityReport): number {
  const last = report.issues.filter((issue) => issue.kind === "degenerate-opens")
    .reduce((latest, issue) => Math.max(latest, issue.to!), -Infinity);
  let index = 0;
  while (index < bars.length && bars.time[index] <= last) index++;
  return index;
}
