/**
 * Windows over a feature frame with their labels, made batch by batch.
 * @module
 */
import type { FrameLike, LabelsLike } from "./labelled_frame.ts";

/** One batch: `x` is row-major of `shape`, `y` is [n, targets]. */
export interface Batch {
  x: Float32Array;
  y: Float32Array;
  shape: [n: number, time: number, features: number];
  /** Columns of `y`. */
  targets: number;
  /** One weight per sample, when the dataset or the loader has them. */
  weights?: Float32Array;
  /** Positions in the dataset. */
  indices: Int32Array;
}

export interface SupervisedDatasetOptions {
  frame: FrameLike;
  /** One label series, or several: one column of `y` each. */
  labels: LabelsLike | readonly LabelsLike[];
  /** Bars per window: the window of row t covers bars t - windowBars + 1 to t. */
  windowBars: number;
  /** First row (bar) that may be a sample. Default 0. */
  from?: number;
  /** One past the last row. Default the frame's length. */
  to?: number;
  /** Names of the features to use, in this order. Default all. */
  features?: readonly string[];
  /**
   * Label values in the order of their class indices, for instance `[-1, 0, 1]`: `y` then holds
   * indices. One list, or one per label series (null leaves that series as it is).
   */
  classes?: readonly number[] | readonly (readonly number[] | null)[];
  /** One weight per bar (for instance from `uniquenessWeights`). */
  weights?: Float64Array | Float32Array;
  /**
   * What to do about a missing or infinite feature after the first row where all are defined:
   * `error` (default) names it, `skip` leaves out the windows that touch it. Rows before that one
   * (warm-up) are always left out.
   */
  missing?: "error" | "skip";
  /** Use every `stride`-th valid row. Default 1. */
  stride?: number;
}

// Frames are shared by train, validation and test: their row-major float32 form is made once.
const packedFrames = new WeakMap<FrameLike, Map<string, Float32Array>>();

function packFrame(frame: FrameLike, columns: number[]): Float32Array {
  let byColumns = packedFrames.get(frame);
  if (!byColumns) packedFrames.set(frame, byColumns = new Map());
  const key = columns.join();
  let packed = byColumns.get(key);
  if (!packed) {
    const width = columns.length;
    packed = new Float32Array(frame.length * width);
    for (let j = 0; j < width; j++) {
      const column = frame.columns[columns[j]];
      for (let t = 0, at = j; t < frame.length; t++, at += width) packed[at] = column[t];
    }
    byColumns.set(key, packed);
  }
  return packed;
}

/**
 * A dataset of windows. Nothing is copied until a batch is made, apart from one row-major float32
 * form of the frame which all datasets over that frame share.
 *
 * @throws {RangeError} On a window longer than the range, unknown features, a label outside
 * `classes`, missing features (see `missing`), or when no sample is left.
 */
export class SupervisedDataset {
  readonly windowBars: number;
  readonly featureNames: readonly string[];
  readonly targets: number;
  /** Bar index of each sample. */
  readonly rows: Int32Array;
  readonly frame: FrameLike;
  readonly classes: readonly (readonly number[] | null)[];
  readonly #packed: Float32Array;
  readonly #y: Float32Array;
  readonly #weights: Float32Array | undefined;

  constructor(
    options: SupervisedDatasetOptions | { base: SupervisedDataset; positions: number[] },
  ) {
    if ("base" in options) {
      const { base, positions } = options;
      this.frame = base.frame;
      this.windowBars = base.windowBars;
      this.featureNames = base.featureNames;
      this.targets = base.targets;
      this.classes = base.classes;
      this.#packed = base.#packed;
      this.rows = Int32Array.from(positions, (i) => base.rows[i]);
      this.#y = Float32Array.from(
        { length: positions.length * base.targets },
        (_, i) =>
          base.#y[positions[Math.floor(i / base.targets)] * base.targets + i % base.targets],
      );
      this.#weights = base.#weights && Float32Array.from(positions, (i) => base.#weights![i]);
      return;
    }
    const { frame, windowBars } = options;
    const from = options.from ?? 0;
    const to = options.to ?? frame.length;
    const stride = options.stride ?? 1;
    if (!Number.isInteger(windowBars) || windowBars < 1) {
      throw new RangeError(
        `Cannot make dataset: windowBars must be an integer >= 1, got ${windowBars}`,
      );
    }
    if (!Number.isInteger(stride) || stride < 1) {
      throw new RangeError(`Cannot make dataset: stride must be an integer >= 1, got ${stride}`);
    }
    if (!(from >= 0 && from < to && to <= frame.length)) {
      throw new RangeError(
        `Cannot make dataset: from and to must satisfy 0 <= from < to <= ${frame.length}, got ${from} and ${to}`,
      );
    }
    const labelSeries =
      (Array.isArray(options.labels) ? options.labels : [options.labels]) as readonly LabelsLike[];
    for (const l of labelSeries) {
      if (l.values.length !== frame.length) {
        throw new RangeError(
          `Cannot make dataset: labels must have one value per row of the frame (${frame.length}), got ${l.values.length}`,
        );
      }
    }
    const names = options.features ?? frame.names;
    const columns = names.map((name) => {
      const at = frame.names.indexOf(name);
      if (at < 0) {
        throw new RangeError(
          `Cannot make dataset: features must be among ${frame.names.join(", ")}, got ${name}`,
        );
      }
      return at;
    });
    if (columns.length === 0) {
      throw new RangeError("Cannot make dataset: features must name at least one column, got none");
    }
    if (options.weights && options.weights.length !== frame.length) {
      throw new RangeError(
        `Cannot make dataset: weights must have one value per row of the frame (${frame.length}), got ${options.weights.length}`,
      );
    }
    this.frame = frame;
    this.windowBars = windowBars;
    this.featureNames = [...names];
    this.targets = labelSeries.length;
    this.classes = classLists(options.classes, labelSeries.length);
    this.#packed = packFrame(frame, columns);

