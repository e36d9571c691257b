import type { Bars } from "../bars.ts";
import type { TradingSession } from "../sessions.ts";
import { eachBarFault } from "../validate_bars.ts";
import { findDegenerateOpens } from "./degenerate_opens.ts";
import { findGaps } from "./gaps.ts";
import { findJumps } from "./jumps.ts";
import { findStalePrices, findZeroVolume } from "./stale_prices.ts";
import {
  type QualityIssue,
  type QualityIssueKind,
  type QualityReport,
  qualityScore,
} from "./quality_report.ts";

/** Limits of the checks; the defaults suit daily and intraday bars of stocks, indices and currencies. */
export interface QualityOptions {
  /** A return this many robust standard deviations out, that comes back, is a spike. Default 10. */
  spikeZ?: number;
  /** This many equal closes in a row are stale. Default 5. */
  staleBars?: number;
  /** Share of opens equal to the close before from which a year is reported. Default 0.05. */
  degenerateOpenShare?: number;
  /** Trading days that may be missing between daily bars before it is a gap. Default 4 (holidays). */
  missingDays?: number;
  /** The exchange's hours and holidays, `tradingSessions.XNYS` for instance: gaps are known, not guessed. */
  session?: TradingSession;
}

/**
 * Looks for what makes bars unfit: gaps, duplicate and out-of-order times, missing and negative
 * prices, OHLC violations, stale prices, spikes, split-like jumps, zero volume, and opens that only
 * repeat the close before ("degenerate opens", per calendar year).
 *
 * It reads the whole history and so knows the future: a report says which rows to trust, it is no
 * feature. Nothing is changed; see `applyQualityPolicy()`.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { sampleBars } from "../sources/sample.ts";
 * import { checkQuality } from "./check_quality.ts";
 * const { issues } = checkQuality(await sampleBars());
 * assert.ok(issues.some((issue) => issue.kind === "degenerate-opens"));
 * ```
 */
export function checkQuality(bars: Bars, options: QualityOptions = {}): QualityReport {
  const { length, time } = bars;
  const issues: QualityIssue[] = [
    ...structuralIssues(bars),
    ...findGaps(bars, options.missingDays ?? 4, options.session),
    ...findStalePrices(bars, options.staleBars ?? 5),
    ...findJumps(bars, options.spikeZ ?? 10),
    ...findZeroVolume(bars),
    ...findDegenerateOpens(bars, options.degenerateOpenShare ?? 0.05),
  ];
  const report: QualityReport = {
    length,
    from: length > 0 ? time[0] : NaN,
    to: length > 0 ? time[length - 1] : NaN,
    score: qualityScore(length, issues),
    issues,
  };
  if (bars.symbol !== undefined) report.symbol = bars.symbol;
  if (bars.timeframe !== undefined) report.timeframe = bars.timeframe;
  return report;
}

/** What `validateBars()` would refuse, counted instead of thrown. */
function structuralIssues(bars: Bars): QualityIssue[] {
  const rows = new Map<QualityIssueKind, number[]>();
  eachBarFault(bars, (fault) => {
    const kind: QualityIssueKind = fault.fault === "duplicate-time"
      ? "duplicate"
      : fault.fault === "out-of-order"
      ? "out-of-order"
      : fault.fault === "not-a-number" || fault.fault === "bad-time"
      ? "missing"
      : fault.fault === "negative-price"
      ? "negative-price"
      : "ohlc-violation";
    const list = rows.get(kind) ?? [];
    if (list.at(-1) !== fault.index) list.push(fault.index);
    rows.set(kind, list);
  });
  const texts: Partial<Record<QualityIssueKind, string>> = {
    duplicate: "repeat the time of the row before",
    "out-of-order": "lie before the row before",
    missing: "lack a price or a time",
    "negative-price": "have a negative price",
    "ohlc-violation": "have an open or close outside of low and high, or a negative volume",
  };
  return [...rows].map(([kind, list]) => ({
    kind,
    severity: "error",
    count: list.length,
    share: list.length / bars.length,
    message: `${list.length} of ${bars.length} bars ${texts[kind]}`,
    rows: list,
  }));
}
