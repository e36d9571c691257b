import { z } from "zod";
import { Ema, wilder } from "../ema.ts";
import { bars, defineFeature, source } from "../feature_definition.ts";
import { scratch } from "../scratch.ts";
import { RollingMax, RollingVariance } from "../rolling.ts";

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
    lookback: () => 0,
    warmup: (p) => p.window - 1,
    create({ window, deviations }) {
      const moments = new RollingVariance(window);
      return {
        run([x], [upper, middle, lower, percent, width], from, to) {
          for (let i = from; i < to; i++) {
            const v = x[i];
            if (v !== v) moments.reset();
            else moments.push(v);
            if (!moments.filled) {
              upper[i] =
                middle[i] =
                lower[i] =
                percent[i] =
                width[i] =
                  NaN;
              continue;
            }
            const mean = moments.mean;
            const half = deviations * moments.deviation(0);
            upper[i] = mean + half;
            middle[i] = mean;
            lower[i] = mean - half;
            // A band without width has the price in its middle.
            percent[i] = half === 0 ? 0.5 : (v - mean + half) / (2 * half);
            width[i] = 2 * half / mean;
          }
        },
      };
    },
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
    lookback: () => 0,
    warmup: (p) => Math.max(p.window - 1, p.atrWindow),
    create({ window, atrWindow, multiple }) {
      const average = new Ema(window);
      const atr = wilder(atrWindow);
      let last = NaN;
      return {
        run([h, l, c], [upper, middle, lower], from, to) {
          for (let i = from; i < to; i++) {
            const close = c[i];
            if (h[i] !== h[i] || l[i] !== l[i] || close !== close) {
              average.reset();
              atr.reset();
              last = NaN;
              upper[i] = middle[i] = lower[i] = NaN;
              continue;
            }
            const range = Math.max(h[i], last) - Math.min(l[i], last);
            last = close;
            const mean = average.push(close);
            const half = multiple * (range === range ? atr.push(range) : NaN);
            upper[i] = mean + half;
            middle[i] = half === half ? mean : NaN;
            lower[i] = mean - half;
          }
        },
      };
    },
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
    create({ window }) {
      const high = new RollingMax(window);
      const low = new RollingMax(window);
      return {
        run([h, l, c], [upper, lower, middle, place], from, to) {
          const top = scratch(0, to - from);
          const bottom = scratch(1, to - from);
          high.fill(h, from, to, 1, top);
          low.fill(l, from, to, -1, bottom);
          for (let i = from; i < to; i++) {
            const highest = top[i - from];
            const lowest = -bottom[i - from];
            const spread = highest - lowest;
            const whole = spread === spread && c[i] === c[i];
            upper[i] = whole ? highest : NaN;
            lower[i] = whole ? lowest : NaN;
            middle[i] = whole ? (highest + lowest) / 2 : NaN;
            place[i] = !whole ? NaN : spread > 0 ? (c[i] - lowest) / spread : 0.5;
          }
        },
      };
    },
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
    create({ conversion, base, span }) {
      const windows = [conversion, base, span];
      const highs = windows.map((w) => new RollingMax(w));
      const lows = windows.map((w) => new RollingMax(w));
      return {
        run([h, l], [short, middle, spanA, spanB], from, to) {
          const top = scratch(0, to - from);
          const bottom = scratch(1, to - from);
          const lines = [short, middle, spanB];
          for (let k = 0; k < 3; k++) {
            const line = lines[k];
            highs[k].fill(h, from, to, 1, top);
            lows[k].fill(l, from, to, -1, bottom);
            for (let i = from; i < to; i++) line[i] = (top[i - from] - bottom[i - from]) / 2;
          }
          for (let i = from; i < to; i++) {
            if (spanB[i] !== spanB[i]) short[i] = middle[i] = spanA[i] = NaN;
            else spanA[i] = (short[i] + middle[i]) / 2;
          }
        },
      };
    },
  }),
};
