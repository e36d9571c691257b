/**
 * Compiled training: loss, gradient and optimizer update as one graph.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { TypedData } from "./graph/dtype.ts";
import { type InputSpec, isShared } from "./input_spec.ts";
import { flatOptimizer, type OptimizerConfig } from "./optimizers.ts";
import { loadRuntime, type SessionOptions } from "./runtime.ts";
import type { LossFunction } from "./record_gradient.ts";
import { checkOptions } from "./step_options.ts";
import { buildStepGraph, packVariables, type StepGraph, stepProgram } from "./step_graph.ts";
import {
  type CallOptions,
  type EpochOptions,
  type Indices,
  type RunnerOptions,
  type StepFeeds,
  type StepProgram,
  StepRunner,
  type StepState,
} from "./step_runner.ts";
import { gradientProgram, laneSpecs } from "./lanes/lane_graphs.ts";
import { LaneStep } from "./lanes/lane_step.ts";
import { updateProgram } from "./lanes/update_kernel.ts";
import { startWorkerStep, type WorkerStep } from "./worker.ts";

export type { InputSpec } from "./input_spec.ts";
export type { LossFunction } from "./record_gradient.ts";
export type { CallOptions, EpochOptions, StepFeeds, StepState } from "./step_runner.ts";

/** What all compiled steps take. */
export interface StepOptions extends SessionOptions {
  optimizer: OptimizerConfig;
  /** Gradients are scaled so that their common norm is at most this. */
  clipNorm?: number;
  /** Each element of the gradient is limited to [-clipValue, clipValue]. */
  clipValue?: number;
  /** Seed of dropout, noise and sampling inside the loss. Default 0. */
  seed?: number;
  /** Fused forms of recurrent and other layers. Default true. */
  lower?: boolean;
  /**
   * Computes a batch in parts of this many rows, which must divide it, and updates by the mean of
   * their gradients: for batches whose activations leave the processor's cache. The loss must be a
   * mean over rows, without random numbers or batch statistics; a last smaller batch of an epoch is
   * computed whole.
   */
  microBatch?: number;
  /**
   * Threads that share a batch, which they must divide: each takes the gradient of its rows, then
   * updates its part of the parameters by the mean of all. Default 1. For steps of some tenths of a
   * millisecond and more; the loss must be such as microBatch asks for. `dispose()` ends the threads;
   * they keep no process alive, and end as well when the step is collected.
   */
  lanes?: number;
}

/** A step on a layers model: inputs `x` and `y`, and `sampleWeight` if the loss takes it. */
export interface ModelStepOptions extends StepOptions {
  model: tf.LayersModel;
  /** The loss of a batch: a scalar. A third parameter makes `sampleWeight` [batch] an input. */
  loss: (yTrue: tf.Tensor, yPred: tf.Tensor, sampleWeight: tf.Tensor) => tf.Tensor;
  batchSize: number;
  /** Shape of a batch of targets. Default: that of the model's output. */
  yShape?: number[];
  /** Default `float32`. */
  yDtype?: "float32" | "int32";
}

/** A step on any loss of any variables: what reinforcement learning needs. */
export interface GeneralStepOptions extends StepOptions {
  /** Variables to train. */
  variables: tf.Variable[];
  /** Inputs with their shapes, the batch first. */
  inputs: Record<string, InputSpec>;
  loss: LossFunction;
}

/** A compiled training step. All its calls run on the calling thread. */
export interface CompiledStep {
  /** Rows of a batch. */
  readonly batchSize: number;
  /** Steps taken so far, over the life of the state. */
  readonly steps: number;
  /** One step on a batch `x`, `y` (model form); its loss before the update. */
  step(x: TypedData, y: TypedData, options?: CallOptions & { sampleWeight?: TypedData }): number;
  /** One step on named inputs; the loss and the metrics before the update. */
  stepFeeds(feeds: StepFeeds, options?: CallOptions): Record<string, number>;
  /**
   * One native call for `indices.length / batchSize` steps: step i trains on the rows
   * `indices[i * batchSize ...]` of the data. A last incomplete batch is trained on as a smaller
   * one. The losses, one a step.
   */
  epoch(
    data: { x: TypedData; y: TypedData; sampleWeight?: TypedData } | StepFeeds,
    indices: Indices,
    options?: EpochOptions,
  ): Float32Array;
  /** As epoch; losses and metrics by name. */
  epochMetrics(
    data: StepFeeds,
    indices: Indices,
    options?: EpochOptions,
  ): Record<string, Float32Array>;
  /** Writes the trained state into the tf.Variables, so that tfjs code sees it. */
  syncVariables(): void;
  /** Takes the state of the tf.Variables, after they were changed elsewhere. Slots stay. */
  readVariables(): void;
  /** A copy of the state. */
  state(): StepState;
  /** Puts back what state() gave. @throws {RangeError} If it is of another model. */
  restore(state: StepState): void;
  /**
   * The same step on a thread of its own, from the present state on; this thread stays responsive
   * while epochs run there, without lanes. Bring its state back with `restore(await worker.state())`.
   */
  toWorker(): Promise<WorkerStep>;
  /** The bytes of the step's ONNX model. */
  toOnnx(): Uint8Array;
  /** Number of operators of the step. */
  readonly nodes: number;
  dispose(): void;
}

