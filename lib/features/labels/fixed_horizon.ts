import type { Bars } from "../../data/mod.ts";
import type { Labels } from "./labels.ts";

/** See {@linkcode fixedHorizonLabels}. */
export interface FixedHorizonOptions {
  /** Bars that the label looks ahead. */
  horizonBars: number;
  /**
   * With one or two numbers the label is a class: 1 for a return above the upper one, -1 for a return
   * below the lower one (by default the upper one's negative), else 0. Without, it is the return.
   */
  thresholds?: number | readonly [lower: number, upper: number];
  /** Bars between the label's bar and the price it starts from; 1: from the next close. Default 0. */
  entryLagBars?: number;
  /** Default simple. */
  returns?: "simple" | "log";
}

/**
 * The return of the close over the next `horizonBars` bars, or its class.
 *
 * `values[t]` = close[t + lag + h] / close[t + lag] - 1; `spanEnd[t]` = t + lag + h.
 *
 * @throws {RangeError} If the horizon is no positive whole number, or thresholds cross.
 */
export function fixedHorizonLabels(bars: Bars, options: FixedHorizonOptions): Labels {
  const { horizonBars, thresholds, entryLagBars = 0, returns = "simple" } = options;
  for (
    const [name, value, least] of [
      ["horizonBars", horizonBars, 1],
      ["entryLagBars", entryLagBars, 0],
    ] as const
  ) {
    if (!Number.isInteger(value) || value < least) {
      throw new RangeError(
        `Cannot make labels: ${name} must be a whole number of at least ${least}, got ${value}`,
      );
    }
  }
  let lower = NaN;
  let upper = NaN;
  if (thresholds !== undefined) {
    [lower, upper] = typeof thresholds === "number" ? [-thresholds, thresholds] : thresholds;
    if (!(lower <= upper)) {
      throw new RangeError(
        `Cannot make labels: thresholds must ascend, got ${JSON.stringify([lower, upper])}`,
      );
    }
  }
  const { close, length } = bars;
  const values = new Float64Array(length).fill(NaN);
  const spanEnd = new Int32Array(length);
  for (let t = 0; t < length; t++) {
    const end = t + entryLagBars + horizonBars;
    if (end >= length) {
      spanEnd[t] = t;
      continue;
    }
    const ratio = close[end] / close[t + entryLagBars];
    const value = returns === "log" ? Math.log(ratio) : ratio - 1;
    spanEnd[t] = end;
    values[t] = thresholds === undefined || value !== value
      ? value
      : value > upper
      ? 1
      : value < lower
      ? -1
      : 0;
  }
  return { values, spanEnd, kind: thresholds === undefined ? "fixedHorizon" : "fixedHorizonClass" };
}
