/**
 * Compiled training: loss, gradient and optimizer update as one graph.
 * @module
 */
import * as tf from "@tensorflow/tfjs";
import type { Tensor as OrtTensor } from "onnxruntime-node";
import { type Dtype, sizeOf, type TypedData } from "./graph/dtype.ts";
import { encodeModel } from "./graph/model_proto.ts";
import { flatOptimizer, type OptimizerConfig } from "./optimizers.ts";
import { stepKey } from "./random_graph.ts";
import {
  createSessionSync,
  loadRuntime,
  type OrtFeeds,
  ortTensor,
  ortZeros,
  type Session,
  type SessionOptions,
} from "./runtime.ts";
import {
  buildStepGraph,
  encodeEpoch,
  type InputSpec,
  isShared,
  type LossFunction,
  packVariables,
  type StepGraph,
} from "./step_graph.ts";

export type { InputSpec, LossFunction } from "./step_graph.ts";

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

/** Elements of inputs by name. */
export type StepFeeds = Record<string, TypedData>;

/** What a step can be told. */
export interface CallOptions {
  /** Instead of the optimizer's. */
  learningRate?: number;
}

/** What an epoch can be told. */
export interface EpochOptions {
  /** Instead of the optimizer's: one for all steps, or one for each. */
  learningRate?: number | Float32Array | Float64Array | number[];
}

/** Everything that a resumed run needs. Plain data. */
export interface StepState {
  /** Steps taken. */
  step: number;
  seed: number;
  parameters: Float32Array;
  slots: Record<string, Float32Array>;
  /** Variables that the loss assigns. */
  extra: Record<string, Float32Array | Int32Array | Uint8Array>;
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
    indices: Int32Array | Uint32Array | number[],
    options?: EpochOptions,
  ): Float32Array;
  /** As epoch; losses and metrics by name. */
  epochMetrics(
    data: StepFeeds,
    indices: Int32Array | Uint32Array | number[],
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
  /** The bytes of the step's ONNX model. */
  toOnnx(): Uint8Array;
  /** Number of operators of the step. */
  readonly nodes: number;
  dispose(): void;
}

