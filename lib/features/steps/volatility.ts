import { z } from "zod";
import { bars, barsPerYear, defineFeature, source } from "../feature_definition.ts";
import { AverageTrueRange } from "../average_true_range.ts";
import { trueRanges } from "../bar_prices.ts";
import { fromSecondRow, type Kernel } from "../kernel.ts";
import { logRatio } from "../log_ratio.ts";
import { RollingSum } from "../rolling_sum.ts";
import { RollingVariance } from "../rolling_variance.ts";
import { scratch } from "../scratch.ts";
import { Series } from "../series.ts";

const ohlc = ["open", "high", "low", "close"];
const annualised = (least: number) => z.strictObject({ window: bars(20, least), barsPerYear });

/** Average true range, in price or in percent of the close. */
function atrKernel(window: number, normalised: boolean): Kernel {
  const average = new AverageTrueRange(window);
  return {
    reset: () => average.reset(),
    run(prices, [out], from, to) {
      average.run(prices, from, to, out);
      if (normalised) shareOf(prices[2], out, from, to);
    },
  };
}

/** out = out in percent of the close. */
function shareOf(close: Float64Array, out: Float64Array, from: number, to: number): void {
  for (let i = from; i < to; i++) out[i] = 100 * out[i] / close[i];
}

/** True range alone. */
function trueRangeKernel(): Kernel {
  return fromSecondRow({
    reset() {},
    run([high, low, close], [out], from, to) {
      trueRanges(high, low, close, from, to, out, from);
    },
  });
}

/** An estimate of each bar's variance from its own prices, into `out` from place `at` on. */
type BarVariance = (
  prices: readonly Float64Array[],
  from: number,
  to: number,
  out: Float64Array,
  at: number,
) => void;

const parkinson: BarVariance = ([, high, low], from, to, out, at) => {
  for (let i = from; i < to; i++) {
    const range = logRatio(high[i], low[i]);
    out[at++] = parkinsonFactor * range * range;
  }
};

const garmanKlass: BarVariance = ([open, high, low, close], from, to, out, at) => {
  for (let i = from; i < to; i++) {
    const range = logRatio(high[i], low[i]);
    const body = logRatio(close[i], open[i]);
    out[at++] = 0.5 * range * range - garmanKlassFactor * body * body;
  }
};

const rogersSatchell: BarVariance = ([open, high, low, close], from, to, out, at) => {
  for (let i = from; i < to; i++) {
    const up = logRatio(high[i], open[i]);
    const down = logRatio(low[i], open[i]);
    const body = logRatio(close[i], open[i]);
    out[at++] = up * (up - body) + down * (down - body);
  }
};

/** Square root of the annualised mean of a variance estimate of each bar over the last `window`. */
function barVarianceKernel(window: number, annual: number, estimate: BarVariance): Kernel {
  const sum = new RollingSum(window);
  const variances = new Series(window);
  const mean = annual / window;
  return {
    reset: () => sum.reset(),
    run(prices, [out], from, to) {
      const place = variances.extend(to - from);
      const { values } = variances;
      estimate(prices, from, to, values, place);
      overFiniteRuns(values, place, place + to - from, sum, (start, end) => {
        const row = from + start - place;
        sum.run(values, start, end, out, row, mean);
        rootOf(out, row, row + end - start);
      }, (at) => out[from + at - place] = NaN);
    },
  };
}

/** Square roots in place; what rounding took below 0 counts as 0. */
function rootOf(x: Float64Array, from: number, to: number): void {
  for (let i = from; i < to; i++) x[i] = Math.sqrt(0.5 * (x[i] + Math.abs(x[i])));
}

/**
 * Calls `run` for each stretch of finite values of [from, to). Where one is not (the logarithm of a
 * price that is not positive) the nodes start afresh and `hole` is called.
 */
