import { z } from "zod";
import { Ema } from "../ema.ts";
import { bars, defineFeature } from "../feature_definition.ts";
import { RollingSum } from "../rolling.ts";

const highLowClose = ["high", "low", "close"];

/** Share of the range in which the bar closed, -1 to 1, times volume: Chaikin's money flow of a bar. */
function moneyFlow(h: number, l: number, c: number, volume: number): number {
  return h > l ? (c - l - (h - c)) / (h - l) * volume : 0 * (h - l) * volume * c;
}

/** The start of a UTC day, week (Monday) or month as a number that changes with it. */
const anchors = {
  day: (t: number) => Math.floor(t / 86_400_000),
  week: (t: number) => Math.floor((t / 86_400_000 + 3) / 7),
  month: (t: number) => {
    const date = new Date(t);
    return date.getUTCFullYear() * 12 + date.getUTCMonth();
  },
};

export const volume = {
  obv: defineFeature({
    family: "volume",
    summary: "On-balance volume, from the first bar on: its level depends on where the bars start",
    params: z.strictObject({}),
    inputs: () => ["close", "volume"],
    lookback: () => 0,
    warmup: () => 0,
    create() {
      let last = NaN;
      let total = 0;
      return {
        run([c, v], [out], from, to) {
          let before = last;
          let sum = total;
          for (let i = from; i < to; i++) {
            const close = c[i];
            if (close !== close || v[i] !== v[i]) {
              before = NaN;
              out[i] = NaN;
              continue;
            }
            if (before !== before) sum = v[i];
            else if (close > before) sum += v[i];
            else if (close < before) sum -= v[i];
            before = close;
            out[i] = sum;
          }
          last = before;
          total = sum;
        },
      };
    },
  }),
  accumulation: defineFeature({
    family: "volume",
    summary: "Accumulation/distribution line (Chaikin), from the first bar on",
    params: z.strictObject({}),
    inputs: () => [...highLowClose, "volume"],
    lookback: () => 0,
    warmup: () => 0,
    create() {
      let total = 0;
      return {
        run([h, l, c, v], [out], from, to) {
          let sum = total;
          for (let i = from; i < to; i++) {
            const flow = moneyFlow(h[i], l[i], c[i], v[i]);
            sum = flow === flow ? sum + flow : 0;
            out[i] = flow === flow ? sum : NaN;
          }
          total = sum;
        },
      };
    },
  }),
  chaikinOscillator: defineFeature({
    family: "volume",
    summary: "Chaikin oscillator: fast minus slow exponential average of the accumulation line; " +
      "both averages start at its first value, as in TA-Lib",
    params: z.strictObject({ fast: bars(3), slow: bars(10) })
      .refine((p) => p.fast < p.slow, { path: ["fast"], error: "must be less than slow" }),
    inputs: () => [...highLowClose, "volume"],
    lookback: () => 0,
    warmup: (p) => p.slow - 1,
    create(p) {
      const fastAlpha = 2 / (p.fast + 1);
      const slowAlpha = 2 / (p.slow + 1);
      const state = { seen: 0, total: 0.5, fast: 0.5, slow: 0.5 };
      return {
        run([h, l, c, v], [out], from, to) {
          let { seen, total, fast, slow } = state;
          for (let i = from; i < to; i++) {
            const flow = moneyFlow(h[i], l[i], c[i], v[i]);
            if (flow !== flow) {
              seen = 0;
              out[i] = NaN;
              continue;
            }
            if (seen === 0) fast = slow = total = flow;
            else {
              total += flow;
              fast += fastAlpha * (total - fast);
              slow += slowAlpha * (total - slow);
            }
            if (seen < p.slow) seen++;
            out[i] = seen >= p.slow ? fast - slow : NaN;
          }
          Object.assign(state, { seen, total, fast, slow });
        },
      };
    },
  }),
  chaikinMoneyFlow: defineFeature({
    family: "volume",
    summary: "Chaikin money flow over the window, -1 to 1; 0 where nothing traded",
    params: z.strictObject({ window: bars(20) }),
    inputs: () => [...highLowClose, "volume"],
    lookback: () => 0,
    warmup: (p) => p.window - 1,
    create({ window }) {
      const flows = new RollingSum(window);
      const volumes = new RollingSum(window);
      return {
        run([h, l, c, v], [out], from, to) {
          for (let i = from; i < to; i++) {
            const flow = moneyFlow(h[i], l[i], c[i], v[i]);
            if (flow !== flow) {
              flows.reset();
              volumes.reset();
              out[i] = NaN;
              continue;
            }
            flows.push(flow);
            volumes.push(v[i]);
            out[i] = !volumes.filled ? NaN : volumes.sum > 0 ? flows.sum / volumes.sum : 0;
          }
        },
      };
    },
  }),
  vwap: defineFeature({
    family: "volume",
    summary: "Volume-weighted average of the typical price over the last `window` bars; " +
      "the plain average where nothing traded",
    params: z.strictObject({ window: bars(20), ratio: z.boolean().default(false) }),
    inputs: () => [...highLowClose, "volume"],
    lookback: () => 0,
    warmup: (p) => p.window - 1,
    create({ window, ratio }) {
      const values = new RollingSum(window);
      const volumes = new RollingSum(window);
      const plain = new RollingSum(window);
      return {
        run([h, l, c, v], [out], from, to) {
          for (let i = from; i < to; i++) {
            const typical = (h[i] + l[i] + c[i]) / 3;
            const value = typical * v[i];
            if (value !== value) {
              values.reset();
              volumes.reset();
              plain.reset();
              out[i] = NaN;
              continue;
            }
            values.push(value);
            volumes.push(v[i]);
            plain.push(typical);
            const average = volumes.sum > 0 ? values.sum / volumes.sum : plain.sum / window;
            out[i] = !plain.filled ? NaN : ratio ? c[i] / average - 1 : average;
          }
        },
      };
    },
  }),
  anchoredVwap: defineFeature({
    family: "volume",
    summary: "Volume-weighted average of the typical price since the UTC day, week or month began",
    params: z.strictObject({
      anchor: z.enum(["day", "week", "month"]).default("day"),
      ratio: z.boolean().default(false),
    }),
    inputs: () => ["time", ...highLowClose, "volume"],
    lookback: () => 0,
    warmup: () => 0,
    create({ anchor, ratio }) {
      const spanOf = anchors[anchor];
      let span = NaN;
      let value = 0;
      let traded = 0;
      return {
        run([time, h, l, c, v], [out], from, to) {
          for (let i = from; i < to; i++) {
            // A bar is stamped at its close: one that closes at midnight belongs to the day before.
            const now = spanOf(time[i] - 1);
            if (now !== span) {
              span = now;
              value = traded = 0;
            }
            const typical = (h[i] + l[i] + c[i]) / 3;
            if (typical * v[i] === typical * v[i]) {
              value += typical * v[i];
              traded += v[i];
            }
            const average = typical * v[i] !== typical * v[i]
              ? NaN
              : traded > 0
              ? value / traded
              : typical;
            out[i] = ratio ? c[i] / average - 1 : average;
          }
        },
      };
    },
  }),
  vwma: defineFeature({
    family: "volume",
    summary: "Volume-weighted moving average of the close; the plain average where nothing traded",
    params: z.strictObject({ window: bars(20), ratio: z.boolean().default(false) }),
    inputs: () => ["close", "volume"],
    lookback: () => 0,
    warmup: (p) => p.window - 1,
    create({ window, ratio }) {
      const values = new RollingSum(window);
      const volumes = new RollingSum(window);
      const plain = new RollingSum(window);
      return {
        run([c, v], [out], from, to) {
          for (let i = from; i < to; i++) {
            const value = c[i] * v[i];
            if (value !== value) {
              values.reset();
              volumes.reset();
              plain.reset();
              out[i] = NaN;
              continue;
            }
            values.push(value);
            volumes.push(v[i]);
            plain.push(c[i]);
            const average = volumes.sum > 0 ? values.sum / volumes.sum : plain.sum / window;
            out[i] = !plain.filled ? NaN : ratio ? c[i] / average - 1 : average;
          }
        },
      };
    },
  }),
  forceIndex: defineFeature({
    family: "volume",
    summary: "Elder's force index: exponential average of change times volume",
    params: z.strictObject({ window: bars(13) }),
    inputs: () => ["close", "volume"],
    lookback: () => 0,
    warmup: (p) => p.window,
    create({ window }) {
      const average = new Ema(window);
      let last = NaN;
      return {
        run([c, v], [out], from, to) {
          for (let i = from; i < to; i++) {
            const force = (c[i] - last) * v[i];
            last = c[i];
            if (force !== force) average.reset();
            out[i] = force === force ? average.push(force) : NaN;
          }
        },
      };
    },
  }),
  easeOfMovement: defineFeature({
    family: "volume",
    summary:
      "Ease of movement: average move of the bar's middle per volume (in 100 million) and range",
    params: z.strictObject({ window: bars(14) }),
    inputs: () => ["high", "low", "volume"],
    lookback: () => 0,
    warmup: (p) => p.window,
    create({ window }) {
      const sum = new RollingSum(window);
      let last = NaN;
      return {
        run([h, l, v], [out], from, to) {
          for (let i = from; i < to; i++) {
            const middle = (h[i] + l[i]) / 2;
            const move = middle - last;
            const ease = v[i] > 0 ? move * (h[i] - l[i]) / (v[i] / 1e8) : 0 * move * v[i];
            last = middle;
            if (ease !== ease) sum.reset();
            else sum.push(ease);
            out[i] = sum.filled ? sum.sum / window : NaN;
          }
        },
      };
    },
  }),
};
