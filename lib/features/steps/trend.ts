import { z } from "zod";
import { adxKernel } from "../adx.ts";
import { trueRanges } from "../bar_prices.ts";
import { Ema, wilder } from "../ema.ts";
import { bars, defineFeature, source } from "../feature_definition.ts";
import { fromSecondRow, type Kernel } from "../kernel.ts";
import { sarKernel } from "../parabolic_sar.ts";
import { RollingExtremeAge } from "../rolling_extreme_age.ts";
import { RollingRange } from "../rolling_max.ts";
import { regressionKernel } from "../rolling_regression.ts";
import { RollingSum } from "../rolling_sum.ts";
import { scratch } from "../scratch.ts";
import { runWhereDefined, Series } from "../series.ts";

const highLowClose = ["high", "low", "close"];

/** Bars since the highest high and lowest low of the last window + 1 bars, as 100 (now) to 0. */
function aroonKernel(window: number): Kernel {
  const high = new RollingExtremeAge(window + 1);
  const low = new RollingExtremeAge(window + 1);
  const scale = 100 / window;
  return {
    reset() {
      high.reset();
      low.reset();
    },
    run([h, l], [up, down, oscillator], from, to) {
      high.run(h, from, to, 1, up, from);
      low.run(l, from, to, -1, down, from);
      for (let i = from; i < to; i++) {
        up[i] = (window - up[i]) * scale;
        down[i] = (window - down[i]) * scale;
        oscillator[i] = up[i] - down[i];
      }
    },
  };
}

/** Vortex indicators: upward and downward movement over true range. */
function vortexKernel(window: number): Kernel {
  const plus = new RollingSum(window);
  const minus = new RollingSum(window);
  const range = new RollingSum(window, true);
  const ups = new Series(window);
  const downs = new Series(window);
  const ranges = new Series(window);
  return fromSecondRow({
    reset() {
      plus.reset();
      minus.reset();
      range.reset();
    },
    run([h, l, c], [plusOut, minusOut], from, to) {
      const n = to - from;
      const place = ups.extend(n);
      downs.extend(n);
      ranges.extend(n);
      for (let i = from, o = place; i < to; i++, o++) {
        ups.values[o] = Math.abs(h[i] - l[i - 1]);
        downs.values[o] = Math.abs(l[i] - h[i - 1]);
      }
      trueRanges(h, l, c, from, to, ranges.values, place);
      const whole = scratch(0, n);
      plus.run(ups.values, place, place + n, plusOut, from);
      minus.run(downs.values, place, place + n, minusOut, from);
      range.run(ranges.values, place, place + n, whole, 0);
      for (let i = from, k = 0; i < to; i++, k++) {
        plusOut[i] = whole[k] === 0 ? 1 : plusOut[i] / whole[k];
        minusOut[i] = whole[k] === 0 ? 1 : minusOut[i] / whole[k];
      }
    },
  });
}

/** Supertrend: a band of `factor` average true ranges that ratchets, and the side the close is on. */
function superTrendKernel(window: number, factor: number): Kernel {
  const atr = wilder(window);
  let lastClose = NaN;
  let upper = NaN;
  let lower = NaN;
  let side = 1;
  return {
    reset() {
      atr.reset();
      lastClose = upper = lower = NaN;
      side = 1;
    },
    run([h, l, c], [line, direction], from, to) {
      for (let i = from; i < to; i++) {
        const before = lastClose;
        const range = Math.max(h[i], before) - Math.min(l[i], before);
        lastClose = c[i];
        const half = range === range ? factor * atr.push(range) : NaN;
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

/** Sum of the range's average over the average's average. */
function massKernel(smooth: number, window: number): Kernel {
  const once = new Ema(smooth);
  const twice = new Ema(smooth);
  const sum = new RollingSum(window);
  const shares = new Series(window);
  return {
    reset() {
      once.reset();
      twice.reset();
      sum.reset();
    },
    run([h, l], [out], from, to) {
      const place = shares.extend(to - from);
      const { values } = shares;
      for (let i = from, o = place; i < to; i++, o++) {
        const a = once.push(h[i] - l[i]);
        const b = a === a ? twice.push(a) : NaN;
        values[o] = b === 0 ? 1 : a / b;
      }
      runWhereDefined(sum, values, place, place + to - from, out, from);
    },
  };
}

/** How much longer the path was than the range it stayed in, on a logarithmic scale. */
function choppinessKernel(window: number): Kernel {
  const path = new RollingSum(window);
  const extremes = new RollingRange(window);
  const ranges = new Series(window);
  const scale = 100 / Math.log10(window);
  return fromSecondRow({
    reset() {
      path.reset();
      extremes.reset();
    },
    run([h, l, c], [out], from, to) {
      const n = to - from;
      const place = ranges.extend(n);
      trueRanges(h, l, c, from, to, ranges.values, place);
      const top = scratch(0, n);
      const bottom = scratch(1, n);
      path.run(ranges.values, place, place + n, out, from);
      extremes.run(h, l, from, to, top, 0, bottom, 0);
      for (let i = from, k = 0; i < to; i++, k++) {
        const spread = top[k] - bottom[k];
        out[i] = spread === 0 ? 100 : scale * Math.log10(out[i] / spread);
      }
    },
  });
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
    lookback: (p) => p.window + 1,
    warmup: (p) => p.window,
    create: (p) => aroonKernel(p.window),
  }),
  vortex: defineFeature({
    family: "trend",
    summary: "Vortex indicators, plus and minus",
    params: z.strictObject({ window: bars(14) }),
    inputs: () => highLowClose,
    outputs: () => ["plus", "minus"],
    lookback: () => 1,
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
    lookback: (p) => p.window,
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
    create: (p) => massKernel(p.smooth, p.window),
  }),
  choppiness: defineFeature({
    family: "trend",
    summary: "Choppiness index: 100 for a market that goes nowhere, towards 0 for a straight line",
    params: z.strictObject({ window: bars(14, 2) }),
    inputs: () => highLowClose,
    lookback: (p) => p.window,
    warmup: (p) => p.window,
    create: (p) => choppinessKernel(p.window),
  }),
};
