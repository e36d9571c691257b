import { trueRange } from "./average_true_range.ts";
import { fromSecondRow, type Kernel } from "./kernel.ts";
import { sumOf } from "./rolling_sum.ts";
import { Series } from "./series.ts";

/** Rows between two fresh sums against rounding. */
const refreshRows = 256;

/**
 * Ultimate oscillator: buying pressure over true range in three ascending windows, weighted 4, 2, 1.
 *
 * Six running sums in one loop: each has to wait for its own last addition only. A window of bars
 * without range counts as half bought.
 */
export function ultimateKernel(windows: readonly [number, number, number]): Kernel {
  const [short, middle, long] = windows;
  const pressures = new Series(long);
  const ranges = new Series(long);
  let seen = 0;
  let age = 0;
  let zeros = 0;
  /** Of each window: the sum of pressures, then that of ranges. */
  const sums = new Float64Array(6);
  return fromSecondRow({
    reset() {
      seen = age = zeros = 0;
    },
    run([h, l, c], [out], from, to) {
      const place = pressures.extend(to - from);
      ranges.extend(to - from);
      const pressure = pressures.values;
      const range = ranges.values;
      for (let i = from, o = place; i < to; i++, o++) {
        const before = c[i - 1];
        const below = l[i] - before;
        pressure[o] = c[i] - l[i] + 0.5 * (Math.abs(below) + below);
        range[o] = trueRange(h[i], l[i], before);
      }
      let i = from;
      let o = place;
      for (; i < to && seen < long; i++, o++) {
        zeros = range[o] === 0 ? zeros + 1 : 0;
        if (++seen < long) out[i] = NaN;
        else {
          sumUp(o + 1);
          out[i] = shares();
        }
      }
      while (i < to) {
        if (age === refreshRows) sumUp(o);
        const end = Math.min(to, i + refreshRows - age);
        slide(out, i, end, o);
        age += end - i;
        o += end - i;
        i = end;
      }
    },
  });

  /** Takes the sums of the windows before place `end` anew. */
  function sumUp(end: number): void {
    age = 0;
    windows.forEach((window, k) => {
      sums[2 * k] = sumOf(pressures.values, end - window, end);
      sums[2 * k + 1] = sumOf(ranges.values, end - window, end);
    });
  }

  function shares(): number {
    return weigh(sums[0], sums[1], 4, zeros >= short) +
      weigh(sums[2], sums[3], 2, zeros >= middle) +
      weigh(sums[4], sums[5], 1, zeros >= long);
  }

  function slide(out: Float64Array, from: number, to: number, place: number): void {
    const p = pressures.values;
    const r = ranges.values;
    let [p1, r1, p2, r2, p3, r3] = sums;
    let still = zeros;
    for (let i = from, o = place; i < to; i++, o++) {
      const pressure = p[o];
      const range = r[o];
      p1 += pressure - p[o - short];
      r1 += range - r[o - short];
      p2 += pressure - p[o - middle];
      r2 += range - r[o - middle];
      p3 += pressure - p[o - long];
      r3 += range - r[o - long];
      still = range === 0 ? still + 1 : 0;
      if (still < short) { // then all windows have moved
        out[i] = (400 * p1 / r1 + 200 * p2 / r2 + 100 * p3 / r3) / 7;
        continue;
      }
      // Nothing moved in the window: what is left in its sums is rounding.
      p1 = r1 = 0;
      if (still >= middle) p2 = r2 = 0;
      if (still >= long) p3 = r3 = 0;
      out[i] = weigh(p1, r1, 4, true) + weigh(p2, r2, 2, still >= middle) +
        weigh(p3, r3, 1, still >= long);
    }
    sums.set([p1, r1, p2, r2, p3, r3]);
    zeros = still;
  }
}

/** The part of a whole in percent, of sevenths; half of it where the whole is nothing. */
function weigh(part: number, whole: number, sevenths: number, isNothing: boolean): number {
  return isNothing ? sevenths * 50 / 7 : sevenths * 100 * part / whole / 7;
}
