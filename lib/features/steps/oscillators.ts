import { z } from "zod";
import { bars, defineFeature } from "../feature_definition.ts";
import type { Kernel } from "../kernel.ts";
import { RollingMax, RollingSum } from "../rolling.ts";
import { scratch } from "../scratch.ts";

const highLowClose = ["high", "low", "close"];

/**
 * Stochastic oscillator: the close's place in the range of the last bars, k its simple average, d the
 * average of k. In a range of nothing the close is in the middle, 50 (TA-Lib gives 0).
 */
function stochasticKernel(window: number, smoothK: number, smoothD: number): Kernel {
  const high = new RollingMax(window);
  const low = new RollingMax(window);
  const averageK = new RollingSum(smoothK);
  const averageD = new RollingSum(smoothD);
  return {
    run([h, l, c], [k, d], from, to) {
      const top = scratch(0, to - from);
      const bottom = scratch(1, to - from);
      high.fill(h, from, to, 1, top);
      low.fill(l, from, to, -1, bottom);
      for (let i = from; i < to; i++) {
        k[i] = d[i] = NaN;
        const lowest = -bottom[i - from];
        const spread = top[i - from] - lowest;
        const above = c[i] - lowest;
        if (spread !== spread || above !== above) {
          averageK.reset();
          averageD.reset();
          continue;
        }
        averageK.push(spread > 0 ? 100 * above / spread : 50);
        if (!averageK.filled) continue;
        const fast = averageK.sum / smoothK;
        averageD.push(fast);
        if (!averageD.filled) continue;
        k[i] = fast;
        d[i] = averageD.sum / smoothD;
      }
    },
  };
}

/** Williams' %R, -100 to 0; -50 in a range of nothing (TA-Lib gives 0). */
function williamsKernel(window: number): Kernel {
  const high = new RollingMax(window);
  const low = new RollingMax(window);
  return {
    run([h, l, c], [out], from, to) {
      const top = scratch(0, to - from);
      const bottom = scratch(1, to - from);
      high.fill(h, from, to, 1, top);
      low.fill(l, from, to, -1, bottom);
      for (let i = from; i < to; i++) {
        const highest = top[i - from];
        const spread = highest + bottom[i - from];
        const below = highest - c[i];
        out[i] = below !== below || spread !== spread
          ? NaN
          : spread > 0
          ? -100 * below / spread
          : -50;
      }
    },
  };
}

/** Commodity channel index: distance of the typical price from its mean in 0.015 mean deviations. */
function cciKernel(window: number): Kernel {
  const sum = new RollingSum(window);
  const ring = new Float64Array(window);
  let at = 0;
  return {
    run([h, l, c], [out], from, to) {
      for (let i = from; i < to; i++) {
        const v = (h[i] + l[i] + c[i]) / 3;
        if (v !== v) {
          sum.reset();
          at = 0;
          out[i] = NaN;
          continue;
        }
        sum.push(v);
        ring[at] = v;
        at = at + 1 === window ? 0 : at + 1;
        if (!sum.filled) {
          out[i] = NaN;
          continue;
        }
        const mean = sum.sum / window;
        let deviation = 0;
        for (let k = 0; k < window; k++) {
          const d = ring[k] - mean;
          deviation += d < 0 ? -d : d;
        }
        // Rounding alone is no deviation.
        out[i] = deviation > 1e-12 * Math.abs(mean) * window
          ? (v - mean) / (0.015 * deviation / window)
          : 0;
      }
    },
  };
}

/** Money flow index, 0 to 100; 50 where no money flowed (TA-Lib gives 0). */
function mfiKernel(window: number): Kernel {
  const inflow = new RollingSum(window);
  const outflow = new RollingSum(window);
  let last = NaN;
  return {
    run([h, l, c, volume], [out], from, to) {
      let before = last;
      for (let i = from; i < to; i++) {
        const typical = (h[i] + l[i] + c[i]) / 3;
        const change = typical - before;
        const flow = typical * volume[i];
        before = flow === flow ? typical : NaN;
        if (change !== change || flow !== flow) {
          inflow.reset();
          outflow.reset();
          out[i] = NaN;
          continue;
        }
        inflow.push(change > 0 ? flow : 0);
        outflow.push(change < 0 ? flow : 0);
        const sum = inflow.sum + outflow.sum;
        out[i] = !inflow.filled ? NaN : sum > 0 ? 100 * inflow.sum / sum : 50;
      }
      last = before;
    },
  };
}

