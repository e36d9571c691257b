import { z } from "zod";
import { adxKernel } from "../adx.ts";
import { Ema, wilder } from "../ema.ts";
import { bars, defineFeature, source } from "../feature_definition.ts";
import type { Kernel } from "../kernel.ts";
import { RollingMax, RollingSum } from "../rolling.ts";

const highLowClose = ["high", "low", "close"];

/** Bars since the highest high and lowest low of the last window + 1 bars, as 100 (now) to 0. */
function aroonKernel(window: number): Kernel {
  let seen = 0;
  let highAge = 0;
  let lowAge = 0;
  return {
    run([h, l], [up, down, oscillator], from, to) {
      let n = seen;
      let high = highAge;
      let low = lowAge;
      for (let i = from; i < to; i++) {
        if (h[i] !== h[i] || l[i] !== l[i]) {
          n = 0;
          up[i] = down[i] = oscillator[i] = NaN;
          continue;
        }
        if (n === 0) high = low = 0;
        else {
          high = extremeAge(h, i, high + 1, window, 1);
          low = extremeAge(l, i, low + 1, window, -1);
        }
        if (n <= window) n++;
        if (n <= window) {
          up[i] = down[i] = oscillator[i] = NaN;
          continue;
        }
        up[i] = 100 * (window - high) / window;
        down[i] = 100 * (window - low) / window;
        oscillator[i] = up[i] - down[i];
      }
      seen = n;
      highAge = high;
      lowAge = low;
    },
  };
}

/**
 * Age of the highest (sign 1) or lowest (-1) of the last window + 1 values, given the age of the one
 * before this row; the latest of equals.
 */
function extremeAge(
  x: Float64Array,
  i: number,
  age: number,
  window: number,
  sign: 1 | -1,
): number {
  if (age <= window) return sign * x[i] >= sign * x[i - age] ? 0 : age;
  let best = 0;
  for (let k = 1; k <= window; k++) if (sign * x[i - k] > sign * x[i - best]) best = k;
  return best;
}

/** Vortex indicators: upward and downward movement over true range. */
function vortexKernel(window: number): Kernel {
  const plus = new RollingSum(window);
  const minus = new RollingSum(window);
  const ranges = new RollingSum(window);
  let lastHigh = NaN;
  let lastLow = NaN;
  let lastClose = NaN;
  return {
    run([h, l, c], [plusOut, minusOut], from, to) {
      let beforeHigh = lastHigh;
      let beforeLow = lastLow;
      let beforeClose = lastClose;
      for (let i = from; i < to; i++) {
        const range = Math.max(h[i], beforeClose) - Math.min(l[i], beforeClose);
        const up = Math.abs(h[i] - beforeLow);
        const down = Math.abs(l[i] - beforeHigh);
        const hole = range !== range || up !== up || down !== down;
        beforeHigh = h[i];
        beforeLow = l[i];
        beforeClose = c[i];
        if (hole) {
          plus.reset();
          minus.reset();
          ranges.reset();
          plusOut[i] = minusOut[i] = NaN;
          continue;
        }
        plus.push(up);
        minus.push(down);
        ranges.push(range);
        const filled = ranges.filled;
        plusOut[i] = filled ? (ranges.sum > 0 ? plus.sum / ranges.sum : 1) : NaN;
        minusOut[i] = filled ? (ranges.sum > 0 ? minus.sum / ranges.sum : 1) : NaN;
      }
      lastHigh = beforeHigh;
      lastLow = beforeLow;
      lastClose = beforeClose;
    },
  };
}

