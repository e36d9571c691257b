import { z } from "zod";
import { bars, defineFeature, source } from "../feature_definition.ts";
import type { Kernel } from "../kernel.ts";
import { logRatio } from "../log_ratio.ts";

/** How a value is compared with the one `lag` rows before: a loop of its own each. */
const comparisons = {
  return(x: Float64Array, lag: number, out: Float64Array, from: number, to: number): void {
    for (let i = from; i < to; i++) out[i] = x[i] / x[i - lag] - 1;
  },
  logReturn(x: Float64Array, lag: number, out: Float64Array, from: number, to: number): void {
    for (let i = from; i < to; i++) out[i] = logRatio(x[i], x[i - lag]);
  },
  difference(x: Float64Array, lag: number, out: Float64Array, from: number, to: number): void {
    for (let i = from; i < to; i++) out[i] = x[i] - x[i - lag];
  },
};

/** Compares a value with the one `lag` rows before, once that many rows have been seen. */
function lagged(lag: number, comparison: keyof typeof comparisons): Kernel {
  const compare = comparisons[comparison];
  let seen = 0;
  return {
    reset() {
      seen = 0;
    },
    run([x], [out], from, to) {
      let i = from;
      for (; i < to && seen < lag; i++, seen++) out[i] = NaN;
      compare(x, lag, out, i, to);
    },
  };
}

const overWindow = z.strictObject({ source, window: bars(1) });

export const returns = {
  return: defineFeature({
    family: "returns",
    summary: "Simple return over `window` bars, as a fraction",
    params: overWindow,
    inputs: (p) => [p.source],
    lookback: (p) => p.window,
    warmup: (p) => p.window,
    create: (p) => lagged(p.window, "return"),
  }),
  logReturn: defineFeature({
    family: "returns",
    summary: "Logarithm of the price ratio over `window` bars",
    params: overWindow,
    inputs: (p) => [p.source],
    lookback: (p) => p.window,
    warmup: (p) => p.window,
    create: (p) => lagged(p.window, "logReturn"),
  }),
  difference: defineFeature({
    family: "returns",
    summary: "Change over `window` bars, in the source's unit (momentum)",
    params: overWindow,
    inputs: (p) => [p.source],
    lookback: (p) => p.window,
    warmup: (p) => p.window,
    create: (p) => lagged(p.window, "difference"),
  }),
  column: defineFeature({
    family: "returns",
    summary: "A bar's own column (time, open, high, low, close or volume) as it is",
    params: z.strictObject({ source }),
    inputs: (p) => [p.source],
    lookback: () => 0,
    warmup: () => 0,
    create: () => ({
      run([x], [out], from, to) {
        for (let i = from; i < to; i++) out[i] = x[i];
      },
    }),
  }),
  lag: defineFeature({
    family: "returns",
    summary: "The source's values of earlier bars, one column per lag",
    params: z.strictObject({
      source,
      lags: z.array(z.int().min(1).max(1_000_000)).min(1).default([1]),
    }),
    inputs: (p) => [p.source],
    outputs: (p) => p.lags.map(String),
    lookback: (p) => Math.max(...p.lags),
    warmup: (p) => Math.max(...p.lags),
    create: ({ lags }) => {
      // A hole in the source is handed on as the hole it is, so nothing is reset here.
      const most = Math.max(...lags);
      let seen = 0;
      return {
        run([x], outputs, from, to) {
          for (let i = from; i < to; i++) {
            for (let k = 0; k < lags.length; k++) {
              outputs[k][i] = seen >= lags[k] ? x[i - lags[k]] : NaN;
            }
            if (seen < most) seen++;
          }
        },
      };
    },
  }),
};
