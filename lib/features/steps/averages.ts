import { z } from "zod";
import { Ema, EmaChain, wilder } from "../ema.ts";
import { bars, defineFeature, type FeatureDefinition, source } from "../feature_definition.ts";
import type { Kernel } from "../kernel.ts";
import { RollingSum } from "../rolling_sum.ts";
import { type Node, runWhereDefined, Series } from "../series.ts";
import { Wma } from "../wma.ts";

/** Averages may be asked for as they are, or as `source / average - 1`, free of the price's level. */
const averaged = (window: number, least = 1) =>
  z.strictObject({ source, window: bars(window, least), ratio: z.boolean().default(false) });

type Averaged = z.output<ReturnType<typeof averaged>>;

function averageKernel(node: Node, ratio: boolean): Kernel {
  return {
    reset: () => node.reset(),
    run([x], [out], from, to) {
      node.run(x, from, to, out, from);
      if (ratio) divideBy(out, x, from, to);
    },
  };
}

/** out = x / out - 1 */
function divideBy(out: Float64Array, x: Float64Array, from: number, to: number): void {
  for (let i = from; i < to; i++) out[i] = x[i] / out[i] - 1;
}

/** A rolling sum divided by its window. */
function rollingMean(window: number): Node {
  const sum = new RollingSum(window);
  const scale = 1 / window;
  return {
    reset: () => sum.reset(),
    run: (x, from, to, out, at) => sum.run(x, from, to, out, at, scale),
  };
}

/** The average of a simple average: triangular weights. */
function triangular(window: number): Node {
  const first = rollingMean(Math.ceil((window + 1) / 2));
  const second = rollingMean(Math.floor((window + 1) / 2));
  const means = new Series(window);
  return {
    reset() {
      first.reset();
      second.reset();
    },
    run(x, from, to, out, at) {
      const place = means.extend(to - from);
      first.run(x, from, to, means.values, place);
      runWhereDefined(second, means.values, place, place + to - from, out, at);
    },
  };
}

/** Hull's average: a weighted average of 2 x the half window's minus the window's. */
function hull(window: number): Node {
  const half = new Wma(Math.max(1, Math.floor(window / 2)));
  const whole = new Wma(window);
  const last = new Wma(Math.max(1, Math.floor(Math.sqrt(window))));
  const leads = new Series(last.window);
  return {
    reset() {
      half.reset();
      whole.reset();
      last.reset();
    },
    run(x, from, to, out, at) {
      const place = leads.extend(to - from);
      const end = place + to - from;
      const { values } = leads;
      half.run(x, from, to, values, place);
      whole.run(x, from, to, out, at);
      for (let k = place, o = at; k < end; k++, o++) values[k] = 2 * values[k] - out[o];
      runWhereDefined(last, values, place, end, out, at);
    },
  };
}

/**
 * Kaufman's adaptive average: alpha between those of a 2- and a 30-bar average, by the share of the
 * path that was progress. Starts from the value before its first row, as in TA-Lib.
 */
function kaufman(window: number): Node {
  const path = new RollingSum(window);
  const steps = new Series(window);
  let seen = 0;
  let value = 0;
  return {
    reset() {
      seen = 0;
      path.reset();
    },
    run(x, from, to, out, at) {
      let i = from;
      if (seen === 0) {
        seen = 1;
        value = x[i++];
        out[at++] = NaN;
      }
      const place = steps.extend(to - i);
      const { values } = steps;
      for (let k = i, o = place; k < to; k++, o++) values[o] = Math.abs(x[k] - x[k - 1]);
      path.run(values, place, place + to - i, out, at);
      for (; i < to && seen < window; i++, at++) {
        seen++;
        value = x[i];
      }
      value = adapt(x, i, to, window, value, out, at);
    },
  };
}

const fastestAlpha = 2 / 3;
const slowestAlpha = 2 / 31;

/** `out` holds the length of the path; the average takes its place. */
function adapt(
  x: Float64Array,
  from: number,
  to: number,
  window: number,
  value: number,
  out: Float64Array,
  at: number,
): number {
  for (let i = from; i < to; i++) {
    const v = x[i];
    const length = out[at];
    const progress = Math.abs(v - x[i - window]);
    const efficiency = length <= progress || length < 1e-14 ? 1 : progress / length;
    const alpha = efficiency * (fastestAlpha - slowestAlpha) + slowestAlpha;
    value += alpha * alpha * (v - value);
    out[at++] = value;
  }
  return value;
}

/** Tillson's T3: six exponential averages, each of the one before, the last four mixed. */
const t3Factor = 0.7;
const t3Weights = [
  0,
  0,
  1 + 3 * t3Factor + t3Factor ** 3 + 3 * t3Factor ** 2,
  -6 * t3Factor ** 2 - 3 * (t3Factor + t3Factor ** 3),
  3 * (t3Factor ** 2 + t3Factor ** 3),
  -(t3Factor ** 3),
];

function average(
  summary: string,
  window: number,
  warmup: (window: number) => number,
  create: (window: number) => Node,
  lookback: (window: number) => number = () => 0,
): FeatureDefinition<Averaged> & { params: ReturnType<typeof averaged> } {
  return defineFeature({
    family: "average",
    summary,
    params: averaged(window),
    inputs: (p) => [p.source],
    lookback: (p) => lookback(p.window),
    warmup: (p) => warmup(p.window),
    create: (p) => averageKernel(create(p.window), p.ratio),
  });
}

export const averages = {
  sma: average(
    "Simple moving average; with `ratio`, source / average - 1",
    20,
    (w) => w - 1,
    rollingMean,
    (w) => w,
  ),
  ema: average(
    "Exponential moving average, alpha 2 / (window + 1), seeded with the first window's mean",
    20,
    (w) => w - 1,
    (w) => new Ema(w),
  ),
  wilder: average(
    "Wilder's smoothed average, alpha 1 / window, seeded with the first window's mean",
    14,
    (w) => w - 1,
    wilder,
  ),
  wma: average(
    "Linearly weighted moving average, the latest value weighted most",
    20,
    (w) => w - 1,
    (w) => new Wma(w),
    (w) => w,
  ),
  dema: average(
    "Double exponential average: 2 EMA - EMA of EMA",
    20,
    (w) => 2 * (w - 1),
    (w) => new EmaChain(w, [2, -1, 0]),
  ),
  tema: average(
    "Triple exponential average: 3 EMA - 3 EMA of EMA + EMA of EMA of EMA",
    20,
    (w) => 3 * (w - 1),
    (w) => new EmaChain(w, [3, -3, 1]),
  ),
  t3: average(
    "Tillson's T3 average, volume factor 0.7",
    5,
    (w) => 6 * (w - 1),
    (w) => new EmaChain(w, t3Weights),
  ),
  trima: average("Triangular moving average", 20, (w) => w - 1, triangular, (w) => w),
  hma: average(
    "Hull moving average",
    16,
    (w) => w - 1 + Math.max(1, Math.floor(Math.sqrt(w))) - 1,
    hull,
    (w) => w,
  ),
  kama: average("Kaufman's adaptive moving average", 10, (w) => w, kaufman, (w) => w),
};
