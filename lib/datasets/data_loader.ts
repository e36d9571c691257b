/**
 * Batches of a dataset in a seeded order.
 * @module
 */
import { createRng, type Rng } from "../math/mod.ts";
import { augment, type Augmentation, validateAugmentations } from "./augmentation.ts";
import type { Batch } from "./supervised_dataset.ts";

/** What a loader reads from: a dataset in memory, or one that loads as it goes. */
export interface BatchSource {
  readonly length: number;
  /** May answer later, when the windows come from disk. */
  batch(indices: ArrayLike<number>): Batch | Promise<Batch>;
  /**
   * The order in which samples are best read; the default is a full shuffle. A source on disk
   * shuffles its chunks and then within each, so that a chunk is read once.
   */
  order?(rng: Rng): Int32Array;
  readonly weights?: ArrayLike<number>;
}

export interface DataLoaderOptions {
  batchSize: number;
  /** Default false: the samples in the order of time. */
  shuffle?: boolean;
  /** Default 0. Epoch `e` of the same seed always has the same batches. */
  seed?: number;
  /** Leave out a last batch that is not full. Default false. */
  dropLast?: boolean;
  augmentations?: readonly Augmentation[];
  /**
   * Draw samples with replacement, in proportion to these (one per sample), instead of visiting
   * each once.
   */
  samplingWeights?: ArrayLike<number>;
  /** Batches made ahead of the one in use, for sources that load as they go. Default 2. */
  prefetch?: number;
}

/**
 * Cuts a dataset into batches.
 *
 * @throws {RangeError} On a batch size or another option out of range.
 */
export class DataLoader {
  readonly source: BatchSource;
  readonly batchSize: number;
  readonly #options: DataLoaderOptions;
  readonly #cumulative: Float64Array | undefined;

  constructor(source: BatchSource, options: DataLoaderOptions) {
    const { batchSize, samplingWeights } = options;
    if (!Number.isInteger(batchSize) || batchSize < 1) {
      throw new RangeError(
        `Cannot make loader: batchSize must be an integer >= 1, got ${batchSize}`,
      );
    }
    if (options.dropLast && source.length < batchSize) {
      throw new RangeError(
        `Cannot make loader: batchSize must be at most the ${source.length} samples when dropLast is set, got ${batchSize}`,
      );
    }
    validateAugmentations(options.augmentations ?? []);
    if (samplingWeights) {
      if (samplingWeights.length !== source.length) {
        throw new RangeError(
          `Cannot make loader: samplingWeights must have one entry per sample (${source.length}), got ${samplingWeights.length}`,
        );
      }
      let sum = 0;
      this.#cumulative = Float64Array.from(samplingWeights, (w, i) => {
        if (!(w >= 0 && Number.isFinite(w))) {
          throw new RangeError(
            `Cannot make loader: samplingWeights must be finite and >= 0, got ${w} at ${i}`,
          );
        }
        return sum += w;
      });
      if (!(sum > 0)) {
        throw new RangeError("Cannot make loader: samplingWeights must not all be 0");
      }
    }
    this.source = source;
    this.batchSize = batchSize;
    this.#options = options;
  }

  /** Batches per epoch. */
  get batches(): number {
    const { dropLast } = this.#options;
    return dropLast
      ? Math.floor(this.source.length / this.batchSize)
      : Math.ceil(this.source.length / this.batchSize);
  }

  /** Sample positions of epoch `epoch`, in their order. */
  order(epoch: number): Int32Array {
    const n = this.source.length;
    const rng = createRng(this.#options.seed ?? 0).split(`order ${epoch}`);
    if (this.#cumulative) {
      const total = this.#cumulative[n - 1];
      return Int32Array.from(
        { length: n },
        () => upperBound(this.#cumulative!, rng.uniform() * total),
      );
    }
    if (!this.#options.shuffle) return Int32Array.from({ length: n }, (_, i) => i);
    if (this.source.order) return this.source.order(rng);
    return rng.shuffle(Int32Array.from({ length: n }, (_, i) => i));
  }

  /** Indices of each batch of the epoch. */
  *indices(epoch: number): Generator<Int32Array> {
    const order = this.order(epoch);
    for (let b = 0; b < this.batches; b++) {
      yield order.subarray(b * this.batchSize, Math.min(order.length, (b + 1) * this.batchSize));
    }
  }

  /** The batches of an epoch of a source in memory. @throws {TypeError} If the source loads as it goes. */
  *epochSync(epoch: number): Generator<Batch> {
    const rng = createRng(this.#options.seed ?? 0).split(`augment ${epoch}`);
    for (const indices of this.indices(epoch)) {
      const batch = this.source.batch(indices);
      if (batch instanceof Promise) {
        throw new TypeError("Cannot read epoch: the source loads as it goes, use epoch()");
      }
      yield augment(batch, this.#options.augmentations ?? [], rng);
    }
  }

  /** The batches of an epoch, made `prefetch` ahead when the source loads as it goes. */
  async *epoch(epoch: number): AsyncGenerator<Batch> {
    const rng = createRng(this.#options.seed ?? 0).split(`augment ${epoch}`);
    const ahead = Math.max(0, this.#options.prefetch ?? 2);
    const waiting: (Batch | Promise<Batch>)[] = [];
    const iterator = this.indices(epoch);
    let done = false;
    try {
      for (;;) {
        while (!done && waiting.length <= ahead) {
          const next = iterator.next();
          if (next.done) done = true;
          else {
            const batch = this.source.batch(next.value);
            // A failure is reported when its turn comes, not as an unhandled rejection before.
            if (batch instanceof Promise) batch.catch(() => {});
            waiting.push(batch);
          }
        }
        if (waiting.length === 0) return;
        yield augment(await waiting.shift()!, this.#options.augmentations ?? [], rng);
      }
    } finally {
      await Promise.allSettled(waiting);
    }
  }
}

/** First position whose cumulative weight exceeds `value`. */
function upperBound(cumulative: Float64Array, value: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle] > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