interface Variant {
  graph: StepGraph;
  program: StepProgram;
}

/**
 * Compiles a training step.
 *
 * The variables' values are taken over at once; training then changes a state of its own until
 * `syncVariables()` writes it back.
 *
 * @throws {UnsupportedOpError} If the loss or its gradient uses a kernel without a translation.
 * @throws {RangeError} If an option lies outside of its range.
 *
 * @example
 * ```ts
 * import * as tf from "@tensorflow/tfjs";
 * import assert from "node:assert/strict";
 * import { compileStep } from "./compile_step.ts";
 * await tf.setBackend("cpu");
 * const model = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [2] })] });
 * const compiled = await compileStep({
 *   model,
 *   loss: (yTrue, yPred) => tf.losses.meanSquaredError(yTrue, yPred),
 *   optimizer: { kind: "adam", learningRate: 0.01 },
 *   batchSize: 4,
 * });
 * const x = Float32Array.of(0, 1, 1, 0, 1, 1, 0, 0), y = Float32Array.of(1, 2, 3, 0);
 * const first = compiled.step(x, y);
 * for (let i = 0; i < 300; i++) compiled.step(x, y);
 * assert.ok(compiled.step(x, y) < first / 10);
 * compiled.syncVariables();
 * compiled.dispose();
 * ```
 */
export function compileStep(options: GeneralStepOptions): Promise<CompiledStep>;
export function compileStep(options: ModelStepOptions): Promise<CompiledStep>;
export function compileStep(
  options: ModelStepOptions | GeneralStepOptions,
): Promise<CompiledStep>;
export async function compileStep(
  options: ModelStepOptions | GeneralStepOptions,
): Promise<CompiledStep> {
  await loadRuntime();
  const general = "model" in options ? fromModel(options) : options;
  const stepper = new Stepper(general);
  const { lanes = 1 } = options;
  if (lanes !== 1) await stepper.startLanes(lanes);
  return stepper;
}

function fromModel(options: ModelStepOptions): GeneralStepOptions {
  const { model, loss, batchSize } = options;
  if (!Number.isInteger(batchSize) || batchSize < 1) {
    throw new RangeError(
      `Cannot compile step: batchSize must be an integer >= 1, got ${batchSize}`,
    );
  }
  if (model.inputs.length !== 1 || model.outputs.length !== 1) {
    throw new RangeError(
      `Cannot compile step: model must have one input and one output, got ${model.inputs.length} and ${model.outputs.length}; use variables, inputs and loss`,
    );
  }
  const batched = (shape: (number | null)[]): number[] =>
    shape.map((d, i) => {
      if (i === 0) return batchSize;
      if (d === null) {
        throw new RangeError(`Cannot compile step: model shape must be known, got [${shape}]`);
      }
      return d;
    });
  const inputs: Record<string, InputSpec> = {
    x: { shape: batched(model.inputs[0].shape), dtype: model.inputs[0].dtype as "float32" },
    y: {
      shape: options.yShape ?? batched(model.outputs[0].shape),
      dtype: options.yDtype ?? "float32",
    },
  };
  if (loss.length > 2) inputs.sampleWeight = { shape: [batchSize] };
  return {
    ...options,
    variables: trainableVariables(model),
    inputs,
    loss: (t) => {
      const predicted = model.apply(t.x, { training: true }) as tf.Tensor;
      let total = loss(t.y, predicted, t.sampleWeight).asScalar();
      for (const penalty of model.calculateLosses()) total = tf.add(total, penalty);
      return total;
    },
  };
}

/** The tf.Variables behind a model's trainable weights. */
export function trainableVariables(model: tf.LayersModel): tf.Variable[] {
  return model.trainableWeights.map((w) => (w as unknown as { val: tf.Variable }).val);
}

/** Ends the threads of steps that were collected without having been disposed. */
const undisposed = new FinalizationRegistry<LaneStep>((lanes) => lanes.dispose());

class Stepper implements CompiledStep {
  readonly batchSize: number;
  readonly #options: GeneralStepOptions;
  readonly #variants = new Map<number, Variant>();
  readonly #main: Variant;
  readonly #runner: StepRunner;
  #lanes: LaneStep | null = null;

  constructor(options: GeneralStepOptions) {
    this.#options = options;
    const seed = options.seed ?? 0;
    this.batchSize = checkOptions(options, seed);
    this.#main = this.#variant(this.batchSize);
    this.#runner = new StepRunner(this.#main.program, this.#runnerOptions(seed));
    this.readVariables();
  }

