import { z } from "zod";
import { Ema } from "../ema.ts";
import { bars, defineFeature, type FeatureDefinition, source } from "../feature_definition.ts";
import type { Kernel } from "../kernel.ts";
import { RollingSum } from "../rolling.ts";
import { Wma } from "../wma.ts";

/** Averages may be asked for as they are, or as `source / average - 1`, free of the price's level. */
const averaged = (window: number, least = 1) =>
  z.strictObject({ source, window: bars(window, least), ratio: z.boolean().default(false) });

type Averaged = z.output<ReturnType<typeof averaged>>;

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

/** Linearly weighted average, weights 1 to `window`: two running sums, taken anew every 256 rows. */
function wmaKernel(window: number, ratio: boolean): Kernel {
  const wma = new Wma(window);
  return {
    run([x], [out], from, to) {
      for (let i = from; i < to; i++) {
        const v = x[i];
        if (v !== v) {
          wma.reset();
          out[i] = NaN;
          continue;
        }
        const mean = wma.push(v);
        out[i] = ratio ? v / mean - 1 : mean;
      }
    },
  };
}

/** An average that `create()` computes value by value. */
function pushed(
  create: (window: number) => { push(value: number): number; reset(): void },
): (params: Averaged) => Kernel {
  return ({ window, ratio }) => {
    const node = create(window);
    return {
      run([x], [out], from, to) {
        for (let i = from; i < to; i++) {
          const v = x[i];
          if (v !== v) {
            node.reset();
            out[i] = NaN;
            continue;
          }
          const mean = node.push(v);
          out[i] = ratio ? v / mean - 1 : mean;
        }
      },
    };
  };
}

/** Double or triple exponential average: 2 e1 - e2, or 3 e1 - 3 e2 + e3, each e of the one before. */
function chainedEmaKernel({ window, ratio }: Averaged, isTriple: boolean): Kernel {
  const a = new Ema(window);
  const b = new Ema(window);
  const c = new Ema(window);
  return {
    run([x], [out], from, to) {
      for (let i = from; i < to; i++) {
        const v = x[i];
        if (v !== v) {
          a.reset();
          b.reset();
          c.reset();
          out[i] = NaN;
          continue;
        }
        const e1 = a.push(v);
        const e2 = e1 === e1 ? b.push(e1) : NaN;
        let mean = 2 * e1 - e2;
        if (isTriple) {
          const e3 = e2 === e2 ? c.push(e2) : NaN;
          mean = 3 * e1 - 3 * e2 + e3;
        }
        out[i] = ratio ? v / mean - 1 : mean;
      }
    },
  };
}

/** Tillson's T3: six exponential averages, each of the one before, the last four mixed. */
function t3Node(window: number) {
  const chain = Array.from({ length: 6 }, () => new Ema(window));
  const [a, b, c, d, e, f] = chain;
  return {
    reset: () => chain.forEach((ema) => ema.reset()),
    push(value: number): number {
      const e1 = a.push(value);
      if (e1 !== e1) return NaN;
      const e2 = b.push(e1);
      if (e2 !== e2) return NaN;
      const e3 = c.push(e2);
      if (e3 !== e3) return NaN;
      const e4 = d.push(e3);
      if (e4 !== e4) return NaN;
      const e5 = e.push(e4);
      if (e5 !== e5) return NaN;
      const e6 = f.push(e5);
      return t3Weights[0] * e6 + t3Weights[1] * e5 + t3Weights[2] * e4 + t3Weights[3] * e3;
    },
  };
}

/** The average of a simple average: triangular weights. */
function trimaNode(window: number) {
  const first = new RollingSum(Math.ceil((window + 1) / 2));
  const second = new RollingSum(Math.floor((window + 1) / 2));
  return {
    reset() {
      first.reset();
      second.reset();
    },
    push(value: number): number {
      first.push(value);
      if (!first.filled) return NaN;
      second.push(first.sum / first.window);
      return second.filled ? second.sum / second.window : NaN;
    },
  };
}

