/**
 * What runs training steps: eager TensorFlow.js or a compiled graph, behind one interface.
 * @module
 */
import type { Rng } from "../math/mod.ts";
import { fillMask, loadTf, type Model, type Tf } from "../models/mod.ts";
import { encodedWidth, type Loss, lossFunction } from "./losses.ts";
import {
  clipByNorm,
  convertState,
  createOptimizer,
  type FlatOptimizer,
  type OptimizerConfig,
  type OptimizerState,
} from "./optimizers.ts";
import type * as tfTypes from "@tensorflow/tfjs";
import type { BackendName } from "./backend.ts";
import type { BatchParts } from "./batch_parts.ts";

/** A batch as engines take it. */
export interface EncodedBatch {
  n: number;
  /** [n, windowBars, features] */
  x: Float32Array;
  /** Encoded targets, [n, width of the logits] */
  y: Float32Array;
  /** Weights, [n] */
  weights: Float32Array;
}

/** A training set that lies in memory whole: windows are rows of one matrix. */
export interface ResidentData {
  /** Row-major [bars, features]. */
  matrix: Float32Array;
  bars: number;
  /** Last bar of each sample's window. */
  rows: Int32Array;
  /** Encoded targets of all samples, [samples, width of the logits]. */
  y: Float32Array;
  /** Weights of all samples. */
  weights: Float32Array;
}

export interface TrainingEngine {
  readonly backend: BackendName;
  /**
   * Several updates at once over samples of data in memory; one loss per update. Engines without
   * it get batches one by one.
   */
  steps?(data: ResidentData, order: Int32Array, rates: Float64Array): Promise<Float32Array>;
  /** One update; the loss is the batch's before it. Dropout masks are drawn from `rng`. */
  step(batch: EncodedBatch, learningRate: number, rng: Rng): number | Promise<number>;
  /** Logits [n, width] without dropout. */
  logits(x: Float32Array, n: number): Float32Array | Promise<Float32Array>;
  /** All trainable weights, one after the other. A copy. */
  weights(): Float32Array;
  setWeights(flat: Float32Array): void;
  optimizerState(): OptimizerState;
  /** Writes the weights back to the model's variables. */
  sync(): void;
  dispose(): void;
}

export interface EngineOptions {
  model: Model;
  batchSize: number;
  /** Processes that share each batch. Default 1. */
  workers?: number;
  /** Seed of the dropout that a compiled step draws itself. */
  seed: number;
  losses: readonly Loss[];
  optimizer: OptimizerConfig;
  clipNorm?: number;
  /** Threads of a compiled step. Default 1. */
  threads?: number;
  /** Threads and parts that a batch is shared among in a compiled step. Default: neither. */
  parts?: BatchParts;
  /** The training set, where it lies in memory whole. */
  resident?: ResidentData;
  /** State to go on from. */
  state?: OptimizerState;
}

/** The trainable variables of a model in their order. */
export function trainableVariables(model: Model): tfTypes.Variable[] {
  return model.logits.trainableWeights.map((w) => (w as unknown as { val: tfTypes.Variable }).val);
}

/** All trainable weights of a model, one after the other. */
export function readWeights(model: Model): Float32Array {
  const variables = trainableVariables(model);
  const flat = new Float32Array(variables.reduce((sum, v) => sum + v.size, 0));
  let at = 0;
  for (const v of variables) {
    flat.set(v.dataSync() as Float32Array, at);
    at += v.size;
  }
  return flat;
}

/** Sets a model's trainable weights. @throws {RangeError} If the number of values differs. */
export function writeWeights(tf: Tf, model: Model, flat: Float32Array): void {
  const variables = trainableVariables(model);
  const size = variables.reduce((sum, v) => sum + v.size, 0);
  if (flat.length !== size) {
    throw new RangeError(`Cannot set weights: there must be ${size} values, got ${flat.length}`);
  }
  let at = 0;
  for (const v of variables) {
    const value = tf.tensor(flat.slice(at, at + v.size), v.shape);
    v.assign(value);
    value.dispose();
    at += v.size;
  }
}

/**
 * Gradients of the loss with respect to all trainable weights, flat, and the loss. `masks` are the
 * dropout masks of the batch, one per site.
 */
export interface GradientFunction {
  (
    batch: EncodedBatch,
    masks: readonly Float32Array[],
  ): Gradient | Promise<Gradient>;
}

/** Loss of a batch and its gradient, flat. */
export interface Gradient {
  loss: number;
  gradient: Float32Array;
}