interface Variant {
  specs: Record<string, InputSpec>;
  graph: StepGraph;
  bytes: Uint8Array;
  session: Session | null;
  epochSession: Session | null;
  /** Prepared tensors of loss and metrics. */
  results: OrtFeeds;
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
export async function compileStep(
  options: ModelStepOptions | GeneralStepOptions,
): Promise<CompiledStep> {
  await loadRuntime();
  const general = "model" in options ? fromModel(options) : options;
  return new Stepper(general);
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

class Stepper implements CompiledStep {
  readonly batchSize: number;
  readonly #options: GeneralStepOptions;
  readonly #optimizer;
  readonly #variants = new Map<string, Variant>();
  readonly #main: Variant;
  readonly #scalars: Float32Array;
  readonly #scalarTensor: OrtTensor;
  readonly #key = new Uint32Array(1);
  readonly #keyTensor: OrtTensor;
  /** State read by the next call, and the buffers that it writes: never the same memory. */
  #current: OrtTensor[];
  #next: OrtTensor[];
  #frozen: OrtFeeds = {};
  #seed: number;
  #steps = 0;

  constructor(options: GeneralStepOptions) {
    this.#options = options;
    this.#seed = options.seed ?? 0;
    if (!Number.isSafeInteger(this.#seed) || this.#seed < 0) {
      throw new RangeError(
        `Cannot compile step: seed must be an integer >= 0, got ${options.seed}`,
      );
    }
    if (options.variables.length === 0) {
      throw new RangeError("Cannot compile step: variables must not be empty");
    }
    for (const v of options.variables) {
      if (v.dtype !== "float32") {
        throw new RangeError(
          `Cannot compile step: variable ${v.name} must be float32, got ${v.dtype}`,
        );
      }
    }
    const rows = Object.entries(options.inputs).filter(([, s]) => !isShared(s));
    this.batchSize = rows[0]?.[1].shape[0] ?? 1;
    for (const [name, s] of rows) {
      if (s.shape[0] !== this.batchSize) {
        throw new RangeError(
          `Cannot compile step: input ${name} must have ${this.batchSize} rows as the first has, got ${
            s.shape[0]
          }`,
        );
      }
    }
    this.#optimizer = flatOptimizer(options.optimizer);
    this.#scalars = new Float32Array(this.#optimizer.scalars);
    this.#scalarTensor = ortTensor(this.#scalars, "float32", [this.#scalars.length]);
    this.#keyTensor = ortTensor(this.#key, "uint32", [1]);
    this.#main = this.#variant(this.batchSize);
    const tensors = () => {
      const { parameters, slots, extra } = this.#main.graph;
      return [parameters, ...slots, ...extra.map((e) => e.value)].map((v) =>
        ortZeros(v.dtype, v.shape)
      );
    };
    this.#current = tensors();
    this.#next = tensors();
    this.readVariables();
  }

  get steps(): number {
    return this.#steps;
  }

  get nodes(): number {
    return this.#main.graph.graph.nodes.length;
  }

  #variant(batchSize: number): Variant {
    const key = String(batchSize);
    const known = this.#variants.get(key);
    if (known) return known;
    const specs: Record<string, InputSpec> = {};
    for (const [name, s] of Object.entries(this.#options.inputs)) {
      specs[name] = isShared(s) ? s : { ...s, shape: [batchSize, ...s.shape.slice(1)] };
    }
    const { variables, loss, clipNorm, clipValue, lower } = this.#options;
    const graph = buildStepGraph(variables, loss, specs, {
      optimizer: this.#optimizer,
      clipNorm,
      clipValue,
      lower,
    });
    const results: OrtFeeds = {};
    for (const o of graph.graph.outputs.slice(-graph.metrics.length)) {
      results[o.name] = ortZeros(o.value.dtype, o.value.shape);
    }
    const variant: Variant = {
      specs,
      graph,
      bytes: encodeModel(graph.graph, { name: "step" }),
      session: null,
      epochSession: null,
      results,
    };
    this.#variants.set(key, variant);
    return variant;
  }

  #stateNames(): string[] {
    const { graph } = this.#main.graph;
    return graph.outputs.slice(0, this.#current.length).map((o) => o.name);
  }

  step(x: TypedData, y: TypedData, options: CallOptions & { sampleWeight?: TypedData } = {}) {
    const feeds: StepFeeds = { x, y };
    if (options.sampleWeight) feeds.sampleWeight = options.sampleWeight;
    return this.stepFeeds(feeds, options).loss;
  }

  stepFeeds(feeds: StepFeeds, options: CallOptions = {}): Record<string, number> {
    return this.#run(this.#main, feeds, options);
  }

  #run(v: Variant, feeds: StepFeeds, options: CallOptions): Record<string, number> {
    const { graph } = v;
    v.session ??= createSessionSync(v.bytes, this.#options);
    const all: OrtFeeds = {};
    for (const name of Object.keys(v.specs)) {
      const s = v.specs[name];
      all[name] = feedTensor(name, feeds[name], s.dtype ?? "float32", s.shape);
    }
    const rate = options.learningRate ?? this.#options.optimizer.learningRate;
    this.#scalars.set(this.#optimizer.schedule(this.#steps + 1, rate));
    all.scalars = this.#scalarTensor;
    if (graph.randomKey) {
      this.#key[0] = stepKey(this.#seed, this.#steps);
      all.randomKey = this.#keyTensor;
    }
    const fetches: OrtFeeds = { ...v.results };
    const names = this.#stateNames();
    this.#inputNames(graph).forEach((name, i) => {
      all[name] = this.#current[i];
      fetches[names[i]] = this.#next[i];
    });
    v.session.run(Object.assign(all, this.#frozen), fetches);
    [this.#current, this.#next] = [this.#next, this.#current];
    this.#steps++;
    const out: Record<string, number> = {};
    for (const m of graph.metrics) out[m] = Number((v.results[m].data as Float32Array)[0]);
    return out;
  }

  #inputNames(graph: StepGraph): string[] {
    return [graph.parameters, ...graph.slots, ...graph.extra.map((e) => e.value)].map((v) =>
      v.name!
    );
  }

  epoch(
    data: StepFeeds,
    indices: Int32Array | Uint32Array | number[],
    options: EpochOptions = {},
  ): Float32Array {
    return this.epochMetrics(data, indices, options).loss;
  }

  epochMetrics(
    data: StepFeeds,
    indices: Int32Array | Uint32Array | number[],
    options: EpochOptions = {},
  ): Record<string, Float32Array> {
    const batch = this.batchSize;
    const full = Math.floor(indices.length / batch);
    const rest = indices.length - full * batch;
    const count = full + (rest > 0 ? 1 : 0);
    const rateAt = learningRates(options, this.#options.optimizer.learningRate, count);
    this.#checkData(data, indices);
    const out: Record<string, Float32Array> = {};
    for (const m of this.#main.graph.metrics) out[m] = new Float32Array(count);
    if (full > 0) this.#loop(data, Int32Array.from(indices.slice(0, full * batch)), rateAt, out);
    if (rest > 0) {
      const v = this.#variant(rest);
      const feeds: StepFeeds = {};
      for (const [name, s] of Object.entries(v.specs)) {
        feeds[name] = isShared(s) ? data[name] : takeRows(data[name], indices, full * batch, s);
      }
      const last = this.#run(v, feeds, { learningRate: rateAt(full) });
      for (const m of v.graph.metrics) out[m][full] = last[m];
    }
    return out;
  }

  #checkData(data: StepFeeds, indices: Int32Array | Uint32Array | number[]): void {
    let rows = Infinity;
    for (const [name, s] of Object.entries(this.#main.specs)) {
      if (!data[name]) throw new RangeError(`Cannot train: input ${name} must be given`);
      if (isShared(s)) continue;
      const row = sizeOf(s.shape.slice(1));
      if (data[name].length % row !== 0) {
        throw new RangeError(
          `Cannot train: input ${name} must have rows of ${row} elements, got ${
            data[name].length
          } elements`,
        );
      }
      rows = Math.min(rows, data[name].length / row);
    }
    for (let i = 0; i < indices.length; i++) {
      if (!(indices[i] >= 0 && indices[i] < rows)) {
        throw new RangeError(
          `Cannot train: indices[${i}] must lie in [0, ${rows}), got ${indices[i]}`,
        );
      }
    }
  }

  #loop(
    data: StepFeeds,
    indices: Int32Array,
    rateAt: (i: number) => number,
    out: Record<string, Float32Array>,
  ): void {
    const v = this.#main;
    const { graph } = v;
    v.epochSession ??= createSessionSync(encodeEpoch(graph, v.specs), this.#options);
    const steps = indices.length / this.batchSize;
    const feeds: OrtFeeds = {
      steps: ortTensor(BigInt64Array.of(BigInt(steps)), "int64", []),
      indices: ortTensor(indices, "int32", [steps, this.batchSize]),
    };
    for (const [name, s] of Object.entries(v.specs)) {
      const dtype = s.dtype ?? "float32";
      if (isShared(s)) feeds[name] = feedTensor(name, data[name], dtype, s.shape);
      else {
        const row = s.shape.slice(1);
        const shape = [data[name].length / sizeOf(row), ...row];
        feeds[`data/${name}`] = feedTensor(name, data[name], dtype, shape);
      }
    }
    const width = this.#scalars.length;
    const schedule = new Float32Array(steps * width);
    const keys = new Uint32Array(steps);
    for (let i = 0; i < steps; i++) {
      schedule.set(this.#optimizer.schedule(this.#steps + i + 1, rateAt(i)), i * width);
      if (graph.randomKey) keys[i] = stepKey(this.#seed, this.#steps + i);
    }
    feeds.schedule = ortTensor(schedule, "float32", [steps, width]);
    if (graph.randomKey) feeds.keys = ortTensor(keys, "uint32", [steps, 1]);
    const fetches: Record<string, OrtTensor | null> = {};
    this.#stateNames().forEach((name, i) => {
      feeds[`start/${i}`] = this.#current[i];
      fetches[name] = this.#next[i];
    });
    for (const m of graph.metrics) fetches[m] = null;
    const results = v.epochSession.run(Object.assign(feeds, this.#frozen), fetches);
    [this.#current, this.#next] = [this.#next, this.#current];
    this.#steps += steps;
    for (const m of graph.metrics) {
      const values = results[m].data as Float32Array;
      // A metric with several elements is told by its first.
      const stride = values.length / steps;
      for (let i = 0; i < steps; i++) out[m][i] = values[i * stride];
    }
  }

  readVariables(): void {
    packVariables(this.#options.variables, this.#current[0].data as Float32Array);
    const { slots, extra, frozen } = this.#main.graph;
    extra.forEach((e, i) => {
      (this.#current[1 + slots.length + i].data as Float32Array).set(e.variable.dataSync());
    });
    this.#frozen = {};
    for (const f of frozen) {
      this.#frozen[f.value.name!] = ortTensor(
        f.variable.dataSync().slice() as TypedData,
        f.value.dtype,
        f.variable.shape,
      );
    }
  }

  syncVariables(): void {
    const parameters = this.#current[0].data as Float32Array;
    let at = 0;
    for (const v of this.#options.variables) {
      assign(v, parameters.slice(at, at += v.size));
    }
    const { slots, extra } = this.#main.graph;
    extra.forEach((e, i) => {
      assign(e.variable, (this.#current[1 + slots.length + i].data as Float32Array).slice());
    });
  }

  state(): StepState {
    const { slots, extra } = this.#main.graph;
    const copy = (i: number) => (this.#current[i].data as Float32Array).slice();
    return {
      step: this.#steps,
      seed: this.#seed,
      parameters: copy(0),
      slots: Object.fromEntries(this.#optimizer.slots.map((s, i) => [s, copy(1 + i)])),
      extra: Object.fromEntries(
        extra.map((e, i) => [e.variable.name, copy(1 + slots.length + i)]),
      ),
    };
  }

  restore(state: StepState): void {
    const { slots, extra } = this.#main.graph;
    const parts: [string, ArrayLike<number> | undefined, OrtTensor][] = [
      ["parameters", state.parameters, this.#current[0]],
      ...this.#optimizer.slots.map((s, i) =>
        [`slots.${s}`, state.slots[s], this.#current[1 + i]] as [
          string,
          Float32Array | undefined,
          OrtTensor,
        ]
      ),
      ...extra.map((e, i) =>
        [
          `extra.${e.variable.name}`,
          state.extra[e.variable.name],
          this.#current[1 + slots.length + i],
        ] as [string, Float32Array | undefined, OrtTensor]
      ),
    ];
    // All checked before anything is written.
    for (const [name, from, to] of parts) {
      if (from?.length !== to.size) {
        throw new RangeError(
          `Cannot restore step: ${name} must have ${to.size} elements, got ${from?.length}`,
        );
      }
    }
    for (const [, from, to] of parts) (to.data as Float32Array).set(from!);
    this.#steps = state.step;
    this.#seed = state.seed;
  }

  toOnnx(): Uint8Array {
    return this.#main.bytes;
  }

  dispose(): void {
    for (const v of this.#variants.values()) {
      v.session?.dispose();
      v.epochSession?.dispose();
    }
    this.#variants.clear();
  }
}

function assign(variable: tf.Variable, data: Float32Array): void {
  tf.tidy(() => variable.assign(tf.tensor(data, variable.shape, variable.dtype)));
}

function feedTensor(
  name: string,
  data: TypedData | undefined,
  dtype: Dtype,
  shape: number[],
): OrtTensor {
  const n = sizeOf(shape);
  if (!data || data.length !== n) {
    throw new RangeError(
      `Cannot train: input ${name} must have ${n} elements (shape [${shape}]), got ${
        data ? data.length : "none"
      }`,
    );
  }
  const typed = dtype === "float32" && !(data instanceof Float32Array)
    ? Float32Array.from(data as Int32Array)
    : dtype === "int32" && !(data instanceof Int32Array)
    ? Int32Array.from(data as Float32Array)
    : data;
  return ortTensor(typed, dtype, shape);
}

function takeRows(
  data: TypedData,
  indices: Int32Array | Uint32Array | number[],
  from: number,
  spec: InputSpec,
): TypedData {
  const row = sizeOf(spec.shape.slice(1));
  const out = (data as Float32Array).slice(0, 0).constructor as Float32ArrayConstructor;
  const rows = new out(spec.shape[0] * row);
  for (let i = 0; i < spec.shape[0]; i++) {
    const at = indices[from + i] * row;
    rows.set((data as Float32Array).subarray(at, at + row), i * row);
  }
  return rows;
}

function learningRates(
  options: EpochOptions,
  standard: number,
  count: number,
): (i: number) => number {
  const rate = options.learningRate ?? standard;
  if (typeof rate === "number") return () => rate;
  if (rate.length !== count) {
    throw new RangeError(
      `Cannot train: learningRate must have one number a step (${count}), got ${rate.length}`,
    );
  }
  return (i) => rate[i];
}
