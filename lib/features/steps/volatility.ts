import { z } from "zod";
import { bars, barsPerYear, defineFeature, source } from "../feature_definition.ts";
import type { Kernel } from "../kernel.ts";
import { logRatio } from "../log_ratio.ts";
import { RollingSum, RollingVariance } from "../rolling.ts";

const ohlc = ["open", "high", "low", "close"];
const annualised = (least: number) => z.strictObject({ window: bars(20, least), barsPerYear });

/**
 * Average true range. The true range needs the close before, so the first average is the mean of
 * rows 1 to `window`, as in TA-Lib.
 */
function atrKernel(window: number, normalised: boolean): Kernel {
  let seen = 0;
  let average = 0;
  let last = 0;
  return {
    run([high, low, close], [out], from, to) {
      let n = seen;
      let atr = average;
      let before = last;
      const keep = window - 1;
      for (let i = from; i < to; i++) {
        const h = high[i];
        const l = low[i];
        const c = close[i];
        if (h !== h || l !== l || c !== c) {
          n = 0;
          out[i] = NaN;
          continue;
        }
        if (n === 0) {
          n = 1;
          atr = 0;
          before = c;
          out[i] = NaN;
          continue;
        }
        const top = h > before ? h : before;
        const bottom = l < before ? l : before;
        const range = top - bottom;
        before = c;
        if (n <= window) {
          atr += range;
          if (n++ < window) {
            out[i] = NaN;
            continue;
          }
          atr /= window;
        } else atr = (atr * keep + range) / window;
        out[i] = normalised ? 100 * atr / c : atr;
      }
      seen = n;
      average = atr;
      last = before;
    },
  };
}

/** Estimates of a bar's variance from its own prices. */
type BarVariance = "parkinson" | "garmanKlass" | "rogersSatchell";

/** Square root of the annualised mean of a variance estimate of each bar over the last `window`. */
function barVarianceKernel(window: number, annual: number, estimate: BarVariance): Kernel {
  const sum = new RollingSum(window);
  return {
    run([open, high, low, close], [out], from, to) {
      for (let i = from; i < to; i++) {
        const range = estimate === "rogersSatchell" ? 0 : logRatio(high[i], low[i]);
        const body = estimate === "garmanKlass" ? logRatio(close[i], open[i]) : 0;
        const v = estimate === "parkinson"
          ? parkinsonFactor * range * range
          : estimate === "garmanKlass"
          ? 0.5 * range * range - garmanKlassFactor * body * body
          : rogersSatchell(open[i], high[i], low[i], close[i]);
        // A hole in any price is one, also where the estimate does not look at it.
        if (v - v !== 0 || open[i] !== open[i] || close[i] !== close[i]) sum.reset();
        else sum.push(v);
        const mean = sum.sum / window;
        out[i] = sum.filled ? Math.sqrt((mean > 0 ? mean : 0) * annual) : NaN;
      }
    },
  };
}

/** A bar's variance by Rogers and Satchell. */
function rogersSatchell(o: number, h: number, l: number, c: number): number {
  const up = logRatio(h, o);
  const down = logRatio(l, o);
  const body = logRatio(c, o);
  return up * (up - body) + down * (down - body);
}

const parkinsonFactor = 1 / (4 * Math.LN2);
const garmanKlassFactor = 2 * Math.LN2 - 1;

