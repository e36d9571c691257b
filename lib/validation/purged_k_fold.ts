/**
 * K-fold cross-validation whose training rows share no information with the test rows.
 *
 * ```
 *   train ────┤ purged ├── test ──┤ purged, embargo ├──── train
 * ```
 * @see Lopez de Prado 2018, "Advances in Financial Machine Learning", chapter 7
 * @module
 */
import type { BarRange } from "./walk_forward.ts";

/** Rows of one split; `test` lists the test rows, in order, and `folds` where they come from. */
export interface PurgedSplit {
  train: Int32Array;
  test: Int32Array;
  testRanges: BarRange[];
}

export interface PurgeOptions {
  /** Last row that each row's label looks at; a row's own index when it looks at nothing later. */
  spanEnd?: Int32Array | ArrayLike<number>;
  /** Rows dropped from training after each test range. */
  embargoBars?: number;
  /** The same as a share of all rows: `ceil(share * length)` (h T in the book). */
  embargoShare?: number;
}

/** K contiguous ranges whose lengths differ by at most one. */
export function foldRanges(length: number, folds: number): BarRange[] {
  if (!(Number.isInteger(folds) && folds >= 2 && folds <= length)) {
    throw new RangeError(
      `Cannot split into folds: folds must be an integer in [2, ${length}], got ${folds}`,
    );
  }
  // The first `length % folds` folds are one longer, as in numpy.array_split and scikit-learn.
  const size = Math.floor(length / folds);
  const longer = length % folds;
  let at = 0;
  return Array.from({ length: folds }, (_, k) => {
    const from = at;
    at += size + (k < longer ? 1 : 0);
    return [from, at] as const;
  });
}

/**
 * Training rows that remain when `testRanges` are tested: a row goes if its label span
 * [row, spanEnd] overlaps that of a test range, or if it lies within the embargo after one.
 */
export function purgedTrainRows(
  length: number,
  testRanges: readonly BarRange[],
  options: PurgeOptions = {},
): Int32Array {
  const { spanEnd } = options;
  if (spanEnd && spanEnd.length !== length) {
    throw new RangeError(
      `Cannot purge: spanEnd must have ${length} values, got ${spanEnd.length}`,
    );
  }
  const embargo = embargoOf(length, options);
  const keep = new Uint8Array(length).fill(1);
  for (const [from, to] of testRanges) {
    if (to <= from) continue;
    let testEnd = to - 1;
    if (spanEnd) { for (let i = from; i < to; i++) if (spanEnd[i] > testEnd) testEnd = spanEnd[i]; }
    for (let i = 0; i < from; i++) if (spanEnd && spanEnd[i] >= from) keep[i] = 0;
    // The embargo begins where the last label of the test range ends.
    const end = Math.min(length, testEnd + 1 + embargo);
    for (let i = from; i < end; i++) keep[i] = 0;
  }
  let n = 0;
  for (let i = 0; i < length; i++) n += keep[i];
  const rows = new Int32Array(n);
  n = 0;
  for (let i = 0; i < length; i++) if (keep[i]) rows[n++] = i;
  return rows;
}

function embargoOf(length: number, options: PurgeOptions): number {
  const { embargoBars, embargoShare = 0 } = options;
  if (embargoBars !== undefined && !(Number.isInteger(embargoBars) && embargoBars >= 0)) {
    throw new RangeError(`Cannot purge: embargoBars must be an integer >= 0, got ${embargoBars}`);
  }
  if (!(embargoShare >= 0 && embargoShare < 1)) {
    throw new RangeError(`Cannot purge: embargoShare must be in [0, 1), got ${embargoShare}`);
  }
  return embargoBars ?? Math.ceil(embargoShare * length);
}

/** Rows of ranges, in order. */
export function rowsOf(ranges: readonly BarRange[]): Int32Array {
  let n = 0;
  for (const [from, to] of ranges) n += to - from;
  const rows = new Int32Array(n);
  n = 0;
  for (const [from, to] of ranges) for (let i = from; i < to; i++) rows[n++] = i;
  return rows;
}

/**
 * The K splits, each fold being tested once.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { purgedKFold } from "./purged_k_fold.ts";
 * // Labels look two rows ahead: rows 2 and 3 know of the test rows 4 and 5, rows 6 and 7 are known.
 * const spanEnd = Int32Array.from({ length: 10 }, (_, i) => Math.min(9, i + 2));
 * const split = purgedKFold(10, { folds: 5, spanEnd })[2];
 * assert.deepEqual([...split.test], [4, 5]);
 * assert.deepEqual([...split.train], [0, 1, 8, 9]);
 * ```
 * @throws {RangeError} If folds, spans or embargo cannot be used.
 */
export function purgedKFold(
  length: number,
  options: PurgeOptions & { folds: number },
): PurgedSplit[] {
  return foldRanges(length, options.folds).map((range) => ({
    train: purgedTrainRows(length, [range], options),
    test: rowsOf([range]),
    testRanges: [range],
  }));
}
