import type { Kernel } from "./kernel.ts";

/** Wilder's parabolic stop and reverse, started by the direction of the second bar as in TA-Lib. */
export function sarKernel(step: number, most: number): Kernel {
  let seen = 0;
  // Between calls; within one the loop has them in variables of its own, which is several times faster.
  const state = { side: 1, extreme: 0.5, factor: 0.5, sar: 0.5, lastHigh: 0.5, lastLow: 0.5 };
  return {
    reset() {
      seen = 0;
    },
    run([h, l], [out], from, to) {
      let { side, extreme, factor, sar, lastHigh, lastLow } = state;
      let i = from;
      for (; i < to && seen < 2; i++) {
        const high = h[i];
        const low = l[i];
        if (seen++ === 0) out[i] = NaN;
        else {
          const down = lastLow - low;
          side = down > 0 && high - lastHigh < down ? -1 : 1;
          extreme = side > 0 ? high : low;
          sar = side > 0 ? lastLow : lastHigh;
          factor = step;
        }
        // The second bar is its own predecessor, as in TA-Lib.
        lastHigh = high;
        lastLow = low;
        if (seen === 2) break;
      }
      if (seen < 2) {
        Object.assign(state, { lastHigh, lastLow });
        return;
      }
      for (; i < to; i++) {
        const high = h[i];
        const low = l[i];
        const isLong = side > 0;
        if (isLong ? low <= sar : high >= sar) {
          side = -side;
          // The stop of the other side starts beyond the last two bars and the trend's extreme.
          sar = extreme;
          if (isLong) {
            if (lastHigh > sar) sar = lastHigh;
            if (high > sar) sar = high;
          } else {
            if (lastLow < sar) sar = lastLow;
            if (low < sar) sar = low;
          }
          out[i] = sar;
          factor = step;
          extreme = isLong ? low : high;
        } else {
          out[i] = sar;
          if (isLong ? high > extreme : low < extreme) {
            extreme = isLong ? high : low;
            factor += step;
            if (factor > most) factor = most;
          }
        }
        sar += factor * (extreme - sar);
        if (side > 0) {
          if (lastLow < sar) sar = lastLow;
          if (low < sar) sar = low;
        } else {
          if (lastHigh > sar) sar = lastHigh;
          if (high > sar) sar = high;
        }
        lastHigh = high;
        lastLow = low;
      }
      Object.assign(state, { side, extreme, factor, sar, lastHigh, lastLow });
    },
  };
}
