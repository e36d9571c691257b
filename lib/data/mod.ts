/**
 * Bars: reading, checking, keeping. Market data enters the house here.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { checkQuality, fingerprintBars, sampleBars } from "./mod.ts";
 *
 * const bars = await sampleBars(); // S&P 500, daily
 * const report = checkQuality(bars);
 * assert.equal(bars.length, 5105);
 * assert.ok(report.issues.every((issue) => issue.kind === "degenerate-opens" || issue.kind === "gap"));
 * assert.match(await fingerprintBars(bars), /^[0-9a-f]{64}$/);
 * ```
 * @module
 */
export * from "./bars.ts";
export * from "./data_error.ts";
export * from "./fingerprint_bars.ts";
export { parseTime } from "./parse_time.ts";
export { readBars, type ReadBarsOptions } from "./read_bars.ts";
export { writeBars } from "./write_bars.ts";
export { sampleBars } from "./sources/sample.ts";
export { formatTime, validateBars } from "./validate_bars.ts";
export { checkQuality, type QualityOptions } from "./quality/check_quality.ts";
export { firstSoundOpen } from "./quality/degenerate_opens.ts";
export * from "./quality/quality_report.ts";
export {
  applyQualityPolicy,
  type PolicyResult,
  type QualityAction,
  type QualityAnnotation,
  type QualityPolicy,
} from "./quality/apply_policy.ts";
export {
  Catalog,
  type CatalogFault,
  type CatalogRange,
  type CatalogWriteOptions,
} from "./catalog/catalog.ts";
export { importCsv, type ImportOptions, type ImportProgress } from "./catalog/import_csv.ts";
export type { ConflictPolicy } from "./catalog/merge_bars.ts";
export {
  describePartition,
  type Manifest,
  type PartitionKey,
  type Segment,
} from "./catalog/partition.ts";
export { describeDownload, downloadBars, type DownloadOptions } from "./catalog/download.ts";
export * from "./sources/mod.ts";
export { nyseException } from "./nyse_calendar.ts";
export {
  closeMinuteOn,
  type SessionException,
  sessionOn,
  type TradingSession,
  tradingSessions,
  wallTimeMs,
  zonedTimeMs,
  zoneOffsetMs,
} from "./sessions.ts";
export * from "./aggregator/mod.ts";
