import { z } from "zod";
import { Ema } from "../ema.ts";
import { bars, defineFeature, source, windowed } from "../feature_definition.ts";
import type { Kernel } from "../kernel.ts";

/** Relative strength index, 0 to 100; 50 while the price has not moved at all (TA-Lib gives 0). */
function rsiKernel(window: number): Kernel {
  let seen = 0;
  let gain = 0;
  let loss = 0;
  let last = 0;
  return {
    run([x], [out], from, to) {
      let n = seen;
      let up = gain;
      let down = loss;
      let before = last;
      const keep = window - 1;
      for (let i = from; i < to; i++) {
        const v = x[i];
        if (v !== v) {
          n = 0;
          out[i] = NaN;
          continue;
        }
        const change = v - before;
        before = v;
        if (n === 0) {
          n = 1;
          up = 0;
          down = 0;
          out[i] = NaN;
          continue;
        }
        if (n <= window) {
          if (change > 0) up += change;
          else down -= change;
          if (n++ < window) {
            out[i] = NaN;
            continue;
          }
          up /= window;
          down /= window;
        } else {
          up = (up * keep + (change > 0 ? change : 0)) / window;
          down = (down * keep - (change < 0 ? change : 0)) / window;
        }
        const sum = up + down;
        out[i] = sum === 0 ? 50 : 100 * up / sum;
      }
      seen = n;
      gain = up;
      loss = down;
      last = before;
    },
  };
}

/**
 * MACD line, signal and histogram. As in TA-Lib both averages start at row `slow - 1`, the fast one
 * seeded with the `fast` values up to there, and no column is given before the signal is.
 */
function macdKernel(fast: number, slow: number, signal: number): Kernel {
  const fastEma = new Ema(fast);
  const slowEma = new Ema(slow);
  const signalEma = new Ema(signal);
  let seen = 0;
  return {
    run([x], [line, signalLine, histogram], from, to) {
      for (let i = from; i < to; i++) {
        const v = x[i];
        let macd = NaN;
        let average = NaN;
        if (v !== v) {
          seen = 0;
          fastEma.reset();
          slowEma.reset();
          signalEma.reset();
        } else {
          const f = seen >= slow - fast ? fastEma.push(v) : NaN;
          const s = slowEma.push(v);
          if (++seen >= slow) {
            macd = f - s;
            average = signalEma.push(macd);
          }
        }
        line[i] = average !== average ? NaN : macd;
        signalLine[i] = average;
        histogram[i] = macd - average;
      }
    },
  };
}

export const momentum = {
  rsi: defineFeature({
    family: "momentum",
    summary: "Relative strength index (Wilder), 0 to 100",
    params: windowed(14),
    inputs: (p) => [p.source],
    lookback: () => 0,
    warmup: (p) => p.window,
    create: (p) => rsiKernel(p.window),
  }),
  macd: defineFeature({
    family: "momentum",
    summary:
      "Difference of a fast and a slow exponential average, its signal line and their distance",
    params: z.strictObject({ source, fast: bars(12), slow: bars(26), signal: bars(9) })
      .refine((p) => p.fast < p.slow, { path: ["fast"], error: "must be less than slow" }),
    inputs: (p) => [p.source],
    outputs: () => ["line", "signal", "histogram"],
    lookback: () => 0,
    warmup: (p) => p.slow + p.signal - 2,
    create: (p) => macdKernel(p.fast, p.slow, p.signal),
  }),
};