function overFiniteRuns(
  values: Float64Array,
  from: number,
  to: number,
  nodes: { reset(): void },
  run: (from: number, to: number) => void,
  hole: (at: number) => void,
): void {
  for (let at = from; at < to;) {
    const end = firstInfinite(values, at, to);
    if (end > at) run(at, end);
    if (end < to) {
      nodes.reset();
      hole(end);
    }
    at = end + 1;
  }
}

/** Place of the first value that is no finite number, or `to`. */
function firstInfinite(values: Float64Array, from: number, to: number): number {
  for (let i = from; i < to; i++) if (values[i] - values[i] !== 0) return i;
  return to;
}

/** Sample standard deviation of log returns. */
function realizedKernel(window: number, barsPerYear: number): Kernel {
  const moments = new RollingVariance(window);
  const returns = new Series(window);
  const annual = barsPerYear / (window - 1);
  return fromSecondRow({
    reset: () => moments.reset(),
    run([x], [out], from, to) {
      const place = returns.extend(to - from);
      const { values } = returns;
      for (let i = from, o = place; i < to; i++, o++) values[o] = logRatio(x[i], x[i - 1]);
      const mean = scratch(0, to - from);
      overFiniteRuns(values, place, place + to - from, moments, (start, end) => {
        const row = from + start - place;
        moments.run(values, start, end, mean, out, row);
        for (let i = row; i < row + end - start; i++) out[i] = Math.sqrt(out[i] * annual);
      }, (at) => out[from + at - place] = NaN);
    },
  });
}

/** Yang and Zhang's estimate: overnight and open to close variances, and Rogers and Satchell's. */
function yangZhangKernel(window: number, barsPerYear: number): Kernel {
  const overnight = new RollingVariance(window);
  const day = new RollingVariance(window);
  const drift = new RollingSum(window);
  const nodes = {
    reset() {
      overnight.reset();
      day.reset();
      drift.reset();
    },
  };
  const jumps = new Series(window);
  const bodies = new Series(window);
  const drifts = new Series(window);
  const share = 0.34 / (1.34 + (window + 1) / (window - 1));
  return fromSecondRow({
    reset: () => nodes.reset(),
    run(prices, [out], from, to) {
      const [open, , , close] = prices;
      const n = to - from;
      const place = jumps.extend(n);
      bodies.extend(n);
      drifts.extend(n);
      const jump = jumps.values;
      const body = bodies.values;
      const bar = drifts.values;
      for (let i = from, o = place; i < to; i++, o++) {
        jump[o] = logRatio(open[i], close[i - 1]);
        body[o] = logRatio(close[i], open[i]);
      }
      rogersSatchell(prices, from, to, bar, place);
      // One check for the three: a sum is finite if its parts are.
      const check = scratch(0, n);
      for (let k = 0, o = place; k < n; k++, o++) check[k] = jump[o] + body[o] + bar[o];
      const mean = scratch(1, n);
      const jumpSpread = scratch(2, n);
      const bodySpread = scratch(3, n);
      overFiniteRuns(check, 0, n, nodes, (start, end) => {
        overnight.run(jump, place + start, place + end, mean, jumpSpread, start);
        day.run(body, place + start, place + end, mean, bodySpread, start);
        drift.run(bar, place + start, place + end, out, from + start, 1 / window);
        for (let k = start, i = from + start; k < end; k++, i++) {
          const drifting = 0.5 * (out[i] + Math.abs(out[i]));
          const variance = (jumpSpread[k] + share * bodySpread[k]) / (window - 1) +
            (1 - share) * drifting;
          out[i] = Math.sqrt(variance * barsPerYear);
        }
      }, (k) => out[from + k] = NaN);
    },
  });
}

const parkinsonFactor = 1 / (4 * Math.LN2);
const garmanKlassFactor = 2 * Math.LN2 - 1;

