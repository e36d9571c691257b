import { z } from "zod";
import { defineFeature, source } from "../feature_definition.ts";
import { rowKernel } from "../kernel.ts";

/** A feature computed from each bar alone. */
function ofBar(
  summary: string,
  inputs: string[],
  compute: (inputs: readonly Float64Array[], i: number) => number,
) {
  return defineFeature({
    family: "returns",
    summary,
    params: z.strictObject({}),
    inputs: () => inputs,
    lookback: () => 0,
    warmup: () => 0,
    create: () => rowKernel(compute),
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
    ([h, l, c], i) => (h[i] + l[i] + c[i]) / 3,
  ),
  medianPrice: ofBar(
    "Median price: (high + low) / 2",
    ["high", "low"],
    ([h, l], i) => (h[i] + l[i]) / 2,
  ),
  weightedClose: ofBar(
    "Weighted close: (high + low + 2 close) / 4",
    ["high", "low", "close"],
    ([h, l, c], i) => (h[i] + l[i] + 2 * c[i]) / 4,
  ),
  averagePrice: ofBar(
    "Average price: (open + high + low + close) / 4",
    ["open", "high", "low", "close"],
    ([o, h, l, c], i) => (o[i] + h[i] + l[i] + c[i]) / 4,
  ),
  body: ofBar(
    "Return within the bar: close / open - 1",
    ["open", "close"],
    ([o, c], i) => c[i] / o[i] - 1,
  ),
  upperShadow: ofBar(
    "High above the body, as a fraction of the close",
    ["open", "high", "close"],
    ([o, h, c], i) => (h[i] - Math.max(o[i], c[i])) / c[i],
  ),
  lowerShadow: ofBar(
    "Low below the body, as a fraction of the close",
    ["open", "low", "close"],
    ([o, l, c], i) => (Math.min(o[i], c[i]) - l[i]) / c[i],
  ),
  balanceOfPower: ofBar(
    "Balance of power: (close - open) / (high - low); 0 for a bar without range",
    ["open", "high", "low", "close"],
    ([o, h, l, c], i) => h[i] > l[i] ? (c[i] - o[i]) / (h[i] - l[i]) : 0 * (h[i] - l[i]),
  ),
  log: defineFeature({
    family: "returns",
    summary: "Natural logarithm of the source; NaN where it is not positive",
    params: z.strictObject({ source }),
    inputs: (p) => [p.source],
    lookback: () => 0,
    warmup: () => 0,
    create: () => rowKernel(([x], i) => x[i] > 0 ? Math.log(x[i]) : NaN),
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
      return rowKernel(([a, b], i) => operate(a[i], b[i]));
    },
  }),
};