    // A row is good when all of its features are finite; a window is good when its rows are.
    const width = columns.length;
    const rows: number[] = [];
    const y: number[] = [];
    const maps = this.classes.map((c) => c && new Map(c.map((v, i) => [v, i])));
    let run = 0;
    let defined = false;
    let skipped = 0;
    const start = Math.max(0, from - windowBars + 1);
    for (let t = start; t < to; t++) {
      let bad = -1;
      for (let j = 0, at = t * width; j < width; j++, at++) {
        if (!Number.isFinite(this.#packed[at])) {
          bad = j;
          break;
        }
      }
      if (bad < 0) {
        run++;
        defined = true;
      } else {
        if (defined && (options.missing ?? "error") === "error") {
          throw new RangeError(
            `Cannot make dataset: feature ${names[bad]} must be finite after its warm-up, got ${
              frame.columns[columns[bad]][t]
            } at row ${t}`,
          );
        }
        run = 0;
      }
      if (t < from || run < windowBars) continue;
      let labelled = true;
      for (const l of labelSeries) if (Number.isNaN(l.values[t])) labelled = false;
      if (!labelled) continue;
      if (skipped++ % stride !== 0) continue;
      for (let k = 0; k < labelSeries.length; k++) {
        const value = labelSeries[k].values[t];
        const map = maps[k];
        if (map) {
          const index = map.get(value);
          if (index === undefined) {
            throw new RangeError(
              `Cannot make dataset: label must be one of ${
                this.classes[k]!.join(", ")
              }, got ${value} at row ${t}`,
            );
          }
          y.push(index);
        } else if (!Number.isFinite(value)) {
          throw new RangeError(
            `Cannot make dataset: label must be finite or NaN, got ${value} at row ${t}`,
          );
        } else y.push(value);
      }
      rows.push(t);
    }
    if (rows.length === 0) {
      throw new RangeError(
        `Cannot make dataset: no row in [${from}, ${to}) has ${windowBars} bars of defined features and a label`,
      );
    }
    this.rows = Int32Array.from(rows);
    this.#y = Float32Array.from(y);
    if (options.weights) {
      this.#weights = Float32Array.from(rows, (t) => options.weights![t]);
      for (let i = 0; i < rows.length; i++) {
        if (!(this.#weights[i] >= 0 && Number.isFinite(this.#weights[i]))) {
          throw new RangeError(
            `Cannot make dataset: weights must be finite and >= 0, got ${this.#weights[i]} at row ${
              rows[i]
            }`,
          );
        }
      }
    }
  }

  /** Number of samples. */
  get length(): number {
    return this.rows.length;
  }

  /** Features per bar. */
  get features(): number {
    return this.featureNames.length;
  }

  /** The frame's values, row-major [bars, features] in float32: what windows are cut from. */
  get matrix(): Float32Array {
    return this.#packed;
  }

  /** Labels of all samples, [length, targets]. Not a copy. */
  get y(): Float32Array {
    return this.#y;
  }

  /** Weights of all samples, when there are any. Not a copy. */
  get weights(): Float32Array | undefined {
    return this.#weights;
  }

  /** The samples at `positions` as a dataset over the same frame. */
  subset(positions: ArrayLike<number>): SupervisedDataset {
    const list = Array.from(positions);
    for (const i of list) {
      if (!(Number.isInteger(i) && i >= 0 && i < this.length)) {
        throw new RangeError(
          `Cannot make subset: positions must be in [0, ${this.length}), got ${i}`,
        );
      }
    }
    if (list.length === 0) {
      throw new RangeError("Cannot make subset: positions must hold at least one sample, got none");
    }
    return new SupervisedDataset({ base: this, positions: list });
  }

  /** Time of each sample, ms UTC. */
  times(): Float64Array {
    return Float64Array.from(this.rows, (t) => this.frame.time[t]);
  }

  /** Windows, labels and weights of the samples at `indices` (all samples by default), copied out. */
  batch(indices?: ArrayLike<number>): Batch {
    const n = indices ? indices.length : this.length;
    const width = this.features;
    const size = this.windowBars * width;
    const x = new Float32Array(n * size);
    const y = new Float32Array(n * this.targets);
    const weights = this.#weights ? new Float32Array(n) : undefined;
    const taken = new Int32Array(n);
    for (let i = 0; i < n; i++) {
      const sample = indices ? indices[i] : i;
      const row = this.rows[sample];
      if (row === undefined) {
        throw new RangeError(
          `Cannot make batch: indices must be in [0, ${this.length}), got ${sample}`,
        );
      }
      taken[i] = sample;
      const end = (row + 1) * width;
      x.set(this.#packed.subarray(end - size, end), i * size);
      for (let k = 0; k < this.targets; k++) {
        y[i * this.targets + k] = this.#y[sample * this.targets + k];
      }
      if (weights) weights[i] = this.#weights![sample];
    }
    return {
      x,
      y,
      shape: [n, this.windowBars, width],
      targets: this.targets,
      weights,
      indices: taken,
    };
  }
}

function classLists(
  classes: SupervisedDatasetOptions["classes"],
  targets: number,
): (readonly number[] | null)[] {
  if (!classes) return new Array(targets).fill(null);
  const nested = classes.some((c) => c === null || Array.isArray(c));
  const lists = nested
    ? classes as readonly (readonly number[] | null)[]
    : new Array(targets).fill(classes as readonly number[]);
  if (lists.length !== targets) {
    throw new RangeError(
      `Cannot make dataset: classes must have one list per label series (${targets}), got ${lists.length}`,
    );
  }
  return [...lists];
}
