/**
 * States for a market environment: windows of features with the prices that rewards come from.
 * @module
 */
import { createRng } from "../math/mod.ts";
import type { FrameLike } from "./labelled_frame.ts";
import { SupervisedDataset } from "./supervised_dataset.ts";

export interface RLDatasetOptions {
  frame: FrameLike;
  /** Price of each bar, from which returns are made: usually the close. */
  prices: Float64Array;
  windowBars: number;
  from?: number;
  to?: number;
  features?: readonly string[];
}

/** A stretch of states that an episode walks through: positions `[from, to)` of the dataset. */
export interface EpisodeRange {
  from: number;
  to: number;
}

/**
 * A sequence of states. State i is the window that ends at bar `rows[i]`; acting on it earns the
 * price move from that bar to the next. The last bar of the range has no state, for nothing follows.
 *
 * @throws {RangeError} As {@linkcode SupervisedDataset}; on prices that are not positive; when rows
 * are not consecutive (a missing feature in the middle).
 */
export class RLDataset {
  readonly windowBars: number;
  readonly featureNames: readonly string[];
  /** Bar of each state. */
  readonly rows: Int32Array;
  /** Simple return from each state's bar to the next. */
  readonly returns: Float64Array;
  readonly prices: Float64Array;
  readonly #windows: SupervisedDataset;

  constructor(options: RLDatasetOptions) {
    const { frame, prices } = options;
    const to = options.to ?? frame.length;
    if (prices.length !== frame.length) {
      throw new RangeError(
        `Cannot make dataset: prices must have one value per row of the frame (${frame.length}), got ${prices.length}`,
      );
    }
    const values = new Float64Array(frame.length).fill(NaN);
    for (let t = options.from ?? 0; t < to; t++) {
      if (!(prices[t] > 0 && Number.isFinite(prices[t]))) {
        throw new RangeError(
          `Cannot make dataset: prices must be positive, got ${prices[t]} at row ${t}`,
        );
      }
      if (t + 1 < to) values[t] = prices[t + 1] / prices[t] - 1;
    }
    this.#windows = new SupervisedDataset({
      frame,
      labels: { values },
      windowBars: options.windowBars,
      from: options.from,
      to: options.to,
      features: options.features,
    });
    const { rows } = this.#windows;
    for (let i = 1; i < rows.length; i++) {
      if (rows[i] !== rows[i - 1] + 1) {
        throw new RangeError(
          `Cannot make dataset: states must follow each other, got rows ${rows[i - 1]} and ${
            rows[i]
          }`,
        );
      }
    }
    this.rows = rows;
    this.windowBars = options.windowBars;
    this.featureNames = this.#windows.featureNames;
    this.returns = Float64Array.from(rows, (t) => values[t]);
    this.prices = prices;
  }

  /** Number of states. */
  get length(): number {
    return this.rows.length;
  }

  /** Numbers per state: windowBars * features. */
  get stateSize(): number {
    return this.windowBars * this.featureNames.length;
  }

  /** Copies state `i`, row-major [windowBars, features], into `out` at `offset`; no allocation. */
  readState(i: number, out: Float32Array, offset = 0): Float32Array {
    const width = this.featureNames.length;
    const end = (this.rows[i] + 1) * width;
    if (!(i >= 0 && i < this.length)) {
      throw new RangeError(`Cannot read state: i must be in [0, ${this.length}), got ${i}`);
    }
    out.set(this.#windows.matrix.subarray(end - this.stateSize, end), offset);
    return out;
  }

  /** State `i` without a copy: a view that must not be written to. */
  state(i: number): Float32Array {
    const end = (this.rows[i] + 1) * this.featureNames.length;
    return this.#windows.matrix.subarray(end - this.stateSize, end);
  }

  /**
   * Seeded episodes of `bars` states, drawn with replacement; the whole dataset when it is shorter.
   */
  episodes(count: number, bars: number, seed: number): EpisodeRange[] {
    if (!Number.isInteger(bars) || bars < 1) {
      throw new RangeError(`Cannot draw episodes: bars must be an integer >= 1, got ${bars}`);
    }
    const rng = createRng(seed);
    const span = Math.min(bars, this.length);
    return Array.from({ length: count }, () => {
      const from = rng.integer(this.length - span + 1);
      return { from, to: from + span };
    });
  }
}
