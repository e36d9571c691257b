import { quantileSorted } from "../math/mod.ts";
import type { FeatureFrame } from "./feature_frame.ts";

/**
 * How a column is scaled.
 *
 * - `standard`: (x - mean) / standard deviation (ddof 0, as scikit-learn)
 * - `robust`: (x - median) / interquartile range
 * - `minMax`: (x - min) / (max - min), 0 to 1 on the rows it was fitted on
 * - `quantile`: the share of fitted values below x, interpolated between 1,000 quantiles, 0 to 1
 */
export type ScalerKind = "standard" | "robust" | "minMax" | "quantile";

/** A fitted scaler as plain JSON: stored with the model, read again by {@linkcode scalerFromJson}. */
export interface ScalerConfig {
  kind: ScalerKind;
  names: string[];
  /** Rows of the frame that it was fitted on: [from, to). */
  from: number;
  to: number;
  /** Subtracted, then divided by `scale`; for all kinds but `quantile`. */
  center?: number[];
  scale?: number[];
  /** Quantiles of each column at equal steps of probability, for `quantile`. */
  quantiles?: number[][];
}

/** Scales features by what it learnt from the rows that it was fitted on. */
export interface Scaler {
  readonly config: ScalerConfig;
  /** A scaled copy; NaN stays NaN. @throws {RangeError} If names differ from those fitted. */
  transform(frame: FeatureFrame): FeatureFrame;
  /** One row in the order of `config.names`, as a stream gives it; a fresh array. */
  transformRow(row: Float64Array): Float64Array;
  toJSON(): ScalerConfig;
}

const quantileCount = 1000;

/**
 * A scaler fitted on rows [from, to) of the frame: the training fold, never more. NaN rows are left
 * out column by column. A column without spread gets scale 1 (as in scikit-learn).
 *
 * @throws {RangeError} If the range lies outside of the frame, or a column has no value in it.
 */
export function fitScaler(
  kind: ScalerKind,
  frame: FeatureFrame,
  range: { from: number; to: number },
): Scaler {
  const { from, to } = range;
  if (!(["standard", "robust", "minMax", "quantile"].includes(kind))) {
    throw new RangeError(
      `Cannot fit scaler: kind must be standard, robust, minMax or quantile, got ${kind}`,
    );
  }
  if (
    !Number.isInteger(from) || !Number.isInteger(to) || from < 0 || to <= from || to > frame.length
  ) {
    throw new RangeError(
      `Cannot fit scaler: rows must be a range within [0, ${frame.length}], got [${from}, ${to})`,
    );
  }
  const config: ScalerConfig = { kind, names: [...frame.names], from, to };
  const center: number[] = [];
  const scale: number[] = [];
  const quantiles: number[][] = [];
  frame.columns.forEach((column, k) => {
    const values = column.subarray(from, to).filter((v) => Number.isFinite(v));
    if (values.length === 0) {
      throw new RangeError(
        `Cannot fit scaler: column ${
          frame.names[k]
        } must have a value in rows [${from}, ${to}), got none`,
      );
    }
    if (kind === "standard") {
      let mean = 0;
      for (const v of values) mean += v;
      mean /= values.length;
      let m2 = 0;
      for (const v of values) m2 += (v - mean) * (v - mean);
      const deviation = Math.sqrt(m2 / values.length);
      center.push(mean);
      // Rounding in the mean of equal values leaves a spread of a few ulps: no spread.
      scale.push(deviation > 1e-14 * Math.abs(mean) ? deviation : 1);
      return;
    }
    values.sort();
    if (kind === "quantile") {
      const count = Math.min(quantileCount, values.length);
      quantiles.push(
        Array.from(
          { length: count },
          (_, i) => quantileSorted(values, count === 1 ? 0.5 : i / (count - 1)),
        ),
      );
    } else if (kind === "minMax") {
      const spread = values[values.length - 1] - values[0];
      center.push(values[0]);
      scale.push(spread || 1);
    } else {
      center.push(quantileSorted(values, 0.5));
      scale.push(quantileSorted(values, 0.75) - quantileSorted(values, 0.25) || 1);
    }
  });
  if (kind === "quantile") config.quantiles = quantiles;
  else {
    config.center = center;
    config.scale = scale;
  }
  return scalerFromJson(config);
}

/** The scaler that `toJSON()` described. */
export function scalerFromJson(config: ScalerConfig): Scaler {
  const { names, center = [], scale = [], quantiles = [] } = config;
  const one = config.kind === "quantile"
    ? (value: number, k: number) => shareBelow(quantiles[k], value)
    : (value: number, k: number) => (value - center[k]) / scale[k];
  return {
    config,
    toJSON: () => config,
    transform(frame) {
      if (frame.names.length !== names.length || frame.names.some((n, k) => n !== names[k])) {
        throw new RangeError(
          `Cannot scale: columns must be ${names.join(", ")}, got ${frame.names.join(", ")}`,
        );
      }
      const columns = frame.columns.map((column, k) => {
        const out = new Float64Array(column.length);
        for (let i = 0; i < out.length; i++) out[i] = one(column[i], k);
        return out;
      });
      return { names: [...frame.names], columns, time: frame.time, length: frame.length };
    },
    transformRow(row) {
      if (row.length !== names.length) {
        throw new RangeError(
          `Cannot scale: a row must have ${names.length} values, got ${row.length}`,
        );
      }
      return row.map(one);
    },
  };
}

/**
 * Place of `value` among ascending quantiles, 0 to 1; values that occur more than once take the
 * middle of their places.
 */
function shareBelow(quantiles: readonly number[], value: number): number {
  if (value !== value) return NaN;
  const last = quantiles.length - 1;
  const lower = bound(quantiles, value, false); // first at or above
  const upper = bound(quantiles, value, true); // first above
  if (last === 0) return value < quantiles[0] ? 0 : value > quantiles[0] ? 1 : 0.5;
  if (upper === 0) return 0;
  if (lower > last) return 1;
  if (upper > lower) return (lower + upper - 1) / 2 / last;
  const below = quantiles[lower - 1];
  return (lower - 1 + (value - below) / (quantiles[lower] - below)) / last;
}

function bound(sorted: readonly number[], value: number, above: boolean): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle] < value || above && sorted[middle] === value) low = middle + 1;
    else high = middle;
  }
  return low;
}
