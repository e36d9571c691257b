import { z } from "zod";
import { AverageTrueRange } from "../average_true_range.ts";
import { Ema } from "../ema.ts";
import { bars, defineFeature, source } from "../feature_definition.ts";
import type { Kernel } from "../kernel.ts";
import { RollingRange } from "../rolling_max.ts";
import { RollingVariance } from "../rolling_variance.ts";
import { scratch } from "../scratch.ts";
import { firstDefined } from "../series.ts";

/** Mean and `deviations` standard deviations about it, and where the value lies between. */
function bollingerKernel(window: number, deviations: number): Kernel {
  const moments = new RollingVariance(window);
  return {
    reset: () => moments.reset(),
    run([x], [upper, middle, lower, percent, width], from, to) {
      const m2 = scratch(0, to - from);
      const mean = scratch(1, to - from);
      moments.run(x, from, to, mean, m2, 0);
      for (let i = from, k = 0; i < to; i++, k++) {
        const half = deviations * Math.sqrt(m2[k] / window);
        const centre = mean[k];
        upper[i] = centre + half;
        middle[i] = centre;
        lower[i] = centre - half;
        // A band without width has the price in its middle.
        percent[i] = half === 0 ? 0.5 : (x[i] - centre + half) / (2 * half);
        width[i] = 2 * half / centre;
      }
    },
  };
}

/** Average of the close, `multiple` average true ranges about it; both needed for any of the lines. */
function keltnerKernel(window: number, atrWindow: number, multiple: number): Kernel {
  const average = new Ema(window);
  const atr = new AverageTrueRange(atrWindow);
  return {
    reset() {
      average.reset();
      atr.reset();
    },
    run(prices, [upper, middle, lower], from, to) {
      average.run(prices[2], from, to, middle, from);
      atr.run(prices, from, to, lower);
      for (let i = from; i < to; i++) {
        const mean = middle[i];
        const half = multiple * lower[i];
        upper[i] = mean + half;
        middle[i] = half === half ? mean : NaN;
        lower[i] = mean - half;
      }
    },
  };
}

function donchianKernel(window: number): Kernel {
  const extremes = new RollingRange(window);
  return {
    reset: () => extremes.reset(),
    run([h, l, c], [upper, lower, middle, place], from, to) {
      extremes.run(h, l, from, to, upper, from, lower, from);
      for (let i = from; i < to; i++) {
        const lowest = lower[i];
        const spread = upper[i] - lowest;
        middle[i] = (upper[i] + lowest) / 2;
        place[i] = spread === 0 ? 0.5 : (c[i] - lowest) / spread;
      }
    },
  };
}

function ichimokuKernel(conversion: number, base: number, span: number): Kernel {
  const windows = [conversion, base, span];
  const ranges = windows.map((w) => new RollingRange(w));
  return {
    reset() {
      for (const range of ranges) range.reset();
    },
    run([h, l], [short, middle, spanA, spanB], from, to) {
      const bottom = scratch(0, to - from);
      const lines = [short, middle, spanB];
      for (let k = 0; k < 3; k++) {
        ranges[k].run(h, l, from, to, lines[k], from, bottom, 0);
        middleOf(lines[k], bottom, from, to);
      }
      for (let i = from; i < to; i++) {
        spanA[i] = spanB[i] === spanB[i] ? (short[i] + middle[i]) / 2 : NaN;
      }
      // All lines start together.
      const start = firstDefined(spanB, from, to);
      short.fill(NaN, from, start);
      middle.fill(NaN, from, start);
    },
  };
}

/** The middle of highest highs and lowest lows, in place of the highs. */
function middleOf(line: Float64Array, bottom: Float64Array, from: number, to: number): void {
  for (let i = from, k = 0; i < to; i++, k++) line[i] = (line[i] + bottom[k]) / 2;
}

export const channels = {
  bollinger: defineFeature({
    family: "channel",
    summary:
      "Bollinger bands (ddof 0): upper, middle, lower, place in the band (0 low, 1 high), width / middle",
    params: z.strictObject({
      source,
      window: bars(20, 2),
      deviations: z.number().positive().default(2),
    }),
    inputs: (p) => [p.source],
    outputs: () => ["upper", "middle", "lower", "percent", "width"],
    lookback: (p) => p.window,
    warmup: (p) => p.window - 1,
    create: (p) => bollingerKernel(p.window, p.deviations),
  }),
  keltner: defineFeature({
    family: "channel",
    summary:
      "Keltner channel: exponential average of the close and `multiple` average true ranges about it",
    params: z.strictObject({
      window: bars(20),
      atrWindow: bars(10),
      multiple: z.number().positive().default(2),
    }),
    inputs: () => ["high", "low", "close"],
    outputs: () => ["upper", "middle", "lower"],
    lookback: () => 1,
    warmup: (p) => Math.max(p.window - 1, p.atrWindow),
    create: (p) => keltnerKernel(p.window, p.atrWindow, p.multiple),
  }),
  donchian: defineFeature({
    family: "channel",
    summary:
      "Donchian channel: highest high, lowest low, their middle, and the close's place (0 low, 1 high)",
    params: z.strictObject({ window: bars(20) }),
    inputs: () => ["high", "low", "close"],
    outputs: () => ["upper", "lower", "middle", "place"],
    lookback: (p) => p.window,
    warmup: (p) => p.window - 1,
    create: (p) => donchianKernel(p.window),
  }),
  ichimoku: defineFeature({
    family: "channel",
    summary:
      "Ichimoku: conversion and base line, both spans as known at the bar (not moved ahead); " +
      "the lagging span is left out, as it shows a later close",
    params: z.strictObject({ conversion: bars(9), base: bars(26), span: bars(52) })
      .refine((p) => p.conversion <= p.base && p.base <= p.span, {
        path: ["conversion"],
        error: "windows must ascend",
      }),
    inputs: () => ["high", "low"],
    outputs: () => ["conversion", "base", "spanA", "spanB"],
    lookback: (p) => p.span,
    warmup: (p) => p.span - 1,
    create: (p) => ichimokuKernel(p.conversion, p.base, p.span),
  }),
};
