/**
 * Batches cut from data in memory for steps that compute a batch in parts, each of which needs its
 * windows apart.
 * @module
 */
import type { CompiledStep } from "../onnx/mod.ts";
import type { ResidentData } from "./engine.ts";

/** Values of windows that are cut at once, 8 MiB: what bounds the memory. */
const cutValues = 2 << 20;

/** Cuts windows, targets and weights into buffers that are used again by every call. */
export class WindowCutter {
  readonly #batchSize: number;
  readonly #size: number;
  readonly #features: number;
  readonly #width: number;
  readonly #batches: number;
  #x = new Float32Array();
  #y = new Float32Array();
  #weights = new Float32Array();
  #rows = new Int32Array();

  /** @param width Columns of the encoded targets. */
  constructor(batchSize: number, windowBars: number, features: number, width: number) {
    this.#batchSize = batchSize;
    this.#size = windowBars * features;
    this.#features = features;
    this.#width = width;
    this.#batches = Math.max(1, Math.floor(cutValues / (batchSize * this.#size)));
  }

  /** Updates over samples of data in memory: one for each rate; their losses. */
  steps(
    step: CompiledStep,
    data: ResidentData,
    order: Int32Array,
    rates: Float64Array,
  ): Float32Array {
    const losses = new Float32Array(rates.length);
    for (let first = 0; first < rates.length; first += this.#batches) {
      const last = first + this.#batches;
      const taken = order.subarray(first * this.#batchSize, last * this.#batchSize);
      const n = this.#cut(data, taken);
      const feeds = {
        x: this.#x.subarray(0, n * this.#size),
        y: this.#y.subarray(0, n * this.#width),
        weights: averagingOne(this.#weights.subarray(0, n), this.#batchSize),
      };
      const learningRate = rates.subarray(first, last);
      losses.set(step.epoch(feeds, this.#rows.subarray(0, n), { learningRate }), first);
    }
    return losses;
  }

  /** Fills the buffers with the samples `taken`; how many they are. */
  #cut({ matrix, rows, y, weights }: ResidentData, taken: Int32Array): number {
    const n = taken.length;
    if (this.#rows.length < n) {
      this.#x = new Float32Array(n * this.#size);
      this.#y = new Float32Array(n * this.#width);
      this.#weights = new Float32Array(n);
      this.#rows = Int32Array.from({ length: n }, (_, i) => i);
    }
    const size = this.#size, width = this.#width;
    for (let i = 0; i < n; i++) {
      const sample = taken[i];
      const end = (rows[sample] + 1) * this.#features;
      this.#x.set(matrix.subarray(end - size, end), i * size);
      for (let k = 0; k < width; k++) this.#y[i * width + k] = y[sample * width + k];
      this.#weights[i] = weights[sample];
    }
    return n;
  }
}

/** Scales weights in place so that their mean over each batch is 1; NaN in a batch without any. */
export function averagingOne(weights: Float32Array, batchSize: number): Float32Array {
  for (let from = 0; from < weights.length; from += batchSize) {
    const batch = weights.subarray(from, from + batchSize);
    let sum = 0;
    for (const w of batch) sum += w;
    for (let i = 0; i < batch.length; i++) batch[i] *= batch.length / sum;
  }
  return weights;
}
