import type { Kernel } from "./kernel.ts";
import { RollingVariance } from "./rolling_variance.ts";

/** Rows between two fresh sums against rounding. */
const refreshRows = 256;

/**
 * Least squares line through the last `window` values: its end, slope per bar, and r squared.
 *
 * The sum of values weighted by their place slides along; values count from a pivot near them, so that
 * a high level does not cancel the digits.
 */
export function regressionKernel(window: number): Kernel {
  const moments = new RollingVariance(window);
  const middle = (window - 1) / 2;
  const spread = window * (window * window - 1) / 12;
  let seen = 0;
  let age = 0;
  const sums = { pivot: 0.5, sum: 0.5, weighted: 0.5 };

  function refresh(x: Float64Array, end: number): void {
    let sum = 0;
    let weighted = 0;
    const pivot = x[end - 1];
    for (let k = 0; k < window; k++) {
      const d = x[end - window + k] - pivot;
      sum += d;
      weighted += k * d;
    }
    age = 0;
    Object.assign(sums, { pivot, sum, weighted });
  }

  /** Slopes of the windows that end at x[from..to). */
  function slide(x: Float64Array, from: number, to: number, slopes: Float64Array): void {
    let { sum, weighted } = sums;
    const { pivot } = sums;
    const last = window - 1;
    for (let i = from; i < to; i++) {
      const old = x[i - window] - pivot;
      const v = x[i] - pivot;
      // Every value moves one place down, the oldest leaves from place 0.
      weighted += last * v - (sum - old);
      sum += v - old;
      slopes[i] = (weighted - middle * sum) / spread;
    }
    Object.assign(sums, { sum, weighted });
  }

  return {
    reset() {
      seen = 0;
      moments.reset();
    },
    run([x], [value, slopes, fit], from, to) {
      // Mean and sum of squared deviations first; the line takes their places.
      moments.run(x, from, to, value, fit, from);
      let i = from;
      for (; i < to && seen < window; i++) {
        slopes[i] = NaN;
        if (++seen < window) continue;
        refresh(x, i + 1);
        slopes[i] = (sums.weighted - middle * sums.sum) / spread;
      }
      while (i < to) {
        if (age === refreshRows) refresh(x, i);
        const end = Math.min(to, i + refreshRows - age);
        slide(x, i, end, slopes);
        age += end - i;
        i = end;
      }
      for (i = from; i < to; i++) {
        const slope = slopes[i];
        value[i] += slope * middle;
        // A flat line explains all of nothing: no fit.
        fit[i] = fit[i] === 0 ? 0 : slope * slope * spread / fit[i];
      }
    },
  };
}
