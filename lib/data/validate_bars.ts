import type { Bars } from "./bars.ts";
import { DataError, type DataFault } from "./data_error.ts";

/** A time for people: the date alone when the hour is midnight UTC. */
export function formatTime(time: number): string {
  if (!Number.isFinite(time) || Math.abs(time) > 8.64e15) return String(time);
  const iso = new Date(time).toISOString();
  return iso.endsWith("T00:00:00.000Z") ? iso.slice(0, 10) : iso.replace(".000Z", "Z");
}

/** One fault of one row, before it is thrown or counted. */
export interface BarFault {
  fault: DataFault;
  /** Index from 0. */
  index: number;
  field: string;
  value: number;
  /** What must hold, as `must be at least low 3`. */
  rule: string;
}

const prices = ["open", "high", "low", "close"] as const;

/** Gives every structural fault of the bars to `report`, row by row; stops when it returns true. */
export function eachBarFault(bars: Bars, report: (fault: BarFault) => boolean | void): void {
  const { time, open, high, low, close, volume, length } = bars;
  for (let i = 0; i < length; i++) {
    const t = time[i];
    const o = open[i];
    const h = high[i];
    const l = low[i];
    const c = close[i];
    const v = volume[i];
    // The usual row in one comparison chain; NaN fails each of them.
    if (
      (i === 0 ? t - t === 0 : t > time[i - 1]) && l >= 0 && h >= l && o >= l && o <= h &&
      c >= l && c <= h && h - h === 0 && !(v < 0) && v !== Infinity
    ) continue;
    const fail = (fault: DataFault, field: string, value: number, rule: string) =>
      report({ fault, index: i, field, value, rule }) === true;
    if (!Number.isFinite(t)) {
      if (fail("bad-time", "time", t, "must be a time in milliseconds UTC")) return;
    } else if (i > 0 && t === time[i - 1]) {
      if (fail("duplicate-time", "time", t, "must not occur twice")) return;
    } else if (i > 0 && t < time[i - 1]) {
      const before = formatTime(time[i - 1]);
      if (fail("out-of-order", "time", t, `must be after the row before (${before})`)) return;
    }
    let numeric = true;
    for (const field of prices) {
      const value = bars[field][i];
      if (!Number.isFinite(value)) {
        numeric = false;
        if (fail("not-a-number", field, value, "must be a number")) return;
      } else if (value < 0) {
        numeric = false;
        if (fail("negative-price", field, value, "must not be negative")) return;
      }
    }
    if (numeric) {
      if (h < l) {
        if (fail("high-below-low", "high", h, `must be at least low ${l}`)) return;
      } else {
        for (const field of ["open", "close"] as const) {
          const value = bars[field][i];
          if (value < l || value > h) {
            const rule = `must lie in [low ${l}, high ${h}]`;
            if (fail("price-outside-range", field, value, rule)) return;
          }
        }
      }
    }
    if (v < 0) {
      if (fail("negative-volume", "volume", v, "must not be negative")) return;
    } else if (v === Infinity) {
      if (fail("not-a-number", "volume", v, "must be a number")) return;
    }
  }
}

/**
 * The bars themselves, when each row is sound: times strictly ascend, prices are finite and not
 * negative, low <= open, close <= high, volume is not negative (NaN means unknown).
 *
 * Gaps in time are no structural fault; `checkQuality()` reports them.
 *
 * @throws {DataError} Naming the first bad row (from 1), its field and value.
 */
export function validateBars(bars: Bars, options: { path?: string; action?: string } = {}): Bars {
  const { path, action = "use bars" } = options;
  eachBarFault(bars, (f) => {
    const value = f.field === "time" ? formatTime(f.value) : f.value;
    throw new DataError(
      f.fault,
      `Cannot ${action}${path ? ` of ${path}` : ""}: ${f.field} ${f.rule}, got ${value} in row ${
        f.index + 1
      }`,
      { row: f.index + 1, field: f.field, value: f.value, path },
    );
  });
  return bars;
}
