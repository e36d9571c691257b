/**
 * Datasets larger than memory: chunks that are loaded when a batch asks for them.
 * @module
 */
import type { Bars, Catalog, PartitionKey } from "../data/mod.ts";
import type { Rng } from "../math/mod.ts";
import type { BatchSource } from "./data_loader.ts";
import type { FrameLike, LabelsLike } from "./labelled_frame.ts";
import {
  type Batch,
  SupervisedDataset,
  type SupervisedDatasetOptions,
} from "./supervised_dataset.ts";

export interface CatalogDatasetOptions
  extends Pick<SupervisedDatasetOptions, "windowBars" | "features" | "classes" | "missing"> {
  /** Features and labels of a stretch of bars; called for each chunk. */
  prepare(bars: Bars): {
    frame: FrameLike;
    labels: LabelsLike | readonly LabelsLike[];
    /** One weight per row of the frame, as in `SupervisedDatasetOptions`; for all chunks or none. */
    weights?: Float64Array | Float32Array;
  };
  /**
   * Bars before a chunk that its features need, besides the window: a pipeline's `warmupBars`.
   * Features whose memory never ends (exponential means) are exact only up to what this covers.
   */
  lookbackBars: number;
  /** Bars after a chunk that its labels look at: the horizon. */
  lookaheadBars: number;
  /** Times (ms UTC) of the first and last sample; default all. */
  fromTime?: number;
  toTime?: number;
  /** Chunks kept in memory. Default 2. */
  cachedChunks?: number;
}

/**
 * Samples in chunks of which only a few are in memory. A loader that shuffles takes the chunks in a
 * seeded order and the samples of each in a seeded order, so that every chunk is read once an epoch.
 */
export class ChunkedDataset implements BatchSource {
  readonly length: number;
  readonly targets: number;
  readonly windowBars: number;
  readonly features: number;
  readonly #load: ((chunk: number) => Promise<SupervisedDataset>)[];
  readonly #starts: number[];
  readonly #cache = new Map<number, Promise<SupervisedDataset>>();
  readonly #cachedChunks: number;
  readonly #isWeighted: boolean;

  private constructor(
    load: ((chunk: number) => Promise<SupervisedDataset>)[],
    sizes: number[],
    like: SupervisedDataset,
    cachedChunks: number,
  ) {
    this.#load = load;
    this.#starts = [0];
    for (const n of sizes) this.#starts.push(this.#starts.at(-1)! + n);
    this.length = this.#starts.at(-1)!;
    this.targets = like.targets;
    this.windowBars = like.windowBars;
    this.features = like.features;
    this.#cachedChunks = cachedChunks;
    this.#isWeighted = like.weights !== undefined;
  }

  /**
   * A dataset over chunks. Each is loaded once here to count its samples, then let go.
   *
   * @throws {RangeError} If there is no chunk, or chunks differ in their shapes.
   */
  static async open(
    chunks: readonly (() => Promise<SupervisedDataset>)[],
    options: { cachedChunks?: number } = {},
  ): Promise<ChunkedDataset> {
    const cachedChunks = options.cachedChunks ?? 2;
    if (!Number.isInteger(cachedChunks) || cachedChunks < 1) {
      throw new RangeError(
        `Cannot make dataset: cachedChunks must be an integer >= 1, got ${cachedChunks}`,
      );
    }
    const sizes: number[] = [];
    let like: SupervisedDataset | undefined;
    for (const load of chunks) {
      const chunk = await load();
      like ??= chunk;
      for (const field of ["windowBars", "features", "targets"] as const) {
        if (chunk[field] !== like[field]) {
          throw new RangeError(
            `Cannot make dataset: ${field} must be the same in all chunks (${like[field]}), got ${
              chunk[field]
            } in chunk ${sizes.length}`,
          );
        }
      }
      if ((chunk.weights === undefined) !== (like.weights === undefined)) {
        throw new RangeError(
          `Cannot make dataset: weights must be given for all chunks or none, got ${
            chunk.weights ? "some" : "none"
          } in chunk ${sizes.length}`,
        );
      }
      sizes.push(chunk.length);
    }
    if (!like) throw new RangeError("Cannot make dataset: chunks must hold at least one, got none");
    return new ChunkedDataset([...chunks], sizes, like, cachedChunks);
  }