/** Ultimate oscillator: buying pressure over true range of three windows, weighted 4, 2, 1. */
function ultimateKernel(short: number, middle: number, long: number): Kernel {
  const windows = [short, middle, long];
  const pressures = windows.map((w) => new RollingSum(w));
  const ranges = windows.map((w) => new RollingSum(w));
  let last = NaN;
  return {
    run([h, l, c], [out], from, to) {
      let before = last;
      for (let i = from; i < to; i++) {
        const high = h[i] > before ? h[i] : before;
        const low = l[i] < before ? l[i] : before;
        const range = high - low;
        const pressure = c[i] - low;
        const hole = range !== range || pressure !== pressure || h[i] !== h[i] || l[i] !== l[i];
        before = h[i] === h[i] && l[i] === l[i] ? c[i] : NaN;
        let sum = 0;
        let weight = 4;
        for (let k = 0; k < 3; k++) {
          if (hole) {
            pressures[k].reset();
            ranges[k].reset();
            continue;
          }
          pressures[k].push(pressure);
          ranges[k].push(range);
          if (ranges[k].sum > 0) sum += weight * pressures[k].sum / ranges[k].sum;
          else sum += weight / 2;
          weight /= 2;
        }
        out[i] = !hole && ranges[2].filled ? 100 * sum / 7 : NaN;
      }
      last = before;
    },
  };
}

export const oscillators = {
  stochastic: defineFeature({
    family: "momentum",
    summary: "Slow stochastic oscillator k and d, 0 to 100; smoothK 1 gives the fast one",
    params: z.strictObject({ window: bars(5), smoothK: bars(3), smoothD: bars(3) }),
    inputs: () => highLowClose,
    outputs: () => ["k", "d"],
    lookback: (p) => p.window,
    warmup: (p) => p.window + p.smoothK + p.smoothD - 3,
    create: (p) => stochasticKernel(p.window, p.smoothK, p.smoothD),
  }),
  williamsR: defineFeature({
    family: "momentum",
    summary: "Williams' %R, -100 to 0",
    params: z.strictObject({ window: bars(14) }),
    inputs: () => highLowClose,
    lookback: (p) => p.window,
    warmup: (p) => p.window - 1,
    create: (p) => williamsKernel(p.window),
  }),
  cci: defineFeature({
    family: "momentum",
    summary: "Commodity channel index",
    params: z.strictObject({ window: bars(14, 2) }),
    inputs: () => highLowClose,
    lookback: () => 0,
    warmup: (p) => p.window - 1,
    create: (p) => cciKernel(p.window),
  }),
  mfi: defineFeature({
    family: "momentum",
    summary: "Money flow index, 0 to 100",
    params: z.strictObject({ window: bars(14) }),
    inputs: () => [...highLowClose, "volume"],
    lookback: () => 0,
    warmup: (p) => p.window,
    create: (p) => mfiKernel(p.window),
  }),
  ultimateOscillator: defineFeature({
    family: "momentum",
    summary: "Ultimate oscillator, 0 to 100",
    params: z.strictObject({ short: bars(7), middle: bars(14), long: bars(28) })
      .refine((p) => p.short < p.middle && p.middle < p.long, {
        path: ["short"],
        error: "windows must ascend",
      }),
    inputs: () => highLowClose,
    lookback: () => 0,
    warmup: (p) => p.long,
    create: (p) => ultimateKernel(p.short, p.middle, p.long),
  }),
  awesomeOscillator: defineFeature({
    family: "momentum",
    summary: "Awesome oscillator: fast minus slow simple average of the median price",
    params: z.strictObject({ fast: bars(5), slow: bars(34) })
      .refine((p) => p.fast < p.slow, { path: ["fast"], error: "must be less than slow" }),
    inputs: () => ["high", "low"],
    lookback: () => 0,
    warmup: (p) => p.slow - 1,
    create({ fast, slow }) {
      const short = new RollingSum(fast);
      const long = new RollingSum(slow);
      return {
        run([h, l], [out], from, to) {
          for (let i = from; i < to; i++) {
            const v = (h[i] + l[i]) / 2;
            if (v !== v) {
              short.reset();
              long.reset();
              out[i] = NaN;
              continue;
            }
            short.push(v);
            long.push(v);
            out[i] = long.filled ? short.sum / fast - long.sum / slow : NaN;
          }
        },
      };
    },
  }),
};
