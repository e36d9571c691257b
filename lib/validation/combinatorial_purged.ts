/**
 * Combinatorial purged cross-validation: every choice of test groups, and the paths they make.
 *
 * @see Lopez de Prado 2018, "Advances in Financial Machine Learning", chapter 12
 * @module
 */
import {
  foldRanges,
  type PurgedSplit,
  purgedTrainRows,
  type PurgeOptions,
  rowsOf,
} from "./purged_k_fold.ts";
import type { BarRange } from "./walk_forward.ts";

export interface CombinatorialSplit extends PurgedSplit {
  /** Indices of the groups that are tested. */
  testGroups: number[];
}

export interface CombinatorialSplits {
  groups: BarRange[];
  splits: CombinatorialSplit[];
  /** `paths[p][g]` is the split whose test of group g belongs to path p. */
  paths: number[][];
}

/** All ascending choices of `k` out of `n`. */
export function combinations(n: number, k: number): number[][] {
  const found: number[][] = [];
  const chosen: number[] = [];
  const extend = (from: number) => {
    if (chosen.length === k) return void found.push([...chosen]);
    for (let i = from; i <= n - (k - chosen.length); i++) {
      chosen.push(i);
      extend(i + 1);
      chosen.pop();
    }
  };
  extend(0);
  return found;
}

/**
 * Splits of `groups` groups with `testGroups` of them tested at a time: C(n, k) splits, from whose
 * tests `k / n * C(n, k)` paths over all rows are put together.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { combinatorialPurged } from "./combinatorial_purged.ts";
 * const { splits, paths } = combinatorialPurged(60, { groups: 6, testGroups: 2 });
 * assert.deepEqual([splits.length, paths.length], [15, 5]);
 * ```
 * @throws {RangeError} If there are fewer than 2 groups, or not fewer tested than there are.
 */
export function combinatorialPurged(
  length: number,
  options: PurgeOptions & { groups: number; testGroups: number },
): CombinatorialSplits {
  const { groups: n, testGroups: k } = options;
  const groups = foldRanges(length, n);
  if (!(Number.isInteger(k) && k >= 1 && k < n)) {
    throw new RangeError(
      `Cannot split combinatorially: testGroups must be an integer in [1, ${n - 1}], got ${k}`,
    );
  }
  const splits = combinations(n, k).map((testGroups) => {
    const testRanges = testGroups.map((g) => groups[g]);
    return {
      testGroups,
      testRanges,
      train: purgedTrainRows(length, testRanges, options),
      test: rowsOf(testRanges),
    };
  });
  // The p-th time a group is tested goes to path p.
  const seen = new Array<number>(n).fill(0);
  const count = splits.length * k / n;
  const paths = Array.from({ length: count }, () => new Array<number>(n).fill(-1));
  splits.forEach((split, s) => {
    for (const g of split.testGroups) paths[seen[g]++][g] = s;
  });
  return { groups, splits, paths };
}

/**
 * Puts test results of all splits together to full paths: `testValues[s]` holds one value per test
 * row of split s, in order. Returns one column of `length` values per path.
 */
export function assemblePaths(
  length: number,
  { groups, splits, paths }: CombinatorialSplits,
  testValues: readonly Float64Array[],
): Float64Array[] {
  return paths.map((path) => {
    const column = new Float64Array(length).fill(NaN);
    path.forEach((s, g) => {
      let at = 0;
      for (const tested of splits[s].testGroups) {
        const [from, to] = groups[tested];
        if (tested === g) column.set(testValues[s].subarray(at, at + to - from), from);
        at += to - from;
      }
    });
    return column;
  });
}
