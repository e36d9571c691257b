/**
 * Features that an environment shows must be numbers.
 * @module
 */
import type { Bars } from "../data/mod.ts";
import type { FeatureFrame } from "../features/mod.ts";

/**
 * Checks that a frame has a row for each bar and finite numbers in rows [from, to).
 *
 * @throws {RangeError} Naming the feature, the row and the value.
 */
export function checkFeatures(
  frame: FeatureFrame,
  bars: Bars,
  from: number,
  to: number,
  of = "",
): void {
  if (frame.length !== bars.length) {
    throw new RangeError(
      `Cannot make market environment: frame${of} must have one row per bar (${bars.length}), got ${frame.length}`,
    );
  }
  const end = Math.min(to, frame.length);
  frame.columns.forEach((column, k) => {
    for (let t = Math.max(0, from); t < end; t++) {
      if (!Number.isFinite(column[t])) {
        throw new RangeError(
          `Cannot make market environment: feature ${frame.names[k]}${of} must be finite, got ${
            column[t]
          } at row ${t}`,
        );
      }
    }
  });
}
