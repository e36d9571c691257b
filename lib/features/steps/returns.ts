import { z } from "zod";
import { bars, defineFeature, source } from "../feature_definition.ts";
import { type Kernel, rowKernel } from "../kernel.ts";
import { logRatio } from "../log_ratio.ts";

/** How a value and the one `lag` rows before become a row. */
type Comparison = "return" | "logReturn" | "difference";

/** Compares a value with the one `lag` rows before, once that many rows have been seen. */
function lagged(lag: number, comparison: Comparison): Kernel {
  let seen = 0;
  return {
    run([x], [out], from, to) {
      let n = seen;
      for (let i = from; i < to; i++) {
        const now = x[i];
        if (now !== now) {
          n = 0;
          out[i] = NaN;
        } else if (n < lag) {
          n++;
          out[i] = NaN;
        } else {
          const then = x[i - lag];
          out[i] = comparison === "return"
            ? now / then - 1
            : comparison === "logReturn"
            ? logRatio(now, then)
            : now - then;
        }
      }
      seen = n;
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
    create: () => rowKernel(([x], i) => x[i]),
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
