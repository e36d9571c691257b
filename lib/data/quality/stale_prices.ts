import type { Bars } from "../bars.ts";
import type { QualityIssue } from "./quality_report.ts";

/** Runs of at least `minBars` bars with one and the same close and no range: a feed that stood still. */
export function findStalePrices(bars: Bars, minBars: number): QualityIssue[] {
  const { high, low, close, length } = bars;
  const rows: number[] = [];
  let runs = 0;
  let start = 0;
  for (let i = 1; i <= length; i++) {
    if (i < length && close[i] === close[i - 1] && high[i] === low[i]) continue;
    if (i - start >= minBars) {
      runs++;
      for (let k = start; k < i; k++) rows.push(k);
    }
    start = i;
  }
  if (rows.length === 0) return [];
  return [{
    kind: "stale-price",
    severity: "warning",
    count: rows.length,
    share: rows.length / length,
    message: `${rows.length} bars in ${runs} runs of ${minBars} or more repeat one price`,
    rows,
  }];
}

/** Bars in which nothing traded. A column that is zero throughout means unknown volume: info. */
export function findZeroVolume(bars: Bars): QualityIssue[] {
  const rows: number[] = [];
  for (let i = 0; i < bars.length; i++) if (bars.volume[i] === 0) rows.push(i);
  if (rows.length === 0) return [];
  const all = rows.length === bars.length;
  return [{
    kind: "zero-volume",
    severity: all ? "info" : "warning",
    count: rows.length,
    share: rows.length / bars.length,
    message: all
      ? "every bar has volume 0: the source knows no volume"
      : `${rows.length} of ${bars.length} bars have volume 0`,
    rows,
  }];
}