/** Hull's average: a weighted average of 2 x the half window's minus the window's. */
function hullNode(window: number) {
  const half = new Wma(Math.max(1, Math.floor(window / 2)));
  const whole = new Wma(window);
  const last = new Wma(Math.max(1, Math.floor(Math.sqrt(window))));
  return {
    reset() {
      half.reset();
      whole.reset();
      last.reset();
    },
    push(value: number): number {
      const short = half.push(value);
      const long = whole.push(value);
      return long === long ? last.push(2 * short - long) : NaN;
    },
  };
}

/**
 * Kaufman's adaptive average: alpha between those of a 2- and a 30-bar average, by the share of the
 * path that was progress. Starts from the value before its first row, as in TA-Lib.
 */
function kamaKernel({ window, ratio }: Averaged): Kernel {
  const fastest = 2 / 3;
  const slowest = 2 / 31;
  const path = new RollingSum(window);
  let seen = 0;
  let value = 0;
  return {
    run([x], [out], from, to) {
      let n = seen;
      let kama = value;
      for (let i = from; i < to; i++) {
        const v = x[i];
        if (v !== v) {
          n = 0;
          path.reset();
          out[i] = NaN;
          continue;
        }
        if (n > 0) path.push(Math.abs(v - x[i - 1]));
        if (n < window) {
          n++;
          kama = v;
          out[i] = NaN;
          continue;
        }
        const progress = Math.abs(v - x[i - window]);
        const efficiency = path.sum <= progress || path.sum < 1e-14 ? 1 : progress / path.sum;
        const alpha = efficiency * (fastest - slowest) + slowest;
        kama += alpha * alpha * (v - kama);
        out[i] = ratio ? v / kama - 1 : kama;
      }
      seen = n;
      value = kama;
    },
  };
}

const t3Factor = 0.7;
const t3Weights = [
  -(t3Factor ** 3),
  3 * (t3Factor ** 2 + t3Factor ** 3),
  -6 * t3Factor ** 2 - 3 * (t3Factor + t3Factor ** 3),
  1 + 3 * t3Factor + t3Factor ** 3 + 3 * t3Factor ** 2,
];

function average(
  summary: string,
  window: number,
  warmup: (window: number) => number,
  create: (params: Averaged) => Kernel,
  lookback: (window: number) => number = () => 0,
): FeatureDefinition<Averaged> & { params: ReturnType<typeof averaged> } {
  return defineFeature({
    family: "average",
    summary,
    params: averaged(window),
    inputs: (p) => [p.source],
    lookback: (p) => lookback(p.window),
    warmup: (p) => warmup(p.window),
    create,
  });
}

export const averages = {
  sma: average(
    "Simple moving average; with `ratio`, source / average - 1",
    20,
    (w) => w - 1,
    (p) => smaKernel(p.window, p.ratio),
    (w) => w,
  ),
  ema: average(
    "Exponential moving average, alpha 2 / (window + 1), seeded with the first window's mean",
    20,
    (w) => w - 1,
    (p) => emaKernel(p.window, 2 / (p.window + 1), p.ratio),
  ),
  wilder: average(
    "Wilder's smoothed average, alpha 1 / window, seeded with the first window's mean",
    14,
    (w) => w - 1,
    (p) => emaKernel(p.window, 1 / p.window, p.ratio),
  ),
  wma: average(
    "Linearly weighted moving average, the latest value weighted most",
    20,
    (w) => w - 1,
    (p) => wmaKernel(p.window, p.ratio),
  ),
  dema: average(
    "Double exponential average: 2 EMA - EMA of EMA",
    20,
    (w) => 2 * (w - 1),
    (p) => chainedEmaKernel(p, false),
  ),
  tema: average(
    "Triple exponential average: 3 EMA - 3 EMA of EMA + EMA of EMA of EMA",
    20,
    (w) => 3 * (w - 1),
    (p) => chainedEmaKernel(p, true),
  ),
  t3: average(
    "Tillson's T3 average, volume factor 0.7",
    5,
    (w) => 6 * (w - 1),
    pushed(t3Node),
  ),
  trima: average("Triangular moving average", 20, (w) => w - 1, pushed(trimaNode)),
  hma: average(
    "Hull moving average",
    16,
    (w) => w - 1 + Math.max(1, Math.floor(Math.sqrt(w))) - 1,
    pushed(hullNode),
  ),
  kama: average("Kaufman's adaptive moving average", 10, (w) => w, kamaKernel, (w) => w),
};