  /** @throws {RangeError | TraceError} If the batch or the loss cannot be shared among lanes. */
  async startLanes(lanes: number): Promise<void> {
    const { variables, loss, inputs, clipNorm, clipValue, lower, microBatch } = this.#options;
    const { threads, optimize } = this.#options;
    const { program } = gradientProgram(variables, loss, laneSpecs(inputs, lanes), {
      lower,
      microBatch,
      lanes,
    });
    const optimizer = flatOptimizer(this.#options.optimizer);
    const size = this.#runner.stateData(0).length;
    this.#lanes = await LaneStep.start({
      lanes,
      gradient: program,
      update: updateProgram({ optimizer, clipNorm, clipValue, size, lanes, parts: program.parts }),
      session: { threads, optimize },
      runner: this.#runner,
    });
    this.#lanes.setFrozen(this.#frozen());
    undisposed.register(this, this.#lanes, this);
  }

  get steps(): number {
    return this.#runner.steps;
  }

  get nodes(): number {
    return this.#main.graph.graph.nodes.length;
  }

  #runnerOptions(seed: number): RunnerOptions {
    const { optimizer, threads, optimize } = this.#options;
    const extraNames = this.#main.graph.extra.map((e) => e.variable.name);
    return { optimizer, seed, session: { threads, optimize }, extraNames };
  }

  #variant(batchSize: number): Variant {
    const known = this.#variants.get(batchSize);
    if (known) return known;
    const specs: Record<string, InputSpec> = {};
    for (const [name, s] of Object.entries(this.#options.inputs)) {
      specs[name] = isShared(s) ? s : { ...s, shape: [batchSize, ...s.shape.slice(1)] };
    }
    const { variables, loss, clipNorm, clipValue, lower } = this.#options;
    const optimizer = flatOptimizer(this.#options.optimizer);
    const graph = buildStepGraph(variables, loss, specs, {
      optimizer,
      clipNorm,
      clipValue,
      lower,
      microBatch: batchSize === this.batchSize ? this.#options.microBatch : undefined,
    });
    const variant = { graph, program: stepProgram(graph, specs, batchSize) };
    this.#variants.set(batchSize, variant);
    return variant;
  }

  step(x: TypedData, y: TypedData, options: CallOptions & { sampleWeight?: TypedData } = {}) {
    const feeds: StepFeeds = { x, y };
    if (options.sampleWeight) feeds.sampleWeight = options.sampleWeight;
    return this.stepFeeds(feeds, options).loss;
  }

  stepFeeds(feeds: StepFeeds, options: CallOptions = {}): Record<string, number> {
    return this.#lanes
      ? this.#lanes.step(feeds, options)
      : this.#runner.step(this.#main.program, feeds, options);
  }

  epoch(data: StepFeeds, indices: Indices, options: EpochOptions = {}): Float32Array {
    return this.epochMetrics(data, indices, options).loss;
  }

  epochMetrics(
    data: StepFeeds,
    indices: Indices,
    options: EpochOptions = {},
  ): Record<string, Float32Array> {
    return this.#runner.epoch(
      this.#main.program,
      data,
      indices,
      options,
      (n) => this.#variant(n).program,
      this.#lanes?.loop,
    );
  }

  readVariables(): void {
    packVariables(this.#options.variables, this.#runner.stateData(0));
    const { slots, extra } = this.#main.graph;
    extra.forEach((e, i) => {
      this.#runner.stateData(1 + slots.length + i).set(e.variable.dataSync());
    });
    const frozen = this.#frozen();
    this.#runner.setFrozen(frozen);
    this.#lanes?.setFrozen(frozen);
  }

  #frozen() {
    return this.#main.graph.frozen.map(({ variable, value }) => ({
      name: value.name!,
      dtype: value.dtype,
      shape: variable.shape,
      data: variable.dataSync().slice() as TypedData,
    }));
  }

  syncVariables(): void {
    const parameters = this.#runner.stateData(0);
    let at = 0;
    for (const v of this.#options.variables) assign(v, parameters.slice(at, at += v.size));
    const { slots, extra } = this.#main.graph;
    extra.forEach((e, i) => {
      assign(e.variable, this.#runner.stateData(1 + slots.length + i).slice());
    });
  }

  state(): StepState {
    return this.#runner.state();
  }

  restore(state: StepState): void {
    this.#runner.restore(state);
  }

  toWorker(): Promise<WorkerStep> {
    const { program } = this.#main;
    return startWorkerStep({
      program,
      options: this.#runnerOptions(this.#runner.seed),
      state: this.state(),
      frozen: this.#frozen(),
      programFor: (n) => this.#variant(n).program,
    });
  }

  toOnnx(): Uint8Array {
    return this.#main.program.step;
  }

  dispose(): void {
    undisposed.unregister(this);
    this.#lanes?.dispose();
    this.#lanes = null;
    this.#runner.dispose();
    this.#variants.clear();
  }
}

function assign(variable: tf.Variable, data: Float32Array): void {
  tf.tidy(() => variable.assign(tf.tensor(data, variable.shape, variable.dtype)));
}