/** Wilder's parabolic stop and reverse, started by the direction of the second bar as in TA-Lib. */
function sarKernel(step: number, most: number): Kernel {
  let seen = 0;
  let isLong = true;
  let extreme = 0;
  let factor = 0;
  let sar = 0;
  let lastHigh = 0;
  let lastLow = 0;
  return {
    run([h, l], [out], from, to) {
      for (let i = from; i < to; i++) {
        const high = h[i];
        const low = l[i];
        if (high !== high || low !== low) {
          seen = 0;
          out[i] = NaN;
          continue;
        }
        if (seen === 0) {
          seen = 1;
          lastHigh = high;
          lastLow = low;
          out[i] = NaN;
          continue;
        }
        if (seen === 1) {
          seen = 2;
          const down = lastLow - low;
          isLong = !(down > 0 && high - lastHigh < down);
          extreme = isLong ? high : low;
          sar = isLong ? lastLow : lastHigh;
          factor = step;
          // The second bar is its own predecessor, as in TA-Lib.
          lastHigh = high;
          lastLow = low;
        }
        const turned = isLong ? low <= sar : high >= sar;
        if (turned) {
          isLong = !isLong;
          sar = isLong ? Math.min(extreme, lastLow, low) : Math.max(extreme, lastHigh, high);
          out[i] = sar;
          factor = step;
          extreme = isLong ? high : low;
        } else {
          out[i] = sar;
          if (isLong ? high > extreme : low < extreme) {
            extreme = isLong ? high : low;
            factor = Math.min(most, factor + step);
          }
        }
        sar += factor * (extreme - sar);
        sar = isLong ? Math.min(sar, lastLow, low) : Math.max(sar, lastHigh, high);
        lastHigh = high;
        lastLow = low;
      }
    },
  };
}

/** Supertrend: a band of `factor` average true ranges that ratchets, and the side the close is on. */
function superTrendKernel(window: number, factor: number): Kernel {
  const atr = wilder(window);
  let lastClose = NaN;
  let upper = NaN;
  let lower = NaN;
  let side = 1;
  return {
    run([h, l, c], [line, direction], from, to) {
      for (let i = from; i < to; i++) {
        const range = Math.max(h[i], lastClose) - Math.min(l[i], lastClose);
        const before = lastClose;
        lastClose = c[i];
        if (range !== range) {
          atr.reset();
          upper = lower = NaN;
          side = 1;
          line[i] = direction[i] = NaN;
          continue;
        }
        const half = factor * atr.push(range);
        const middle = (h[i] + l[i]) / 2;
        if (half !== half) {
          line[i] = direction[i] = NaN;
          continue;
        }
        const lastUpper = upper;
        const lastLower = lower;
        // A band moves towards the price only, unless the close before had left it.
        upper = !(middle + half >= lastUpper) || before > lastUpper ? middle + half : lastUpper;
        lower = !(middle - half <= lastLower) || before < lastLower ? middle - half : lastLower;
        if (c[i] > lastUpper) side = 1;
        else if (c[i] < lastLower) side = -1;
        line[i] = side > 0 ? lower : upper;
        direction[i] = side;
      }
    },
  };
}

/** Least squares line through the last values: its end, slope per bar, and r squared. */
function regressionKernel(window: number): Kernel {
  const ring = new Float64Array(window);
  const sumX = window * (window - 1) / 2;
  const sumXX = window * (window - 1) * (2 * window - 1) / 6;
  const spreadX = sumXX - sumX * sumX / window;
  let seen = 0;
  let at = 0;
  return {
    run([x], [value, slopeOut, fit], from, to) {
      for (let i = from; i < to; i++) {
        const v = x[i];
        if (v !== v) {
          seen = 0;
          at = 0;
          value[i] = slopeOut[i] = fit[i] = NaN;
          continue;
        }
        ring[at] = v;
        at = at + 1 === window ? 0 : at + 1;
        if (seen < window) seen++;
        if (seen < window) {
          value[i] = slopeOut[i] = fit[i] = NaN;
          continue;
        }
        let sum = 0;
        for (let k = 0; k < window; k++) sum += ring[k];
        const mean = sum / window;
        let cross = 0;
        let spread = 0;
        let position = -(window - 1) / 2;
        let k = at;
        for (let j = 0; j < window; j++) {
          const d = ring[k] - mean;
          cross += position++ * d;
          spread += d * d;
          k = k + 1 === window ? 0 : k + 1;
        }
        const slope = cross / spreadX;
        value[i] = mean + slope * (window - 1) / 2;
        slopeOut[i] = slope;
        // A flat line explains all of nothing: no fit.
        fit[i] = spread > 0 ? slope * cross / spread : 0;
      }
    },
  };
}

