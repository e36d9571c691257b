import { z } from "zod";
import { bars, defineFeature, source, windowed } from "../feature_definition.ts";
import { type PairStatistic, RollingCovariance } from "../rolling_covariance.ts";
import { RollingMax } from "../rolling_max.ts";
import { RollingMoments } from "../rolling_moments.ts";
import { RollingVariance } from "../rolling_variance.ts";
import { scratch } from "../scratch.ts";
import { SortedWindow } from "../sorted_window.ts";

/** A feature of one source and a window, whose rows are read from a node that takes value by value. */
function rolling<N extends { push(value: number): void; reset(): void; readonly filled: boolean }>(
  summary: string,
  [window, least]: [number, number],
  create: (window: number) => N,
  read: (node: N, value: number) => number,
) {
  return defineFeature({
    family: "statistics",
    summary,
    params: windowed(window, least),
    inputs: (p) => [p.source],
    lookback: () => 0,
    warmup: (p) => p.window - 1,
    create(p) {
      const node = create(p.window);
      return {
        run([x], [out], from, to) {
          for (let i = from; i < to; i++) {
            const v = x[i];
            if (v !== v) node.reset();
            else node.push(v);
            out[i] = node.filled ? read(node, v) : NaN;
          }
        },
      };
    },
  });
}

/** A feature read off the rolling mean and spread of one source. */
function ofMoments(
  summary: string,
  read: (
    x: Float64Array,
    from: number,
    to: number,
    mean: Float64Array,
    m2: Float64Array,
    window: number,
    out: Float64Array,
  ) => void,
) {
  return defineFeature({
    family: "statistics",
    summary,
    params: windowed(20, 2),
    inputs: (p) => [p.source],
    lookback: (p) => p.window,
    warmup: (p) => p.window - 1,
    create({ window }) {
      const moments = new RollingVariance(window);
      return {
        reset: () => moments.reset(),
        run([x], [out], from, to) {
          const mean = scratch(0, to - from);
          const m2 = scratch(1, to - from);
          moments.run(x, from, to, mean, m2, 0);
          read(x, from, to, mean, m2, window, out);
        },
      };
    },
  });
}

/** The rolling maximum, or with sign -1 the minimum. */
function extreme(summary: string, sign: 1 | -1) {
  return defineFeature({
    family: "statistics",
    summary,
    params: windowed(20),
    inputs: (p) => [p.source],
    lookback: (p) => p.window,
    warmup: (p) => p.window - 1,
    create(p) {
      const node = new RollingMax(p.window);
      return {
        reset: () => node.reset(),
        run: ([x], [out], from, to) => node.run(x, from, to, sign, out, from),
      };
    },
  });
}

/** Correlation or beta of two columns over a window. */
function paired(summary: string, statistic: PairStatistic) {
  return defineFeature({
    family: "cross",
    summary,
    params: z.strictObject({
      source,
      other: z.string().min(1).default("volume"),
      window: bars(60, 2),
    }),
    inputs: (p) => [p.source, p.other],
    lookback: (p) => p.window,
    warmup: (p) => p.window - 1,
    create(p) {
      const pairs = new RollingCovariance(p.window, statistic);
      return {
        reset: () => pairs.reset(),
        run: ([x, y], [out], from, to) => pairs.run(x, y, from, to, out, from),
      };
    },
  });
}

export const statistics = {
  standardDeviation: ofMoments(
    "Rolling sample standard deviation (ddof 1)",
    (_x, from, to, _mean, m2, window, out) => {
      for (let i = from, k = 0; i < to; i++, k++) out[i] = Math.sqrt(m2[k] / (window - 1));
    },
  ),
  zScore: ofMoments(
    "Distance from the rolling mean in sample standard deviations; 0 without spread",
    (x, from, to, mean, m2, window, out) => {
      for (let i = from, k = 0; i < to; i++, k++) {
        out[i] = m2[k] === 0 ? 0 : (x[i] - mean[k]) / Math.sqrt(m2[k] / (window - 1));
      }
    },
  ),
  skewness: rolling(
    "Rolling skewness, adjusted Fisher-Pearson as pandas; NaN without spread",
    [60, 3],
    (w) => new RollingMoments(w),
    (node) => node.skewness,
  ),
  kurtosis: rolling(
    "Rolling excess kurtosis, unbiased as pandas; NaN without spread",
    [60, 4],
    (w) => new RollingMoments(w),
    (node) => node.kurtosis,
  ),
  maximum: extreme("Rolling maximum", 1),
  minimum: extreme("Rolling minimum", -1),
  quantile: defineFeature({
    family: "statistics",
    summary: "Rolling quantile, linear between neighbours; 0.5 is the median",
    params: z.strictObject({ source, window: bars(20), p: z.number().min(0).max(1).default(0.5) }),
    inputs: (p) => [p.source],
    lookback: () => 0,
    warmup: (p) => p.window - 1,
    create({ window, p }) {
      const node = new SortedWindow(window);
      return {
        run([x], [out], from, to) {
          for (let i = from; i < to; i++) {
            if (x[i] !== x[i]) node.reset();
            else node.push(x[i]);
            out[i] = node.filled ? node.quantile(p) : NaN;
          }
        },
      };
    },
  }),
  percentRank: rolling(
    "Rank of the value among the last `window`, equal ones sharing their mean rank, over the window",
    [60, 1],
    (w) => new SortedWindow(w),
    (node, v) => {
      const below = node.lowerBound(v);
      let equal = 0;
      while (below + equal < node.count && node.sorted[below + equal] === v) equal++;
      return (below + (equal + 1) / 2) / node.window;
    },
  ),
  autocorrelation: defineFeature({
    family: "statistics",
    summary: "Correlation of the source with itself `lag` bars before, over the window",
    params: z.strictObject({ source, window: bars(60, 2), lag: bars(1) }),
    inputs: (p) => [p.source],
    lookback: (p) => p.window + p.lag,
    warmup: (p) => p.window + p.lag - 1,
    create({ window, lag }) {
      const pairs = new RollingCovariance(window, "correlation");
      let seen = 0;
      return {
        reset() {
          seen = 0;
          pairs.reset();
        },
        run([x], [out], from, to) {
          let i = from;
          for (; i < to && seen < lag; i++, seen++) out[i] = NaN;
          pairs.run(x, x, i, to, out, i, lag);
        },
      };
    },
  }),
  correlation: paired(
    "Rolling correlation of two columns; NaN where one has no spread",
    "correlation",
  ),
  beta: paired(
    "Rolling slope of the source on the other column (covariance / variance of the other)",
    "beta",
  ),
};
