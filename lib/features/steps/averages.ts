import { z } from "zod";
import { bars, defineFeature, source } from "../feature_definition.ts";
import type { Kernel } from "../kernel.ts";

/** Averages may be asked for as they are, or as `source / average - 1`, free of the price's level. */
const averaged = (window: number) =>
  z.strictObject({ source, window: bars(window), ratio: z.boolean().default(false) });

/** Simple moving average; the running sum is taken anew every 256 rows against rounding. */
function smaKernel(window: number, ratio: boolean): Kernel {
  let seen = 0;
  let total = 0;
  let age = 0;
  const factor = 1 / window;
  return {
    run([x], [out], from, to) {
      let n = seen;
      let sum = total;
      let rows = age;
      for (let i = from; i < to; i++) {
        const v = x[i];
        if (v !== v) {
          n = 0;
          sum = 0;
          rows = 0;
          out[i] = NaN;
          continue;
        }
        if (n < window) {
          n++;
          sum += v;
        } else {
          sum += v - x[i - window];
          if (++rows === 256) {
            rows = 0;
            sum = 0;
            for (let k = i - window + 1; k <= i; k++) sum += x[k];
          }
        }
        const mean = sum * factor;
        out[i] = n < window ? NaN : ratio ? v / mean - 1 : mean;
      }
      seen = n;
      total = sum;
      age = rows;
    },
  };
}

/** Exponential average with weight `alpha`, seeded with the mean of the first `window` values. */
function emaKernel(window: number, alpha: number, ratio: boolean): Kernel {
  let seen = 0;
  let value = 0;
  return {
    run([x], [out], from, to) {
      let n = seen;
      let ema = value;
      for (let i = from; i < to; i++) {
        const v = x[i];
        if (v !== v) {
          n = 0;
          ema = 0;
          out[i] = NaN;
        } else if (n < window) {
          ema += v;
          if (++n === window) {
            ema /= window;
            out[i] = ratio ? v / ema - 1 : ema;
          } else out[i] = NaN;
        } else {
          ema += alpha * (v - ema);
          out[i] = ratio ? v / ema - 1 : ema;
        }
      }
      seen = n;
      value = ema;
    },
  };
}

export const averages = {
  sma: defineFeature({
    family: "average",
    summary: "Simple moving average; with `ratio`, source / average - 1",
    params: averaged(20),
    inputs: (p) => [p.source],
    lookback: (p) => p.window,
    warmup: (p) => p.window - 1,
    create: (p) => smaKernel(p.window, p.ratio),
  }),
  ema: defineFeature({
    family: "average",
    summary:
      "Exponential moving average, alpha 2 / (window + 1), seeded with the first window's mean",
    params: averaged(20),
    inputs: (p) => [p.source],
    lookback: () => 0,
    warmup: (p) => p.window - 1,
    create: (p) => emaKernel(p.window, 2 / (p.window + 1), p.ratio),
  }),
  wilder: defineFeature({
    family: "average",
    summary: "Wilder's smoothed average, alpha 1 / window, seeded with the first window's mean",
    params: averaged(14),
    inputs: (p) => [p.source],
    lookback: () => 0,
    warmup: (p) => p.window - 1,
    create: (p) => emaKernel(p.window, 1 / p.window, p.ratio),
  }),
};
