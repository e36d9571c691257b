import { z } from "zod";
import { Ema, wilder } from "../ema.ts";
import { bars, defineFeature, source, windowed } from "../feature_definition.ts";
import type { Kernel } from "../kernel.ts";
import { RollingMax, RollingSum } from "../rolling.ts";

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

/** Chande's momentum oscillator with Wilder smoothing, as in TA-Lib; 0 while nothing moved. */
function cmoKernel(window: number): Kernel {
  const up = wilder(window);
  const down = wilder(window);
  let last = NaN;
  return {
    run([x], [out], from, to) {
      let before = last;
      for (let i = from; i < to; i++) {
        const change = x[i] - before;
        before = x[i];
        if (change !== change) {
          up.reset();
          down.reset();
          out[i] = NaN;
          continue;
        }
        const u = up.push(change > 0 ? change : 0);
        const d = down.push(change < 0 ? -change : 0);
        const sum = u + d;
        out[i] = sum === 0 ? 0 : 100 * (u - d) / sum;
      }
      last = before;
    },
  };
}

/** Distance of a fast from a slow exponential average, each seeded with its own first values. */
function priceOscillator(fast: number, slow: number, percent: boolean): Kernel {
  const fastEma = new Ema(fast);
  const slowEma = new Ema(slow);
  return {
    run([x], [out], from, to) {
      for (let i = from; i < to; i++) {
        const v = x[i];
        if (v !== v) {
          fastEma.reset();
          slowEma.reset();
          out[i] = NaN;
          continue;
        }
        const f = fastEma.push(v);
        const s = slowEma.push(v);
        out[i] = percent ? 100 * (f - s) / s : f - s;
      }
    },
  };
}

/** Percent change per bar of a threefold exponential average. */
function trixKernel(window: number): Kernel {
  const a = new Ema(window);
  const b = new Ema(window);
  const c = new Ema(window);
  let last = NaN;
  return {
    run([x], [out], from, to) {
      let before = last;
      for (let i = from; i < to; i++) {
        const v = x[i];
        if (v !== v) {
          a.reset();
          b.reset();
          c.reset();
          before = NaN;
          out[i] = NaN;
          continue;
        }
        const first = a.push(v);
        const second = first === first ? b.push(first) : NaN;
        const third = second === second ? c.push(second) : NaN;
        out[i] = 100 * (third / before - 1);
        before = third;
      }
      last = before;
    },
  };
}

/** True strength index: the twice smoothed change over the twice smoothed size of change, in percent. */
function tsiKernel(long: number, short: number): Kernel {
  const change = [new Ema(long), new Ema(short)];
  const size = [new Ema(long), new Ema(short)];
  let last = NaN;
  return {
    run([x], [out], from, to) {
      let before = last;
      for (let i = from; i < to; i++) {
        const d = x[i] - before;
        before = x[i];
        if (d !== d) {
          for (const ema of [...change, ...size]) ema.reset();
          out[i] = NaN;
          continue;
        }
        const c = change[0].push(d);
        const s = size[0].push(Math.abs(d));
        if (c !== c) {
          out[i] = NaN;
          continue;
        }
        const cc = change[1].push(c);
        const ss = size[1].push(s);
        out[i] = ss === 0 ? 0 : 100 * cc / ss;
      }
      last = before;
    },
  };
}

/** Stochastic RSI: the RSI's place in its own range of the last bars, and its simple average. */
function stochasticRsiKernel(window: number, range: number, smooth: number): Kernel {
  const rsi = rsiKernel(window);
  const high = new RollingMax(range);
  const low = new RollingMax(range);
  const average = new RollingSum(smooth);
  const now = new Float64Array(1);
  const index = new Float64Array(1);
  const input = [now];
  const output = [index];
  return {
    run([x], [k, d], from, to) {
      for (let i = from; i < to; i++) {
        now[0] = x[i];
        rsi.run(input, output, 0, 1);
        const v = index[0];
        if (v !== v) {
          high.reset();
          low.reset();
          average.reset();
          k[i] = d[i] = NaN;
          continue;
        }
        high.push(v);
        low.push(-v);
        const spread = high.max + low.max;
        if (high.filled) average.push(spread > 0 ? 100 * (v + low.max) / spread : 50);
        k[i] = average.filled ? (spread > 0 ? 100 * (v + low.max) / spread : 50) : NaN;
        d[i] = average.filled ? average.sum / smooth : NaN;
      }
    },
  };
}

const fastSlow = z.strictObject({ source, fast: bars(12), slow: bars(26) })
  .refine((p) => p.fast < p.slow, { path: ["fast"], error: "must be less than slow" });

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
  cmo: defineFeature({
    family: "momentum",
    summary: "Chande momentum oscillator (Wilder), -100 to 100",
    params: windowed(14),
    inputs: (p) => [p.source],
    lookback: () => 0,
    warmup: (p) => p.window,
    create: (p) => cmoKernel(p.window),
  }),
  apo: defineFeature({
    family: "momentum",
    summary: "Absolute price oscillator: fast minus slow exponential average",
    params: fastSlow,
    inputs: (p) => [p.source],
    lookback: () => 0,
    warmup: (p) => p.slow - 1,
    create: (p) => priceOscillator(p.fast, p.slow, false),
  }),
  ppo: defineFeature({
    family: "momentum",
    summary:
      "Percentage price oscillator: fast minus slow exponential average in percent of the slow",
    params: fastSlow,
    inputs: (p) => [p.source],
    lookback: () => 0,
    warmup: (p) => p.slow - 1,
    create: (p) => priceOscillator(p.fast, p.slow, true),
  }),
  trix: defineFeature({
    family: "momentum",
    summary: "Percent change per bar of a threefold exponential average",
    params: windowed(15),
    inputs: (p) => [p.source],
    lookback: () => 0,
    warmup: (p) => 3 * (p.window - 1) + 1,
    create: (p) => trixKernel(p.window),
  }),
  tsi: defineFeature({
    family: "momentum",
    summary: "True strength index, -100 to 100",
    params: z.strictObject({ source, long: bars(25), short: bars(13) }),
    inputs: (p) => [p.source],
    lookback: () => 0,
    warmup: (p) => p.long + p.short - 1,
    create: (p) => tsiKernel(p.long, p.short),
  }),
  stochasticRsi: defineFeature({
    family: "momentum",
    summary:
      "Place of the RSI in its range of the last `range` bars (k) and its average (d), 0 to 100",
    params: z.strictObject({ source, window: bars(14), range: bars(5), smooth: bars(3) }),
    inputs: (p) => [p.source],
    outputs: () => ["k", "d"],
    lookback: () => 0,
    warmup: (p) => p.window + p.range + p.smooth - 2,
    create: (p) => stochasticRsiKernel(p.window, p.range, p.smooth),
  }),
};
