import { z } from "zod";
import { bars, defineFeature, fastBelowSlow } from "../feature_definition.ts";
import { typicalPrices } from "../bar_prices.ts";
import { fromSecondRow, type Kernel } from "../kernel.ts";
import { deviationsByBlock, goesByBlock } from "../block_passes.ts";
import { RollingRange } from "../rolling_max.ts";
import { RollingSum } from "../rolling_sum.ts";
import { scratch } from "../scratch.ts";
import { firstDefined, Series } from "../series.ts";
import { ultimateKernel } from "../ultimate_oscillator.ts";

const highLowClose = ["high", "low", "close"];

/**
 * Stochastic oscillator: the close's place in the range of the last bars, k its simple average, d the
 * average of k. In a range of nothing the close is in the middle, 50 (TA-Lib gives 0).
 */
function stochasticKernel(window: number, smoothK: number, smoothD: number): Kernel {
  const extremes = new RollingRange(window);
  const averageK = new RollingSum(smoothK);
  const averageD = new RollingSum(smoothD);
  const raw = new Series(smoothK);
  const smooth = new Series(smoothD);
  return {
    reset() {
      extremes.reset();
      averageK.reset();
      averageD.reset();
    },
    run([h, l, c], [k, d], from, to) {
      extremes.run(h, l, from, to, k, from, d, from);
      const first = firstDefined(k, from, to);
      d.fill(NaN, from, first);
      const place = raw.extend(to - first);
      const shares = raw.values;
      for (let i = first, o = place; i < to; i++, o++) {
        const spread = k[i] - d[i];
        shares[o] = spread > 0 ? 100 * (c[i] - d[i]) / spread : 50;
      }
      const means = smooth.extend(to - first);
      const { values } = smooth;
      averageK.run(shares, place, place + to - first, values, means, 1 / smoothK);
      const end = means + to - first;
      const start = firstDefined(values, means, end);
      const row = to - (end - start);
      d.fill(NaN, first, row);
      averageD.run(values, start, end, d, row, 1 / smoothD);
      k.fill(NaN, first, row);
      for (let i = row, o = start; i < to; i++, o++) k[i] = d[i] === d[i] ? values[o] : NaN;
    },
  };
}

/** Williams' %R, -100 to 0; -50 in a range of nothing (TA-Lib gives 0). */
function williamsKernel(window: number): Kernel {
  const extremes = new RollingRange(window);
  return {
    reset: () => extremes.reset(),
    run([h, l, c], [out], from, to) {
      const bottom = scratch(0, to - from);
      extremes.run(h, l, from, to, out, from, bottom, 0);
      for (let i = from, k = 0; i < to; i++, k++) {
        const highest = out[i];
        const spread = highest - bottom[k];
        // Before the first window is full the spread is NaN, which is not 0.
        out[i] = spread === 0 ? -50 : -100 * (highest - c[i]) / spread;
      }
    },
  };
}

/** Commodity channel index: distance of the typical price from its mean in 0.015 mean deviations. */
function cciKernel(window: number): Kernel {
  const sum = new RollingSum(window);
  const typical = new Series(window);
  return {
    reset: () => sum.reset(),
    run([h, l, c], [out], from, to) {
      const place = typical.extend(to - from);
      const { values } = typical;
      typicalPrices(h, l, c, from, to, values, place);
      sum.run(values, place, place + to - from, out, from, 1 / window);
      const first = firstDefined(out, from, to);
      const start = place + first - from;
      const end = place + to - from;
      const deviations = scratch(0, to - first);
      const sumUp = goesByBlock(to - first, window) ? deviationsByBlock : deviationsByRow;
      sumUp(values, start, end, window, out, first, deviations);
      distancesInDeviations(values, start, end, window, deviations, out, first);
    },
  };
}

/** As `deviationsByBlock()`, for a few rows. */
const deviationsByRow: typeof deviationsByBlock = (x, from, to, window, means, at, out) => {
  for (let i = from, k = 0; i < to; i++, k++) {
    const mean = means[at + k];
    let sum = 0;
    for (let j = i - window + 1; j <= i; j++) sum += Math.abs(x[j] - mean);
    out[k] = sum;
  }
};

/** `out` holds the means; the distance from them in 0.015 mean deviations takes their place. */
function distancesInDeviations(
  x: Float64Array,
  from: number,
  to: number,
  window: number,
  deviations: Float64Array,
  out: Float64Array,
  at: number,
): void {
  const scale = window / 0.015;
  for (let i = from, k = 0; i < to; i++, k++, at++) {
    const mean = out[at];
    // Rounding alone is no deviation.
    out[at] = deviations[k] > 1e-12 * window * Math.abs(mean)
      ? (x[i] - mean) * scale / deviations[k]
      : 0;
  }
}