export const trend = {
  adx: defineFeature({
    family: "trend",
    summary: "Average directional index, plus and minus directional indicator, 0 to 100 (Wilder)",
    params: z.strictObject({ window: bars(14, 2) }),
    inputs: () => highLowClose,
    outputs: () => ["adx", "plus", "minus"],
    lookback: () => 0,
    warmup: (p) => 2 * p.window - 1,
    create: (p) => adxKernel(p.window),
  }),
  aroon: defineFeature({
    family: "trend",
    summary: "Aroon up, down (0 to 100) and their difference",
    params: z.strictObject({ window: bars(14) }),
    inputs: () => ["high", "low"],
    outputs: () => ["up", "down", "oscillator"],
    lookback: (p) => p.window,
    warmup: (p) => p.window,
    create: (p) => aroonKernel(p.window),
  }),
  vortex: defineFeature({
    family: "trend",
    summary: "Vortex indicators, plus and minus",
    params: z.strictObject({ window: bars(14) }),
    inputs: () => highLowClose,
    outputs: () => ["plus", "minus"],
    lookback: () => 0,
    warmup: (p) => p.window,
    create: (p) => vortexKernel(p.window),
  }),
  parabolicSar: defineFeature({
    family: "trend",
    summary: "Parabolic stop and reverse, in price",
    params: z.strictObject({
      step: z.number().positive().max(1).default(0.02),
      most: z.number().positive().max(1).default(0.2),
    }),
    inputs: () => ["high", "low"],
    lookback: () => 0,
    warmup: () => 1,
    create: (p) => sarKernel(p.step, p.most),
  }),
  superTrend: defineFeature({
    family: "trend",
    summary: "Supertrend line in price, and the side of the close: 1 above, -1 below",
    params: z.strictObject({ window: bars(10), factor: z.number().positive().default(3) }),
    inputs: () => highLowClose,
    outputs: () => ["line", "side"],
    lookback: () => 0,
    warmup: (p) => p.window,
    create: (p) => superTrendKernel(p.window, p.factor),
  }),
  linearRegression: defineFeature({
    family: "trend",
    summary: "Least squares line through the last bars: its end, slope per bar, r squared",
    params: z.strictObject({ source, window: bars(14, 2) }),
    inputs: (p) => [p.source],
    outputs: () => ["value", "slope", "r2"],
    lookback: () => 0,
    warmup: (p) => p.window - 1,
    create: (p) => regressionKernel(p.window),
  }),
  massIndex: defineFeature({
    family: "trend",
    summary: "Mass index: sum of the range's average over the average's average",
    params: z.strictObject({ smooth: bars(9), window: bars(25) }),
    inputs: () => ["high", "low"],
    lookback: () => 0,
    warmup: (p) => 2 * (p.smooth - 1) + p.window - 1,
    create({ smooth, window }) {
      const once = new Ema(smooth);
      const twice = new Ema(smooth);
      const sum = new RollingSum(window);
      return {
        run([h, l], [out], from, to) {
          for (let i = from; i < to; i++) {
            const range = h[i] - l[i];
            if (range !== range) {
              once.reset();
              twice.reset();
              sum.reset();
              out[i] = NaN;
              continue;
            }
            const a = once.push(range);
            const b = a === a ? twice.push(a) : NaN;
            if (b === b) sum.push(b > 0 ? a / b : 1);
            out[i] = sum.filled ? sum.sum : NaN;
          }
        },
      };
    },
  }),
  choppiness: defineFeature({
    family: "trend",
    summary: "Choppiness index: 100 for a market that goes nowhere, towards 0 for a straight line",
    params: z.strictObject({ window: bars(14, 2) }),
    inputs: () => highLowClose,
    lookback: () => 0,
    warmup: (p) => p.window,
    create({ window }) {
      const ranges = new RollingSum(window);
      const high = new RollingMax(window);
      const low = new RollingMax(window);
      const scale = 100 / Math.log10(window);
      let lastClose = NaN;
      return {
        run([h, l, c], [out], from, to) {
          for (let i = from; i < to; i++) {
            const range = Math.max(h[i], lastClose) - Math.min(l[i], lastClose);
            lastClose = c[i];
            if (range !== range) {
              ranges.reset();
              high.reset();
              low.reset();
              out[i] = NaN;
              continue;
            }
            ranges.push(range);
            high.push(h[i]);
            low.push(-l[i]);
            const spread = high.max + low.max;
            out[i] = !ranges.filled
              ? NaN
              : spread > 0
              ? scale * Math.log10(ranges.sum / spread)
              : 100;
          }
        },
      };
    },
  }),
};
