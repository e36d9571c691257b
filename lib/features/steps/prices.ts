import { z } from "zod";
import { defineFeature, source } from "../feature_definition.ts";
import { typicalPrices } from "../bar_prices.ts";
import type { Kernel } from "../kernel.ts";

/** A feature computed from each bar alone, by a loop of its own over the rows. */
function ofBar(summary: string, inputs: string[], run: Kernel["run"]) {
  return defineFeature({
    family: "returns",
    summary,
    params: z.strictObject({}),
    inputs: () => inputs,
    lookback: () => 0,
    warmup: () => 0,
    // Each formula makes any hole of the bar one of the feature: there is nothing to look for.
    create: () => ({ run }),
  });
}

const operations = {
  add: (a: number, b: number) => a + b,
  subtract: (a: number, b: number) => a - b,
  multiply: (a: number, b: number) => a * b,
  divide: (a: number, b: number) => b === 0 ? NaN : a / b,
};

export const prices = {
  typicalPrice: ofBar(
    "Typical price: (high + low + close) / 3",
    ["high", "low", "close"],
    ([h, l, c], [out], from, to) => typicalPrices(h, l, c, from, to, out, from),
  ),
  medianPrice: ofBar(
    "Median price: (high + low) / 2",
    ["high", "low"],
    ([h, l], [out], from, to) => {
      for (let i = from; i < to; i++) out[i] = (h[i] + l[i]) / 2;
    },
  ),
  weightedClose: ofBar(
    "Weighted close: (high + low + 2 close) / 4",
    ["high", "low", "close"],
    ([h, l, c], [out], from, to) => {
      for (let i = from; i < to; i++) out[i] = (h[i] + l[i] + 2 * c[i]) / 4;
    },
  ),
  averagePrice: ofBar(
    "Average price: (open + high + low + close) / 4",
    ["open", "high", "low", "close"],
    ([o, h, l, c], [out], from, to) => {
      for (let i = from; i < to; i++) out[i] = (o[i] + h[i] + l[i] + c[i]) / 4;
    },
  ),
  body: ofBar(
    "Return within the bar: close / open - 1",
    ["open", "close"],
    ([o, c], [out], from, to) => {
      for (let i = from; i < to; i++) out[i] = c[i] / o[i] - 1;
    },
  ),
  upperShadow: ofBar(
    "High above the body, as a fraction of the close",
    ["open", "high", "close"],
    ([o, h, c], [out], from, to) => {
      for (let i = from; i < to; i++) out[i] = (h[i] - Math.max(o[i], c[i])) / c[i];
    },
  ),
  lowerShadow: ofBar(
    "Low below the body, as a fraction of the close",
    ["open", "low", "close"],
    ([o, l, c], [out], from, to) => {
      for (let i = from; i < to; i++) out[i] = (Math.min(o[i], c[i]) - l[i]) / c[i];
    },
  ),
  balanceOfPower: ofBar(
    "Balance of power: (close - open) / (high - low); 0 for a bar without range",
    ["open", "high", "low", "close"],
    ([o, h, l, c], [out], from, to) => {
      for (let i = from; i < to; i++) {
        const range = h[i] - l[i];
        out[i] = (c[i] - o[i]) / (range === 0 ? 1 : range);
      }
    },
  ),
  log: defineFeature({
    family: "returns",
    summary: "Natural logarithm of the source; NaN where it is not positive",
    params: z.strictObject({ source }),
    inputs: (p) => [p.source],
    lookback: () => 0,
    warmup: () => 0,
    create: () => ({
      run([x], [out], from, to) {
        for (let i = from; i < to; i++) out[i] = x[i] > 0 ? Math.log(x[i]) : NaN;
      },
    }),
  }),
  combine: defineFeature({
    family: "returns",
    summary: "Two columns added, subtracted, multiplied or divided row by row",
    params: z.strictObject({
      left: z.string().default("close"),
      right: z.string().default("open"),
      operation: z.enum(["add", "subtract", "multiply", "divide"]).default("subtract"),
    }),
    inputs: (p) => [p.left, p.right],
    lookback: () => 0,
    warmup: () => 0,
    create: (p) => {
      const operate = operations[p.operation];
      return {
        run([a, b], [out], from, to) {
          for (let i = from; i < to; i++) out[i] = operate(a[i], b[i]);
        },
      };
    },
  }),
};