/** Money flow index, 0 to 100; 50 where no money flowed (TA-Lib gives 0). */
function mfiKernel(window: number): Kernel {
  const inflow = new RollingSum(window);
  const whole = new RollingSum(window, true);
  const inflows = new Series(window);
  const flows = new Series(window);
  return fromSecondRow({
    reset() {
      inflow.reset();
      whole.reset();
    },
    run([h, l, c, volume], [out], from, to) {
      const typical = scratch(0, to - from + 1);
      typicalPrices(h, l, c, from - 1, to, typical, 0);
      const place = inflows.extend(to - from);
      flows.extend(to - from);
      const end = place + to - from;
      splitFlows(typical, volume, from, to, inflows.values, flows.values, place);
      const sums = scratch(0, to - from);
      inflow.run(inflows.values, place, end, out, from);
      whole.run(flows.values, place, end, sums, 0);
      for (let i = from, k = 0; i < to; i++, k++) {
        out[i] = sums[k] === 0 ? 50 : 100 * out[i] / sums[k];
      }
    },
  });
}

/**
 * Money that flowed at a higher price than before, and all that flowed at another one. `typical` begins
 * with the price before row `from`.
 */
function splitFlows(
  typical: Float64Array,
  volume: Float64Array,
  from: number,
  to: number,
  inflows: Float64Array,
  flows: Float64Array,
  at: number,
): void {
  for (let i = from, price = 1; i < to; i++, at++, price++) {
    const change = typical[price] - typical[price - 1];
    const flow = typical[price] * volume[i];
    // A comparison as 0 or 1: prices go up and down as they like, a branch would be guessed wrong.
    const up = +(change > 0);
    inflows[at] = flow * up;
    flows[at] = flow * (up + +(change < 0));
  }
}

/** Distance of a short from a long simple average of the median price. */
function awesomeKernel(fast: number, slow: number): Kernel {
  const short = new RollingSum(fast);
  const long = new RollingSum(slow);
  const middles = new Series(slow);
  return {
    reset() {
      short.reset();
      long.reset();
    },
    run([h, l], [out], from, to) {
      const place = middles.extend(to - from);
      const { values } = middles;
      for (let i = from, o = place; i < to; i++, o++) values[o] = (h[i] + l[i]) / 2;
      const longMeans = scratch(0, to - from);
      short.run(values, place, place + to - from, out, from, 1 / fast);
      long.run(values, place, place + to - from, longMeans, 0, 1 / slow);
      for (let i = from, k = 0; i < to; i++, k++) out[i] -= longMeans[k];
    },
  };
}

export const oscillators = {
  stochastic: defineFeature({
    family: "momentum",
    summary: "Slow stochastic oscillator k and d, 0 to 100; smoothK 1 gives the fast one",
    params: z.strictObject({ window: bars(5), smoothK: bars(3), smoothD: bars(3) }),
    inputs: () => highLowClose,
    outputs: () => ["k", "d"],
    lookback: (p) => p.window,
    warmup: (p) => p.window + p.smoothK + p.smoothD - 3,
    create: (p) => stochasticKernel(p.window, p.smoothK, p.smoothD),
  }),
  williamsR: defineFeature({
    family: "momentum",
    summary: "Williams' %R, -100 to 0",
    params: z.strictObject({ window: bars(14) }),
    inputs: () => highLowClose,
    lookback: (p) => p.window,
    warmup: (p) => p.window - 1,
    create: (p) => williamsKernel(p.window),
  }),
  cci: defineFeature({
    family: "momentum",
    summary: "Commodity channel index",
    params: z.strictObject({ window: bars(14, 2) }),
    inputs: () => highLowClose,
    lookback: () => 0,
    warmup: (p) => p.window - 1,
    create: (p) => cciKernel(p.window),
  }),
  mfi: defineFeature({
    family: "momentum",
    summary: "Money flow index, 0 to 100",
    params: z.strictObject({ window: bars(14) }),
    inputs: () => [...highLowClose, "volume"],
    lookback: () => 1,
    warmup: (p) => p.window,
    create: (p) => mfiKernel(p.window),
  }),
  ultimateOscillator: defineFeature({
    family: "momentum",
    summary: "Ultimate oscillator, 0 to 100",
    params: z.strictObject({ short: bars(7), middle: bars(14), long: bars(28) })
      .refine((p) => p.short < p.middle && p.middle < p.long, {
        path: ["short"],
        error: "windows must ascend",
      }),
    inputs: () => highLowClose,
    lookback: () => 1,
    warmup: (p) => p.long,
    create: (p) => ultimateKernel([p.short, p.middle, p.long]),
  }),
  awesomeOscillator: defineFeature({
    family: "momentum",
    summary: "Awesome oscillator: fast minus slow simple average of the median price",
    params: z.strictObject({ fast: bars(5), slow: bars(34) })
      .refine(...fastBelowSlow),
    inputs: () => ["high", "low"],
    lookback: () => 0,
    warmup: (p) => p.slow - 1,
    create: (p) => awesomeKernel(p.fast, p.slow),
  }),
};
