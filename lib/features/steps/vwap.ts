import { z } from "zod";
import { typicalPrices } from "../bar_prices.ts";
import { bars, defineFeature } from "../feature_definition.ts";
import type { Kernel } from "../kernel.ts";
import { RollingSum } from "../rolling_sum.ts";
import { scratch } from "../scratch.ts";
import { Series } from "../series.ts";
import { timeZone, wallClock } from "../wall_clock.ts";

const highLowClose = ["high", "low", "close"];

/**
 * Average of prices, weighted by volume, over the window; the plain average where nothing traded.
 * `priceOf` writes the prices of the inputs, of which volume is the last and the close before it.
 */
function weightedKernel(
  window: number,
  ratio: boolean,
  priceOf: (
    inputs: readonly Float64Array[],
    from: number,
    to: number,
    out: Float64Array,
    at: number,
  ) => void,
): Kernel {
  const value = new RollingSum(window);
  const volume = new RollingSum(window, true);
  const plain = new RollingSum(window);
  const prices = new Series(window);
  const values = new Series(window);
  return {
    reset() {
      value.reset();
      volume.reset();
      plain.reset();
    },
    run(inputs, [out], from, to) {
      const traded = inputs[inputs.length - 1];
      const close = inputs[inputs.length - 2];
      const n = to - from;
      const place = prices.extend(n);
      values.extend(n);
      priceOf(inputs, from, to, prices.values, place);
      multiply(prices.values, place, traded, from, to, values.values);
      const volumes = scratch(0, n);
      const means = scratch(1, n);
      value.run(values.values, place, place + n, out, from);
      volume.run(traded, from, to, volumes, 0);
      plain.run(prices.values, place, place + n, means, 0, 1 / window);
      for (let i = from, k = 0; i < to; i++, k++) {
        out[i] = volumes[k] === 0 ? means[k] : out[i] / volumes[k];
      }
      if (ratio) { for (let i = from; i < to; i++) out[i] = close[i] / out[i] - 1; }
    },
  };
}

/** values[place..] = prices[place..] x volume[from..to) */
function multiply(
  prices: Float64Array,
  place: number,
  volume: Float64Array,
  from: number,
  to: number,
  values: Float64Array,
): void {
  for (let i = from; i < to; i++, place++) values[place] = prices[place] * volume[i];
}

/** The start of a day, week (Monday) or month as a number that changes with it. */
const anchors = {
  day: (t: number) => Math.floor(t / 86_400_000),
  week: (t: number) => Math.floor((t / 86_400_000 + 3) / 7),
  month: (t: number) => {
    const date = new Date(t);
    return date.getUTCFullYear() * 12 + date.getUTCMonth();
  },
};

/** Average since the span began; a bar with a hole has none, and is left out of the others'. */
function anchoredKernel(anchor: keyof typeof anchors, ratio: boolean, zone: string): Kernel {
  const spanOf = anchors[anchor];
  const clock = wallClock(zone);
  const state = { span: NaN, value: 0.5, traded: 0.5 };
  return {
    run([time, h, l, c, v], [out], from, to) {
      const wall = scratch(0, to - from);
      clock(time, from, to, wall);
      let { span, value, traded } = state;
      for (let i = from; i < to; i++) {
        // A bar is stamped at its close: one that closes at midnight belongs to the day before.
        const now = spanOf(wall[i - from] - 1);
        if (now !== span) {
          span = now;
          value = traded = 0;
        }
        const typical = (h[i] + l[i] + c[i]) / 3;
        const flow = typical * v[i];
        const isHole = flow !== flow;
        if (!isHole) {
          value += flow;
          traded += v[i];
        }
        const average = isHole ? NaN : traded > 0 ? value / traded : typical;
        out[i] = ratio ? c[i] / average - 1 : average;
      }
      Object.assign(state, { span, value, traded });
    },
  };
}

export const vwap = {
  vwap: defineFeature({
    family: "volume",
    summary: "Volume-weighted average of the typical price over the last `window` bars; " +
      "the plain average where nothing traded",
    params: z.strictObject({ window: bars(20), ratio: z.boolean().default(false) }),
    inputs: () => [...highLowClose, "volume"],
    lookback: (p) => p.window,
    warmup: (p) => p.window - 1,
    create: (p) =>
      weightedKernel(
        p.window,
        p.ratio,
        ([h, l, c], from, to, out, at) => typicalPrices(h, l, c, from, to, out, at),
      ),
  }),
  anchoredVwap: defineFeature({
    family: "volume",
    summary:
      "Volume-weighted average of the typical price since the day, week or month began on the " +
      "clock of `timeZone`",
    params: z.strictObject({
      anchor: z.enum(["day", "week", "month"]).default("day"),
      ratio: z.boolean().default(false),
      timeZone,
    }),
    inputs: () => ["time", ...highLowClose, "volume"],
    lookback: () => 0,
    warmup: () => 0,
    create: (p) => anchoredKernel(p.anchor, p.ratio, p.timeZone),
  }),
  vwma: defineFeature({
    family: "volume",
    summary: "Volume-weighted moving average of the close; the plain average where nothing traded",
    params: z.strictObject({ window: bars(20), ratio: z.boolean().default(false) }),
    inputs: () => ["close", "volume"],
    lookback: (p) => p.window,
    warmup: (p) => p.window - 1,
    create: (p) =>
      weightedKernel(p.window, p.ratio, ([c], from, to, out, at) => {
        for (let i = from; i < to; i++) out[at++] = c[i];
      }),
  }),
};
