/**
 * Walk-forward: fit on the past, judge on what follows, move on.
 * @module
 */

/** A half-open range of bars. */
export type BarRange = readonly [from: number, to: number];

export interface WalkForwardWindow {
  index: number;
  train: BarRange;
  test: BarRange;
}

export interface WalkForwardOptions {
  /** Bars in the first training window (and in every one when `mode` is `rolling`). */
  trainBars: number;
  /** Bars judged before the next re-tuning. */
  testBars: number;
  /** `anchored` (default): training starts at bar 0 and grows; `rolling`: it keeps its length. */
  mode?: "anchored" | "rolling";
  /** Bars left out between training and test. */
  embargoBars?: number;
  /** Bars that do not count at the start (warm-up). */
  from?: number;
  /** Whether a last test window shorter than `testBars` is used; true by default. */
  keepPartial?: boolean;
}

/**
 * Training and test windows in order of time; test windows follow each other without gap or overlap.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { walkForwardWindows } from "./walk_forward.ts";
 * assert.deepEqual(walkForwardWindows(10, { trainBars: 4, testBars: 3 }), [
 *   { index: 0, train: [0, 4], test: [4, 7] },
 *   { index: 1, train: [0, 7], test: [7, 10] },
 * ]);
 * ```
 * @throws {RangeError} If not even one window fits.
 */
export function walkForwardWindows(
  length: number,
  options: WalkForwardOptions,
): WalkForwardWindow[] {
  const { trainBars, testBars, mode = "anchored", embargoBars = 0, from = 0 } = options;
  for (
    const [name, value, least] of [
      ["trainBars", trainBars, 1],
      ["testBars", testBars, 1],
      ["embargoBars", embargoBars, 0],
      ["from", from, 0],
    ] as const
  ) {
    if (!(Number.isInteger(value) && value >= least)) {
      throw new RangeError(
        `Cannot walk forward: ${name} must be an integer >= ${least}, got ${value}`,
      );
    }
  }
  const windows: WalkForwardWindow[] = [];
  for (let at = from + trainBars + embargoBars; at < length; at += testBars) {
    const end = Math.min(length, at + testBars);
    if (end - at < testBars && options.keepPartial === false) break;
    const trainEnd = at - embargoBars;
    windows.push({
      index: windows.length,
      train: [mode === "anchored" ? from : trainEnd - trainBars, trainEnd],
      test: [at, end],
    });
  }
  if (windows.length === 0) {
    throw new RangeError(
      `Cannot walk forward: trainBars and embargoBars must leave bars to test, got ${trainBars} and ${embargoBars} of ${
        length - from
      }`,
    );
  }
  return windows;
}

/** One window after it was run. */
export interface WalkForwardStep<Fitted> extends WalkForwardWindow {
  /** What `fit` chose on the training window. */
  fitted: Fitted;
  /** Returns of the test window, one per bar. */
  returns: Float64Array;
}

export interface WalkForwardResult<Fitted> {
  steps: WalkForwardStep<Fitted>[];
  /** Test returns of all windows put together: the only returns that count. */
  returns: Float64Array;
  /** First bar of the first test window. */
  from: number;
}

/**
 * Tunes on each training window and applies what was found to the test window that follows.
 *
 * `fit` must look at bars of `train` only; `apply` returns one return per test bar (it may look back
 * for indicators). Both may be asynchronous: a model can be trained in `fit`.
 *
 * @throws {RangeError} If windows do not fit, or `apply` returns another number of returns.
 */
export async function walkForward<Fitted>(
  length: number,
  steps: {
    fit: (train: BarRange, window: WalkForwardWindow) => Fitted | Promise<Fitted>;
    apply: (
      fitted: Fitted,
      test: BarRange,
      window: WalkForwardWindow,
    ) => Float64Array | Promise<Float64Array>;
    onStep?: (step: WalkForwardStep<Fitted>) => void;
  },
  options: WalkForwardOptions,
): Promise<WalkForwardResult<Fitted>> {
  const windows = walkForwardWindows(length, options);
  const from = windows[0].test[0];
  const all = new Float64Array(windows.at(-1)!.test[1] - from);
  const done: WalkForwardStep<Fitted>[] = [];
  for (const window of windows) {
    const fitted = await steps.fit(window.train, window);
    const returns = await steps.apply(fitted, window.test, window);
    const bars = window.test[1] - window.test[0];
    if (returns.length !== bars) {
      throw new RangeError(
        `Cannot walk forward: apply() must give ${bars} returns for window ${window.index}, got ${returns.length}`,
      );
    }
    all.set(returns, window.test[0] - from);
    const step = { ...window, fitted, returns };
    done.push(step);
    steps.onStep?.(step);
  }
  return { steps: done, returns: all, from };
}