export const volatility = {
  trueRange: defineFeature({
    family: "volatility",
    summary: "True range: the bar's range, the close before included",
    params: z.strictObject({}),
    inputs: () => ["high", "low", "close"],
    lookback: () => 0,
    warmup: () => 1,
    create: () => atrKernel(1, false),
  }),
  atr: defineFeature({
    family: "volatility",
    summary: "Average true range (Wilder), in price",
    params: z.strictObject({ window: bars(14) }),
    inputs: () => ["high", "low", "close"],
    lookback: () => 0,
    warmup: (p) => p.window,
    create: (p) => atrKernel(p.window, false),
  }),
  natr: defineFeature({
    family: "volatility",
    summary: "Average true range in percent of the close",
    params: z.strictObject({ window: bars(14) }),
    inputs: () => ["high", "low", "close"],
    lookback: () => 0,
    warmup: (p) => p.window,
    create: (p) => atrKernel(p.window, true),
  }),
  realizedVolatility: defineFeature({
    family: "volatility",
    summary: "Sample standard deviation (ddof 1) of log returns over `window` returns, annualised",
    params: z.strictObject({ source, window: bars(20, 2), barsPerYear }),
    inputs: (p) => [p.source],
    lookback: () => 0,
    warmup: (p) => p.window,
    create({ window, barsPerYear }) {
      const moments = new RollingVariance(window);
      const annual = Math.sqrt(barsPerYear);
      let last = NaN;
      return {
        run([x], [out], from, to) {
          let before = last;
          for (let i = from; i < to; i++) {
            const v = x[i];
            const r = logRatio(v, before);
            before = v;
            if (r - r !== 0) moments.reset();
            else moments.push(r);
            out[i] = moments.filled ? moments.deviation(1) * annual : NaN;
          }
          last = before;
        },
      };
    },
  }),
  parkinson: defineFeature({
    family: "volatility",
    summary: "Parkinson 1980 volatility from high and low, annualised",
    params: annualised(1),
    inputs: () => ohlc,
    lookback: () => 0,
    warmup: (p) => p.window - 1,
    create: (p) => barVarianceKernel(p.window, p.barsPerYear, "parkinson"),
  }),
  garmanKlass: defineFeature({
    family: "volatility",
    summary: "Garman-Klass 1980 volatility from open, high, low and close, annualised",
    params: annualised(1),
    inputs: () => ohlc,
    lookback: () => 0,
    warmup: (p) => p.window - 1,
    create: (p) => barVarianceKernel(p.window, p.barsPerYear, "garmanKlass"),
  }),
  rogersSatchell: defineFeature({
    family: "volatility",
    summary: "Rogers-Satchell 1991 volatility, free of drift, annualised",
    params: annualised(1),
    inputs: () => ohlc,
    lookback: () => 0,
    warmup: (p) => p.window - 1,
    create: (p) => barVarianceKernel(p.window, p.barsPerYear, "rogersSatchell"),
  }),
  yangZhang: defineFeature({
    family: "volatility",
    summary: "Yang-Zhang 2000 volatility: overnight, open to close and Rogers-Satchell, annualised",
    params: annualised(2),
    inputs: () => ohlc,
    lookback: () => 0,
    warmup: (p) => p.window,
    create({ window, barsPerYear }) {
      const overnight = new RollingVariance(window);
      const day = new RollingVariance(window);
      const drift = new RollingSum(window);
      const share = 0.34 / (1.34 + (window + 1) / (window - 1));
      let last = NaN;
      return {
        run([open, high, low, close], [out], from, to) {
          let before = last;
          for (let i = from; i < to; i++) {
            const o = open[i];
            const jump = logRatio(o, before);
            const up = logRatio(high[i], o);
            const down = logRatio(low[i], o);
            const body = logRatio(close[i], o);
            const bar = up * (up - body) + down * (down - body);
            before = close[i];
            if (jump - jump !== 0 || body - body !== 0 || bar - bar !== 0) {
              overnight.reset();
              day.reset();
              drift.reset();
              out[i] = NaN;
              continue;
            }
            overnight.push(jump);
            day.push(body);
            drift.push(bar);
            const variance = (overnight.m2 + share * day.m2) / (window - 1) +
              (1 - share) * Math.max(0, drift.sum / window);
            out[i] = drift.filled ? Math.sqrt(variance * barsPerYear) : NaN;
          }
          last = before;
        },
      };
    },
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