  /**
   * A dataset over a partition of the catalog, one chunk per stored file. Each chunk reads the bars
   * before it that windows and features need, and the bars after it that labels look at.
   */
  static async fromCatalog(
    catalog: Catalog,
    key: PartitionKey,
    options: CatalogDatasetOptions,
  ): Promise<ChunkedDataset> {
    const manifest = await catalog.manifest(key);
    if (!manifest) {
      throw new RangeError(
        `Cannot make dataset: the catalog must hold ${key.source}/${key.symbol}/${key.timeframe}, got nothing`,
      );
    }
    const { fromTime = -Infinity, toTime = Infinity } = options;
    const segments = [...manifest.segments].sort((a, b) => a.from - b.from);
    const before = options.windowBars - 1 + options.lookbackBars;
    const chunks: (() => Promise<SupervisedDataset>)[] = [];
    segments.forEach((segment, i) => {
      if (segment.to < fromTime || segment.from > toTime) return;
      let first = i;
      for (let bars = 0; first > 0 && bars < before;) bars += segments[--first].rows;
      let last = i;
      for (let bars = 0; last < segments.length - 1 && bars < options.lookaheadBars;) {
        bars += segments[++last].rows;
      }
      chunks.push(async () => {
        const bars = await catalog.read(key, { from: segments[first].from, to: segments[last].to });
        const { frame, labels, weights } = options.prepare(bars);
        const lower = Math.max(segment.from, fromTime);
        const upper = Math.min(segment.to, toTime);
        let from = 0;
        while (bars.time[from] < lower) from++;
        let to = from;
        while (to < bars.length && bars.time[to] <= upper) to++;
        return new SupervisedDataset({ ...options, frame, labels, weights, from, to });
      });
    });
    // A first chunk may be all warm-up, a last one all without labels: they hold no sample.
    const usable: (() => Promise<SupervisedDataset>)[] = [];
    for (const load of chunks) {
      try {
        await load();
        usable.push(load);
      } catch (error) {
        if (!(error instanceof RangeError && /no row in/.test(error.message))) throw error;
      }
    }
    return await ChunkedDataset.open(usable, { cachedChunks: options.cachedChunks });
  }

  /** Number of chunks. */
  get chunks(): number {
    return this.#load.length;
  }

  #chunk(k: number): Promise<SupervisedDataset> {
    let found = this.#cache.get(k);
    if (found) {
      // The one used last is let go last.
      this.#cache.delete(k);
    } else {
      found = this.#load[k](k);
      found.catch(() => this.#cache.delete(k));
    }
    this.#cache.set(k, found);
    for (const old of this.#cache.keys()) {
      if (this.#cache.size <= this.#cachedChunks) break;
      this.#cache.delete(old);
    }
    return found;
  }

  #chunkOf(sample: number): number {
    let low = 0;
    let high = this.#load.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if (this.#starts[middle] <= sample) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  /** The samples at `indices`, in their order, with their weights if chunks have any. */
  async batch(indices: ArrayLike<number>): Promise<Batch> {
    const n = indices.length;
    const size = this.windowBars * this.features;
    const out: Batch = {
      x: new Float32Array(n * size),
      y: new Float32Array(n * this.targets),
      shape: [n, this.windowBars, this.features],
      targets: this.targets,
      weights: this.#isWeighted ? new Float32Array(n) : undefined,
      indices: Int32Array.from(indices),
    };
    const byChunk = new Map<number, number[]>();
    for (let i = 0; i < n; i++) {
      if (!(indices[i] >= 0 && indices[i] < this.length)) {
        throw new RangeError(
          `Cannot make batch: indices must be in [0, ${this.length}), got ${indices[i]}`,
        );
      }
      const k = this.#chunkOf(indices[i]);
      const list = byChunk.get(k);
      if (list) list.push(i);
      else byChunk.set(k, [i]);
    }
    for (const [k, places] of byChunk) {
      const chunk = await this.#chunk(k);
      const part = chunk.batch(places.map((i) => indices[i] - this.#starts[k]));
      places.forEach((i, j) => {
        out.x.set(part.x.subarray(j * size, (j + 1) * size), i * size);
        if (out.weights) out.weights[i] = part.weights![j];
        for (let t = 0; t < this.targets; t++) {
          out.y[i * this.targets + t] = part.y[j * this.targets + t];
        }
      });
    }
    return out;
  }

  /** Chunks in a seeded order, the samples of each in a seeded order. */
  order(rng: Rng): Int32Array {
    const out = new Int32Array(this.length);
    const chunks = rng.shuffle(Int32Array.from({ length: this.chunks }, (_, k) => k));
    let at = 0;
    for (const k of chunks) {
      const from = this.#starts[k];
      const own = Int32Array.from({ length: this.#starts[k + 1] - from }, (_, i) => from + i);
      out.set(rng.shuffle(own), at);
      at += own.length;
    }
    return out;
  }
}
