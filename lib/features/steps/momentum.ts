import { z } from "zod";
import { Ema, EmaChain, wilder } from "../ema.ts";
import { bars, defineFeature, fastBelowSlow, source, windowed } from "../feature_definition.ts";
import { fromSecondRow, type Kernel } from "../kernel.ts";
import { RollingRange } from "../rolling_max.ts";
import { RollingSum } from "../rolling_sum.ts";
import { scratch } from "../scratch.ts";
import { firstDefined, Series } from "../series.ts";

/**
 * Wilder's averages of gains and losses as the relative strength index (50 while the price has not
 * moved at all; TA-Lib gives 0) or as Chande's oscillator (0 then).
 */
function strengthKernel(window: number, isChande: boolean) {
  const up = wilder(window);
  const down = wilder(window);
  // 100 gain / sum is the index, 100 (gain - loss) / sum the oscillator.
  const lossFactor = isChande ? -100 : 0;
  const unmoved = isChande ? 0 : 50;
  return fromSecondRow({
    reset() {
      up.reset();
      down.reset();
    },
    run([x], [out], from, to) {
      let i = from;
      for (; i < to && !up.filled; i++) {
        const change = x[i] - x[i - 1];
        const gain = up.push(change > 0 ? change : 0);
        const loss = down.push(change < 0 ? -change : 0);
        out[i] = gain + loss === 0 ? unmoved : (100 * gain + lossFactor * loss) / (gain + loss);
      }
      const alpha = up.alpha / 2;
      const keep = 1 - up.alpha;
      let gain = up.value;
      let loss = down.value;
      for (; i < to; i++) {
        const change = x[i] - x[i - 1];
        const size = Math.abs(change);
        // size + change is twice the gain, size - change twice the loss: no branch to guess.
        gain = gain * keep + (size + change) * alpha;
        loss = loss * keep + (size - change) * alpha;
        const sum = gain + loss;
        out[i] = sum === 0 ? unmoved : (100 * gain + lossFactor * loss) / sum;
      }
      up.value = gain;
      down.value = loss;
    },
  });
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
    reset() {
      seen = 0;
      fastEma.reset();
      slowEma.reset();
      signalEma.reset();
    },
    run([x], [line, signalLine, histogram], from, to) {
      let i = from;
      for (; i < to && !signalEma.filled; i++) {
        const f = seen++ >= slow - fast ? fastEma.push(x[i]) : NaN;
        const macd = f - slowEma.push(x[i]);
        const average = macd === macd ? signalEma.push(macd) : NaN;
        line[i] = average === average ? macd : NaN;
        signalLine[i] = average;
        histogram[i] = macd - average;
      }
      const fastAlpha = fastEma.alpha;
      const slowAlpha = slowEma.alpha;
      const signalAlpha = signalEma.alpha;
      let f = fastEma.value;
      let s = slowEma.value;
      let average = signalEma.value;
      for (; i < to; i++) {
        const v = x[i];
        f += fastAlpha * (v - f);
        s += slowAlpha * (v - s);
        const macd = f - s;
        average += signalAlpha * (macd - average);
        line[i] = macd;
        signalLine[i] = average;
        histogram[i] = macd - average;
      }
      fastEma.value = f;
      slowEma.value = s;
      signalEma.value = average;
    },
  };
}

/** Distance of a fast from a slow exponential average, each seeded with its own first values. */
function priceOscillator(fast: number, slow: number, percent: boolean): Kernel {
  const fastEma = new Ema(fast);
  const slowEma = new Ema(slow);
  return {
    reset() {
      fastEma.reset();
      slowEma.reset();
    },
    run([x], [out], from, to) {
      fastEma.run(x, from, to, out, from);
      const slowLine = scratch(0, to - from);
      slowEma.run(x, from, to, slowLine, 0);
      for (let i = from, k = 0; i < to; i++, k++) {
        const distance = out[i] - slowLine[k];
        out[i] = percent ? 100 * distance / slowLine[k] : distance;
      }
    },
  };
}

/** Percent change per bar of a threefold exponential average. */
function trixKernel(window: number): Kernel {
  const chain = new EmaChain(window, [0, 0, 1]);
  let before = NaN;
  return {
    reset() {
      chain.reset();
      before = NaN;
    },
    run([x], [out], from, to) {
      chain.run(x, from, to, out, from);
      let last = before;
      for (let i = from; i < to; i++) {
        const now = out[i];
        out[i] = 100 * (now / last - 1);
        last = now;
      }
      before = last;
    },
  };
}

