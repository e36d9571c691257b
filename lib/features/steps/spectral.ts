import FFT from "fft.js";
import { z } from "zod";
import { bars, defineFeature, source } from "../feature_definition.ts";
import { fractionalWeights } from "../fractional_weights.ts";
import { PeriodicWavelet, scalingFilters, type WaveletName } from "../wavelet.ts";

const waveletNames = Object.keys(scalingFilters) as [WaveletName, ...WaveletName[]];
const powerOfTwo = (value: number) => (value & (value - 1)) === 0;

export const spectral = {
  waveletEnergy: defineFeature({
    family: "spectral",
    summary:
      "Energy of the wavelet bands of the last `window` values (a trailing window: nothing " +
      "leaks): details 1 (finest) to `levels`, then the approximation; with `share`, as parts of 1",
    params: z.strictObject({
      source,
      window: bars(64, 2),
      wavelet: z.enum(waveletNames).default("db4"),
      levels: z.int().min(1).max(12).default(3),
      share: z.boolean().default(true),
    }).refine((p) => p.window % 2 ** p.levels === 0, {
      path: ["window"],
      error: "must be divisible by 2^levels",
    }),
    inputs: (p) => [p.source],
    outputs: (p) => [...Array.from({ length: p.levels }, (_, k) => `d${k + 1}`), `a${p.levels}`],
    lookback: (p) => p.window,
    warmup: (p) => p.window - 1,
    create({ window, wavelet, levels, share }) {
      const transform = new PeriodicWavelet(wavelet, window);
      const values = new Float64Array(window);
      let seen = 0;
      return {
        run([x], outputs, from, to) {
          for (let i = from; i < to; i++) {
            seen = x[i] === x[i] ? Math.min(window, seen + 1) : 0;
            if (seen < window) {
              for (let k = 0; k <= levels; k++) outputs[k][i] = NaN;
              continue;
            }
            for (let k = 0; k < window; k++) values[k] = x[i - window + 1 + k];
            transform.transform(values, levels);
            let end = window;
            let total = 0;
            for (let k = 0; k <= levels; k++) {
              const start = k === levels ? 0 : end >> 1;
              let energy = 0;
              for (let j = start; j < end; j++) energy += values[j] * values[j];
              outputs[k][i] = energy;
              total += energy;
              end = start;
            }
            if (!share) continue;
            for (let k = 0; k <= levels; k++) {
              outputs[k][i] = total > 0 ? outputs[k][i] / total : 1 / (levels + 1);
            }
          }
        },
      };
    },
  }),
  fourierEnergy: defineFeature({
    family: "spectral",
    summary:
      "Power of frequency bands (cycles per bar) of the last `window` values less their mean, " +
      "under a Hann window; with `share`, as parts of 1",
    params: z.strictObject({
      source,
      window: bars(64, 4),
      edges: z.array(z.number().min(0).max(0.5)).min(2).default([0, 0.0625, 0.125, 0.25, 0.5]),
      share: z.boolean().default(true),
    }).refine((p) => powerOfTwo(p.window), { path: ["window"], error: "must be a power of 2" })
      .refine((p) => p.edges.every((edge, k) => k === 0 || edge > p.edges[k - 1]), {
        path: ["edges"],
        error: "must ascend",
      }),
    inputs: (p) => [p.source],
    outputs: (p) => Array.from({ length: p.edges.length - 1 }, (_, k) => `b${k + 1}`),
    lookback: (p) => p.window,
    warmup: (p) => p.window - 1,
    create({ window, edges, share }) {
      const fft = new FFT(window);
      const values: number[] = new Array(window).fill(0);
      const spectrum: number[] = fft.createComplexArray();
      // scipy.signal.windows.hann(window, sym=False)
      const taper = Float64Array.from(
        { length: window },
        (_, k) => 0.5 - 0.5 * Math.cos(2 * Math.PI * k / window),
      );
      const bands = edges.length - 1;
      // Band of each bin 1..window/2: (low, high]; bins outside of all bands go to none.
      const bandOf = Int32Array.from({ length: window / 2 + 1 }, (_, bin) => {
        const frequency = bin / window;
        for (let k = 0; k < bands; k++) {
          if (frequency > edges[k] && frequency <= edges[k + 1]) return k;
        }
        return -1;
      });
      let seen = 0;
      return {
        run([x], outputs, from, to) {
          for (let i = from; i < to; i++) {
            seen = x[i] === x[i] ? Math.min(window, seen + 1) : 0;
            for (let k = 0; k < bands; k++) outputs[k][i] = seen < window ? NaN : 0;
            if (seen < window) continue;
            let mean = 0;
            let flat = true;
            for (let k = 1; k <= window; k++) {
              mean += x[i - window + k];
              if (x[i - window + k] !== x[i]) flat = false;
            }
            mean /= window;
            for (let k = 0; k < window; k++) {
              values[k] = flat ? 0 : (x[i - window + 1 + k] - mean) * taper[k];
            }
            fft.realTransform(spectrum, values);
            let total = 0;
            for (let bin = 1; bin <= window / 2; bin++) {
              const k = bandOf[bin];
              if (k < 0) continue;
              const re = spectrum[2 * bin];
              const im = spectrum[2 * bin + 1];
              const power = re * re + im * im;
              outputs[k][i] += power;
              total += power;
            }
            if (!share) continue;
            for (let k = 0; k < bands; k++) {
              outputs[k][i] = total > 0 ? outputs[k][i] / total : 1 / bands;
            }
          }
        },
      };
    },
  }),
  fractionalDifference: defineFeature({
    family: "returns",
    summary: "Fractional difference of order `d` with a fixed width of weights, cut at `cut`",
    params: z.strictObject({
      source,
      d: z.number().gt(0).max(2).default(0.4),
      cut: z.number().gt(0).lt(1).default(1e-5),
    }),
    inputs: (p) => [p.source],
    lookback: (p) => fractionalWeights(p.d, p.cut).length,
    warmup: (p) => fractionalWeights(p.d, p.cut).length - 1,
    create({ d, cut }) {
      const weights = fractionalWeights(d, cut);
      const width = weights.length;
      let seen = 0;
      return {
        run([x], [out], from, to) {
          for (let i = from; i < to; i++) {
            seen = x[i] === x[i] ? Math.min(width, seen + 1) : 0;
            if (seen < width) {
              out[i] = NaN;
              continue;
            }
            let sum = 0;
            for (let k = 0; k < width; k++) sum += weights[k] * x[i - k];
            out[i] = sum;
          }
        },
      };
    },
  }),
};
