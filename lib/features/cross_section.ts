import type { Bars } from "../data/mod.ts";
import type { FeatureFrame } from "./feature_frame.ts";
import type { FeaturePipeline } from "./pipeline.ts";

/** Features of several symbols on one calendar: the same names and rows for each. */
export type FeaturePanel = Record<string, FeatureFrame>;

/**
 * The pipeline's features of each symbol. `alignBars()` brings symbols onto one calendar first; the
 * others are given to each as its context, so that steps may read them.
 */
export function computePanel(
  pipeline: FeaturePipeline,
  series: Readonly<Record<string, Bars>>,
): FeaturePanel {
  return Object.fromEntries(
    Object.entries(series).map(([symbol, bars]) => [symbol, pipeline.compute(bars, series)]),
  );
}

/**
 * Each symbol's place among all symbols at the same row, for every column: 0 the lowest, 1 the
 * highest, equal ones sharing their mean place; symbols without a value there have none (NaN). A
 * symbol alone is in the middle, 0.5.
 *
 * Row t looks at row t of the symbols alone: as causal as the features themselves.
 *
 * @throws {RangeError} If frames differ in names or times.
 */
export function crossSectionalRank(panel: FeaturePanel): FeaturePanel {
  return acrossSymbols(panel, (values, out) => {
    const known: number[] = [];
    for (let k = 0; k < values.length; k++) if (values[k] === values[k]) known.push(k);
    known.sort((a, b) => values[a] - values[b]);
    for (let from = 0; from < known.length;) {
      let to = from + 1;
      while (to < known.length && values[known[to]] === values[known[from]]) to++;
      const place = known.length === 1 ? 0.5 : (from + to - 1) / 2 / (known.length - 1);
      for (; from < to; from++) out[known[from]] = place;
    }
  });
}

/** Each symbol's distance from the symbols' mean at the same row in their standard deviations (ddof 0); 0 without spread. */
export function crossSectionalZScore(panel: FeaturePanel): FeaturePanel {
  return acrossSymbols(panel, (values, out) => {
    let count = 0;
    let sum = 0;
    for (const v of values) {
      if (v === v) {
        count++;
        sum += v;
      }
    }
    const mean = sum / count;
    let m2 = 0;
    for (const v of values) if (v === v) m2 += (v - mean) * (v - mean);
    const deviation = Math.sqrt(m2 / count);
    for (let k = 0; k < values.length; k++) {
      if (values[k] === values[k]) out[k] = deviation > 0 ? (values[k] - mean) / deviation : 0;
    }
  });
}

/** Applies `transform` to the symbols' values of each row and column; what it does not write is NaN. */
function acrossSymbols(
  panel: FeaturePanel,
  transform: (values: Float64Array, out: Float64Array) => void,
): FeaturePanel {
  const symbols = Object.keys(panel);
  const frames = symbols.map((symbol) => panel[symbol]);
  const first = frames[0];
  if (!first) throw new RangeError("Cannot compare symbols: the panel must not be empty");
  for (const [k, frame] of frames.entries()) {
    const same = frame.length === first.length &&
      frame.names.join() === first.names.join() &&
      frame.time.every((t, i) => t === first.time[i]);
    if (!same) {
      throw new RangeError(
        `Cannot compare symbols: ${symbols[k]} must have the names and times of ${symbols[0]}`,
      );
    }
  }
  const values = new Float64Array(symbols.length);
  const out = new Float64Array(symbols.length);
  const results: FeaturePanel = Object.fromEntries(symbols.map((symbol) => [symbol, {
    names: [...first.names],
    columns: first.names.map(() => new Float64Array(first.length)),
    time: first.time,
    length: first.length,
  }]));
  for (let c = 0; c < first.names.length; c++) {
    for (let i = 0; i < first.length; i++) {
      for (let k = 0; k < frames.length; k++) values[k] = frames[k].columns[c][i];
      out.fill(NaN);
      transform(values, out);
      for (let k = 0; k < symbols.length; k++) results[symbols[k]].columns[c][i] = out[k];
    }
  }
  return results;
}