/** True strength index: the twice smoothed change over the twice smoothed size of change, in percent. */
function tsiKernel(long: number, short: number): Kernel {
  const changes = [new Ema(long), new Ema(short)];
  const sizes = [new Ema(long), new Ema(short)];
  return fromSecondRow({
    reset() {
      for (const ema of changes) ema.reset();
      for (const ema of sizes) ema.reset();
    },
    run([x], [out], from, to) {
      let i = from;
      const [longChange, shortChange] = changes;
      const [longSize, shortSize] = sizes;
      for (; i < to && !shortChange.filled; i++) {
        const change = longChange.push(x[i] - x[i - 1]);
        const size = longSize.push(Math.abs(x[i] - x[i - 1]));
        const c = change === change ? shortChange.push(change) : NaN;
        const s = size === size ? shortSize.push(size) : NaN;
        out[i] = s === 0 ? 0 : 100 * c / s;
      }
      const longAlpha = longChange.alpha;
      const shortAlpha = shortChange.alpha;
      let change = longChange.value, size = longSize.value;
      let c = shortChange.value, s = shortSize.value;
      for (; i < to; i++) {
        const d = x[i] - x[i - 1];
        change += longAlpha * (d - change);
        size += longAlpha * (Math.abs(d) - size);
        c += shortAlpha * (change - c);
        s += shortAlpha * (size - s);
        out[i] = s === 0 ? 0 : 100 * c / s;
      }
      longChange.value = change;
      longSize.value = size;
      shortChange.value = c;
      shortSize.value = s;
    },
  });
}

/** Stochastic RSI: the RSI's place in its own range of the last bars, and its simple average. */
function stochasticRsiKernel(window: number, range: number, smooth: number): Kernel {
  const rsi = strengthKernel(window, false);
  const extremes = new RollingRange(range);
  const average = new RollingSum(smooth);
  const index = new Series(range);
  const places = new Series(smooth);
  return {
    reset() {
      rsi.reset();
      extremes.reset();
      average.reset();
    },
    run(inputs, [k, d], from, to) {
      rsi.run(inputs, [k], from, to);
      const place = index.extend(to - from);
      const { values } = index;
      for (let i = from, o = place; i < to; i++, o++) values[o] = k[i];
      const end = place + to - from;
      const start = firstDefined(values, place, end);
      const n = end - start;
      k.fill(NaN, from, to - n);
      d.fill(NaN, from, to - n);
      extremes.run(values, values, start, end, k, to - n, d, to - n);
      const first = firstDefined(k, to - n, to);
      d.fill(NaN, to - n, first);
      const kept = places.extend(to - first);
      const { values: shares } = places;
      for (let i = first, o = kept, r = end - (to - first); i < to; i++, o++, r++) {
        const spread = k[i] - d[i];
        shares[o] = spread > 0 ? 100 * (values[r] - d[i]) / spread : 50;
      }
      average.run(shares, kept, kept + to - first, d, first, 1 / smooth);
      for (let i = first, o = kept; i < to; i++, o++) k[i] = d[i] === d[i] ? shares[o] : NaN;
    },
  };
}

const fastAndSlow = { source, fast: bars(12), slow: bars(26) };
const fastSlow = z.strictObject(fastAndSlow).refine(...fastBelowSlow);

export const momentum = {
  rsi: defineFeature({
    family: "momentum",
    summary: "Relative strength index (Wilder), 0 to 100",
    params: windowed(14),
    inputs: (p) => [p.source],
    lookback: () => 1,
    warmup: (p) => p.window,
    create: (p) => strengthKernel(p.window, false),
  }),
  macd: defineFeature({
    family: "momentum",
    summary:
      "Difference of a fast and a slow exponential average, its signal line and their distance",
    params: z.strictObject({ ...fastAndSlow, signal: bars(9) }).refine(...fastBelowSlow),
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
    lookback: () => 1,
    warmup: (p) => p.window,
    create: (p) => strengthKernel(p.window, true),
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
    lookback: () => 1,
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
    lookback: () => 1,
    warmup: (p) => p.window + p.range + p.smooth - 2,
    create: (p) => stochasticRsiKernel(p.window, p.range, p.smooth),
  }),
};
