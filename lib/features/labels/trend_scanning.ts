import type { Bars } from "../../data/mod.ts";
import type { Labels } from "./labels.ts";

/** Labels with the strength of the trend found. */
export interface TrendScanningLabels extends Labels {
  /** t value of the slope of the horizon chosen; NaN without label. */
  tValues: Float64Array;
}

/**
 * The sign of the clearest trend ahead: of the least squares lines through close[t..t+h] for h from
 * `minBars` to `maxBars`, the one whose slope has the largest |t value|. 0 for prices without slope.
 *
 * No label where bar t + maxBars does not exist. A perfect line has an infinite t value.
 *
 * @throws {RangeError} Unless 2 <= minBars <= maxBars.
 * @see López de Prado 2020, Machine Learning for Asset Managers, section 5.4
 */
export function trendScanningLabels(
  bars: Bars,
  options: { minBars?: number; maxBars: number },
): TrendScanningLabels {
  const { minBars = 5, maxBars } = options;
  if (
    !Number.isInteger(minBars) || !Number.isInteger(maxBars) || minBars < 2 || maxBars < minBars
  ) {
    throw new RangeError(
      `Cannot make labels: bars must be whole numbers with 2 <= minBars <= maxBars, got ${minBars} and ${maxBars}`,
    );
  }
  const { close, length } = bars;
  const values = new Float64Array(length).fill(NaN);
  const tValues = new Float64Array(length).fill(NaN);
  const spanEnd = Int32Array.from({ length }, (_, t) => t);
  for (let t = 0; t + maxBars < length; t++) {
    // Welford's updates of the spread of x = 0..h, of y = close - close[t], and of both.
    let meanX = 0, meanY = 0, xx = 0, yy = 0, xy = 0;
    let best = 0;
    let bestEnd = t + minBars;
    for (let h = 0; h <= maxBars; h++) {
      const y = close[t + h] - close[t];
      const dx = h - meanX;
      const dy = y - meanY;
      meanX += dx / (h + 1);
      meanY += dy / (h + 1);
      xx += dx * (h - meanX);
      yy += dy * (y - meanY);
      xy += dx * (y - meanY);
      if (h < minBars) continue;
      const residual = yy - xy * xy / xx;
      // n = h + 1 points, two parameters.
      const value = xy === 0
        ? 0
        : residual <= 1e-14 * yy
        ? Math.sign(xy) * Infinity
        : xy / xx / Math.sqrt(residual / (h - 1) / xx);
      if (Math.abs(value) > Math.abs(best)) {
        best = value;
        bestEnd = t + h;
      }
    }
    values[t] = Math.sign(best);
    tValues[t] = best;
    spanEnd[t] = bestEnd;
  }
  return { values, tValues, spanEnd, kind: "trendScanning" };
}