export const volatility = {
  trueRange: defineFeature({
    family: "volatility",
    summary: "True range: the bar's range, the close before included",
    params: z.strictObject({}),
    inputs: () => ["high", "low", "close"],
    lookback: () => 1,
    warmup: () => 1,
    create: trueRangeKernel,
  }),
  atr: defineFeature({
    family: "volatility",
    summary: "Average true range (Wilder), in price",
    params: z.strictObject({ window: bars(14) }),
    inputs: () => ["high", "low", "close"],
    lookback: () => 1,
    warmup: (p) => p.window,
    create: (p) => atrKernel(p.window, false),
  }),
  natr: defineFeature({
    family: "volatility",
    summary: "Average true range in percent of the close",
    params: z.strictObject({ window: bars(14) }),
    inputs: () => ["high", "low", "close"],
    lookback: () => 1,
    warmup: (p) => p.window,
    create: (p) => atrKernel(p.window, true),
  }),
  realizedVolatility: defineFeature({
    family: "volatility",
    summary: "Sample standard deviation (ddof 1) of log returns over `window` returns, annualised",
    params: z.strictObject({ source, window: bars(20, 2), barsPerYear }),
    inputs: (p) => [p.source],
    lookback: () => 1,
    warmup: (p) => p.window,
    create: (p) => realizedKernel(p.window, p.barsPerYear),
  }),
  parkinson: defineFeature({
    family: "volatility",
    summary: "Parkinson 1980 volatility from high and low, annualised",
    params: annualised(1),
    inputs: () => ohlc,
    lookback: () => 0,
    warmup: (p) => p.window - 1,
    create: (p) => barVarianceKernel(p.window, p.barsPerYear, parkinson),
  }),
  garmanKlass: defineFeature({
    family: "volatility",
    summary: "Garman-Klass 1980 volatility from open, high, low and close, annualised",
    params: annualised(1),
    inputs: () => ohlc,
    lookback: () => 0,
    warmup: (p) => p.window - 1,
    create: (p) => barVarianceKernel(p.window, p.barsPerYear, garmanKlass),
  }),
  rogersSatchell: defineFeature({
    family: "volatility",
    summary: "Rogers-Satchell 1991 volatility, free of drift, annualised",
    params: annualised(1),
    inputs: () => ohlc,
    lookback: () => 0,
    warmup: (p) => p.window - 1,
    create: (p) => barVarianceKernel(p.window, p.barsPerYear, rogersSatchell),
  }),
  yangZhang: defineFeature({
    family: "volatility",
    summary: "Yang-Zhang 2000 volatility: overnight, open to close and Rogers-Satchell, annualised",
    params: annualised(2),
    inputs: () => ohlc,
    lookback: () => 1,
    warmup: (p) => p.window,
    create: (p) => yangZhangKernel(p.window, p.barsPerYear),
  }),
  ewmaVolatility: defineFeature({
    family: "volatility",
    summary:
      "Exponentially weighted volatility of log returns about zero (RiskMetrics), annualised",
    params: z.strictObject({
      source,
      lambda: z.number().gt(0).lt(1).default(0.94),
      window: bars(20),
      barsPerYear,
    }),
    inputs: (p) => [p.source],
    lookback: () => 0,
    warmup: (p) => p.window,
    create({ lambda, window, barsPerYear }) {
      let last = NaN;
      let variance = 0;
      let seen = 0;
      return {
        run([x], [out], from, to) {
          let before = last;
          let v = variance;
          let n = seen;
          for (let i = from; i < to; i++) {
            const r = logRatio(x[i], before);
            before = x[i];
            if (r - r !== 0) {
              n = 0;
              out[i] = NaN;
              continue;
            }
            v = n === 0 ? r * r : lambda * v + (1 - lambda) * r * r;
            if (n < window) n++;
            out[i] = n >= window ? Math.sqrt(v * barsPerYear) : NaN;
          }
          last = before;
          variance = v;
          seen = n;
        },
      };
    },
  }),
};