/** Dropout masks of a batch, one per site, [n, ...shape of the site] each. */
export function drawMasks(model: Model, n: number, rng: Rng): Float32Array[] {
  return model.dropoutSites.map((site) =>
    fillMask(new Float32Array(site.shape.reduce((a, b) => a * b, n)), site.rate, rng)
  );
}

/** Puts dropout masks in place and returns what takes them away again. */
export function placeMasks(
  tf: Tf,
  model: Model,
  n: number,
  masks: readonly Float32Array[],
): () => void {
  const tensors = model.dropoutSites.map((site, i) =>
    site.mask = tf.tensor(masks[i], [n, ...site.shape])
  );
  return () => {
    for (const site of model.dropoutSites) site.mask = null;
    for (const tensor of tensors) tensor.dispose();
  };
}

/** Eager gradients on the active TensorFlow.js backend. */
export function eagerGradients(
  tf: Tf,
  model: Model,
  losses: readonly Loss[],
): (batch: EncodedBatch, masks: readonly Float32Array[]) => Gradient {
  const variables = trainableVariables(model);
  const lossOf = lossFunction(tf, model.heads, losses);
  const width = encodedWidth(model.heads);
  const { windowBars, features } = model.config;
  const size = variables.reduce((sum, v) => sum + v.size, 0);
  return (batch, masks) => {
    const removeMasks = placeMasks(tf, model, batch.n, masks);
    const gradient = new Float32Array(size);
    let loss = NaN;
    try {
      tf.tidy(() => {
        const x = tf.tensor(batch.x, [batch.n, windowBars, features]);
        const y = tf.tensor(batch.y, [batch.n, width]);
        const w = tf.tensor(batch.weights, [batch.n]);
        const { value, grads } = tf.variableGrads(
          () => lossOf(model.logits.apply(x, { training: true }) as tfTypes.Tensor, y, w),
          variables,
        );
        loss = value.dataSync()[0];
        let at = 0;
        for (const v of variables) {
          const g = grads[v.name];
          if (g) gradient.set(g.dataSync() as Float32Array, at);
          at += v.size;
        }
      });
    } finally {
      removeMasks();
    }
    return { loss, gradient };
  };
}

/** Logits of `n` windows on the active TensorFlow.js backend, in pieces that bound the memory. */
export function eagerLogits(tf: Tf, model: Model, x: Float32Array, n: number): Float32Array {
  const { windowBars, features } = model.config;
  const size = windowBars * features;
  const width = encodedWidth(model.heads);
  const out = new Float32Array(n * width);
  const piece = 1024;
  for (let from = 0; from < n; from += piece) {
    const count = Math.min(piece, n - from);
    tf.tidy(() => {
      const input = tf.tensor(x.subarray(from * size, (from + count) * size), [
        count,
        windowBars,
        features,
      ]);
      out.set(
        (model.logits.apply(input) as tfTypes.Tensor).dataSync() as Float32Array,
        from * width,
      );
    });
  }
  return out;
}

/**
 * Steps of a gradient from anywhere (default: eager TensorFlow.js on the active backend) and an update
 * in one loop here.
 */
export async function eagerEngine(
  backend: BackendName,
  options: EngineOptions,
  source: { gradients?: GradientFunction; dispose?(): void } = {},
): Promise<TrainingEngine> {
  const tf = await loadTf();
  const { model, losses, clipNorm } = options;
  const flat = readWeights(model);
  const gradients = source.gradients ?? eagerGradients(tf, model, losses);
  const optimizer: FlatOptimizer = createOptimizer(
    options.optimizer,
    flat.length,
    options.state && convertState(options.state, options.optimizer, "plain"),
  );
  return {
    backend,
    async step(batch, learningRate, rng) {
      const { loss, gradient } = await gradients(batch, drawMasks(model, batch.n, rng));
      if (!Number.isFinite(loss)) return loss;
      if (clipNorm !== undefined) clipByNorm(gradient, clipNorm);
      optimizer.update(flat, gradient, learningRate);
      writeWeights(tf, model, flat);
      return loss;
    },
    logits: (x, n) => eagerLogits(tf, model, x, n),
    weights: () => flat.slice(),
    setWeights(values) {
      writeWeights(tf, model, values);
      flat.set(values);
    },
    optimizerState: () => ({
      step: optimizer.state.step,
      slots: optimizer.state.slots.map((s) => s.slice()),
      form: "plain",
    }),
    sync() {},
    dispose: () => source.dispose?.(),
  };
}
