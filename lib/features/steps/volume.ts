import { z } from "zod";
import { Ema } from "../ema.ts";
import { bars, defineFeature, fastBelowSlow } from "../feature_definition.ts";
import { fromSecondRow, type Kernel } from "../kernel.ts";
import { RollingSum } from "../rolling_sum.ts";
import { scratch } from "../scratch.ts";
import { Series } from "../series.ts";

const highLowClose = ["high", "low", "close"];

/** Share of the range in which the bar closed, -1 to 1, times volume: Chaikin's money flow. */
function moneyFlow(high: number, low: number, close: number, volume: number): number {
  const range = high - low;
  return range > 0 ? (2 * close - low - high) / range * volume : 0;
}

/** Sum of volume, added where the close rose and taken off where it fell. */
function obvKernel(): Kernel {
  let started = false;
  let total = 0;
  return {
    reset() {
      started = false;
    },
    run([c, v], [out], from, to) {
      let i = from;
      if (!started) {
        started = true;
        total = out[i] = v[i];
        i++;
      }
      let sum = total;
      for (; i < to; i++) {
        // Comparisons as 0 or 1: a branch would be guessed wrong every other bar.
        sum += v[i] * (+(c[i] > c[i - 1]) - +(c[i] < c[i - 1]));
        out[i] = sum;
      }
      total = sum;
    },
  };
}

/** Running sum of money flows. */
function accumulationKernel(): Kernel {
  let total = 0;
  return {
    reset() {
      total = 0;
    },
    run([h, l, c, v], [out], from, to) {
      let sum = total;
      for (let i = from; i < to; i++) {
        sum += moneyFlow(h[i], l[i], c[i], v[i]);
        out[i] = sum;
      }
      total = sum;
    },
  };
}

/** Fast less slow average of the accumulation line, both started with its first value. */
function chaikinKernel(fastWindow: number, slowWindow: number): Kernel {
  const fastAlpha = 2 / (fastWindow + 1);
  const slowAlpha = 2 / (slowWindow + 1);
  let seen = 0;
  let total = 0;
  let fastAverage = 0;
  let slowAverage = 0;
  return {
    reset() {
      seen = total = 0;
    },
    run([h, l, c, v], [out], from, to) {
      let line = total;
      let fast = fastAverage;
      let slow = slowAverage;
      if (seen === 0) fast = slow = moneyFlow(h[from], l[from], c[from], v[from]);
      for (let i = from; i < to; i++) {
        line += moneyFlow(h[i], l[i], c[i], v[i]);
        fast += fastAlpha * (line - fast);
        slow += slowAlpha * (line - slow);
        out[i] = fast - slow;
      }
      total = line;
      fastAverage = fast;
      slowAverage = slow;
      for (let i = from; i < to && seen < slowWindow; i++) if (++seen < slowWindow) out[i] = NaN;
    },
  };
}

/** Sum of money flows over sum of volumes; 0 where nothing traded. */
function moneyFlowKernel(window: number): Kernel {
  const flow = new RollingSum(window);
  const volume = new RollingSum(window, true);
  const flows = new Series(window);
  return {
    reset() {
      flow.reset();
      volume.reset();
    },
    run([h, l, c, v], [out], from, to) {
      const place = flows.extend(to - from);
      const { values } = flows;
      for (let i = from, o = place; i < to; i++, o++) values[o] = moneyFlow(h[i], l[i], c[i], v[i]);
      flow.run(values, place, place + to - from, out, from);
      const volumes = scratch(0, to - from);
      volume.run(v, from, to, volumes, 0);
      for (let i = from, k = 0; i < to; i++, k++) {
        out[i] = volumes[k] === 0 ? 0 : out[i] / volumes[k];
      }
    },
  };
}

/** Elder's force index: average of the change times volume. */
function forceKernel(window: number): Kernel {
  const average = new Ema(window);
  return fromSecondRow({
    reset: () => average.reset(),
    run([c, v], [out], from, to) {
      const forces = scratch(0, to - from);
      for (let k = 0, i = from; i < to; i++, k++) forces[k] = (c[i] - c[i - 1]) * v[i];
      average.run(forces, 0, to - from, out, from);
    },
  });
}

/** Move of the bar's middle per volume and range, averaged; a bar without volume moved by nothing. */
function easeKernel(window: number): Kernel {
  const mean = new RollingSum(window);
  const eases = new Series(window);
  return fromSecondRow({
    reset: () => mean.reset(),
    run([h, l, v], [out], from, to) {
      const place = eases.extend(to - from);
      const { values } = eases;
      for (let i = from, o = place; i < to; i++, o++) {
        const move = (h[i] + l[i]) / 2 - (h[i - 1] + l[i - 1]) / 2;
        values[o] = v[i] > 0 ? move * (h[i] - l[i]) / (v[i] / 1e8) : 0;
      }
      mean.run(values, place, place + to - from, out, from, 1 / window);
    },
  });
}

export const volume = {
  obv: defineFeature({
    family: "volume",
    summary: "On-balance volume, from the first bar on: its level depends on where the bars start",
    params: z.strictObject({}),
    inputs: () => ["close", "volume"],
    lookback: () => 1,
    warmup: () => 0,
    create: obvKernel,
  }),
  accumulation: defineFeature({
    family: "volume",
    summary: "Accumulation/distribution line (Chaikin), from the first bar on",
    params: z.strictObject({}),
    inputs: () => [...highLowClose, "volume"],
    lookback: () => 0,
    warmup: () => 0,
    create: accumulationKernel,
  }),
  chaikinOscillator: defineFeature({
    family: "volume",
    summary: "Chaikin oscillator: fast minus slow exponential average of the accumulation line; " +
      "both averages start at its first value, as in TA-Lib",
    params: z.strictObject({ fast: bars(3), slow: bars(10) })
      .refine(...fastBelowSlow),
    inputs: () => [...highLowClose, "volume"],
    lookback: () => 0,
    warmup: (p) => p.slow - 1,
    create: (p) => chaikinKernel(p.fast, p.slow),
  }),
  chaikinMoneyFlow: defineFeature({
    family: "volume",
    summary: "Chaikin money flow over the window, -1 to 1; 0 where nothing traded",
    params: z.strictObject({ window: bars(20) }),
    inputs: () => [...highLowClose, "volume"],
    lookback: (p) => p.window,
    warmup: (p) => p.window - 1,
    create: (p) => moneyFlowKernel(p.window),
  }),
  forceIndex: defineFeature({
    family: "volume",
    summary: "Elder's force index: exponential average of change times volume",
    params: z.strictObject({ window: bars(13) }),
    inputs: () => ["close", "volume"],
    lookback: () => 1,
    warmup: (p) => p.window,
    create: (p) => forceKernel(p.window),
  }),
  easeOfMovement: defineFeature({
    family: "volume",
    summary:
      "Ease of movement: average move of the bar's middle per volume (in 100 million) and range",
    params: z.strictObject({ window: bars(14) }),
    inputs: () => ["high", "low", "volume"],
    lookback: () => 1,
    warmup: (p) => p.window,
    create: (p) => easeKernel(p.window),
  }),
};
