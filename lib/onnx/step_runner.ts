/**
 * Running a compiled training step: state, sessions and schedules. It knows no tfjs, so that a worker
 * runs the same code.
 * @module
 */
import type { Tensor as OrtTensor } from "onnxruntime-node";
import { type Dtype, sizeOf, type TypedData } from "./graph/dtype.ts";
import { flatOptimizer, type OptimizerConfig } from "./optimizers.ts";
import { stepKey } from "./random_graph.ts";
import {
  createSessionSync,
  type OrtFeeds,
  ortTensor,
  ortZeros,
  type Session,
  type SessionOptions,
} from "./runtime.ts";
import {
  copyIndices,
  countRows,
  feedTensor,
  type Indices,
  type StepFeeds,
  takeRows,
} from "./feeds.ts";
import { type InputSpec, isShared } from "./input_spec.ts";

export type { Indices, StepFeeds } from "./feeds.ts";

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

/** Name, type and shape of a value that goes in or out of a program. */
export interface Port {
  name: string;
  dtype: Dtype;
  shape: readonly number[];
}

/** A step for one batch size, as plain data that can be posted to a worker. */
export interface StepProgram {
  batchSize: number;
  specs: Record<string, InputSpec>;
  /** State: parameters, slots, extra variables; inputs and the outputs that replace them. */
  state: (Port & { output: string })[];
  metrics: Port[];
  drawsRandom: boolean;
  step: Uint8Array;
  /** The Loop over steps. */
  epoch: Uint8Array;
}

/** What all programs of a step share. */
export interface RunnerOptions {
  optimizer: OptimizerConfig;
  seed: number;
  session: SessionOptions;
  /** Names of extra variables, in the order of the state. */
  extraNames: string[];
}

/** Steps on whole batches: one on each `program.batchSize` of the indices, results into `out`. */
export type EpochLoop = (
  program: StepProgram,
  data: StepFeeds,
  indices: Int32Array,
  rateAt: (i: number) => number,
  out: Record<string, Float32Array>,
) => void;

/** A step's session with the tensors of its calls. */
interface PreparedStep {
  session: Session;
  /** Names of its inputs. */
  inputs: string[];
  /** Loss and metrics. */
  results: OrtFeeds;
  calls: { reads: OrtTensor[]; feeds: OrtFeeds; fetches: OrtFeeds }[];
  /** What the inputs' tensors were made of. */
  fed: Record<string, { data: TypedData; length: number } | undefined>;
}

/** State and sessions of a step. All calls run on the calling thread. */
export class StepRunner {
  steps = 0;
  seed: number;
  /** State read by the next call, and the buffers that it writes: never the same memory. */
  #current: OrtTensor[];
  #next: OrtTensor[];
  /** What keeps the memory of both alive, where they do not. */
  #memory: unknown = null;
  /** Variables that are read and never change. */
  #frozen: OrtFeeds = {};
  readonly #optimizer;
  readonly #scalars: Float32Array;
  readonly #scalarTensor: OrtTensor;
  readonly #key = new Uint32Array(1);
  readonly #keyTensor: OrtTensor;
  readonly #stepSessions = new Map<StepProgram, PreparedStep>();
  readonly #epochSessions = new Map<StepProgram, Session>();
  /** Of the rows that the last epoch took: memory for the next. */
  #indices: Int32Array = new Int32Array(0);

  constructor(main: StepProgram, readonly options: RunnerOptions) {
    this.seed = options.seed;
    this.#optimizer = flatOptimizer(options.optimizer);
    this.#scalars = new Float32Array(this.#optimizer.scalars);
    this.#scalarTensor = ortTensor(this.#scalars, "float32", [this.#scalars.length]);
    this.#keyTensor = ortTensor(this.#key, "uint32", [1]);
    const tensors = () => main.state.map((p) => ortZeros(p.dtype, p.shape));
    this.#current = tensors();
    this.#next = tensors();
  }

  /** The buffer of the state's part `i`, as the next call reads it. */
  stateData(i: number): Float32Array {
    return this.#current[i].data as Float32Array;
  }

  /**
   * Keeps the state in buffers of the caller's from now on: two sets, which are valid while `memory`
   * is alive. Before the first step.
   */
  moveState(sets: Float32Array[][], memory: unknown): void {
    const [current, next] = sets.map((set) =>
      set.map((data, i) => ortTensor(data, "float32", this.#current[i].dims))
    );
    current.forEach((tensor, i) => (tensor.data as Float32Array).set(this.stateData(i)));
    [this.#current, this.#next, this.#memory] = [current, next, memory];
  }

  /** The optimizer's scalars for the next step. Valid until they are asked for again. */
  scalars(learningRate: number = this.options.optimizer.learningRate): Float32Array {
    this.#scalars.set(this.#optimizer.schedule(this.steps + 1, learningRate));
    return this.#scalars;
  }

  /** Counts a step that the caller has taken, on the present state in place. */
  countStep(): void {
    this.steps++;
  }

  setFrozen(values: (Port & { data: TypedData })[]): void {
    this.#frozen = {};
    for (const v of values) this.#frozen[v.name] = ortTensor(v.data, v.dtype, v.shape);
    for (const { calls } of this.#stepSessions.values()) {
      for (const { feeds } of calls) Object.assign(feeds, this.#frozen);
    }
  }

  /** One step on named inputs; loss and metrics before the update. */
  step(p: StepProgram, feeds: StepFeeds, options: CallOptions = {}): Record<string, number> {
    let s = this.#stepSessions.get(p);
    if (!s) this.#stepSessions.set(p, s = this.#prepareStep(p));
    for (const name of s.inputs) this.#feed(s, p, name, feeds[name]);
    this.scalars(options.learningRate);
    if (p.drawsRandom) this.#key[0] = stepKey(this.seed, this.steps);
    const call = s.calls[s.calls[0].reads === this.#current ? 0 : 1];
    s.session.run(call.feeds, call.fetches);
    [this.#current, this.#next] = [this.#next, this.#current];
    this.steps++;
    const out: Record<string, number> = {};
    for (const m of p.metrics) out[m.name] = Number((s.results[m.name].data as Float32Array)[0]);
    return out;
  }

  #feed(s: PreparedStep, p: StepProgram, name: string, data: TypedData | undefined): void {
    const fed = s.fed[name];
    if (data && fed?.data === data && fed.length === data.length) return;
    const { dtype = "float32", shape } = p.specs[name];
    const tensor = feedTensor(name, data, dtype, shape);
    for (const { feeds } of s.calls) feeds[name] = tensor;
    // What had to be converted is converted again: its elements may be others next time.
    s.fed[name] = tensor.data === data ? { data, length: data.length } : undefined;
  }

  /** Everything of a step's calls but its inputs: one call for each of the two sets of buffers. */
  #prepareStep(p: StepProgram): PreparedStep {
    const results: OrtFeeds = {};
    for (const m of p.metrics) results[m.name] = ortZeros(m.dtype, m.shape);
    const from = (reads: OrtTensor[], writes: OrtTensor[]) => {
      const feeds: OrtFeeds = { ...this.#frozen, scalars: this.#scalarTensor };
      if (p.drawsRandom) feeds.randomKey = this.#keyTensor;
      const fetches: OrtFeeds = { ...results };
      p.state.forEach((port, i) => {
        feeds[port.name] = reads[i];
        fetches[port.output] = writes[i];
      });
      return { reads, feeds, fetches };
    };
    return {
      session: createSessionSync(p.step, this.options.session),
      inputs: Object.keys(p.specs),
      results,
      calls: [from(this.#current, this.#next), from(this.#next, this.#current)],
      fed: {},
    };
  }

  /**
   * Steps on the rows that `indices` name; `programFor` gives the program of the last, smaller batch.
   * `loop` takes the steps on whole batches; default: one native call.
   *
   * @throws {RangeError} If data or indices do not fit; nothing is trained then.
   */
  epoch(
    main: StepProgram,
    data: StepFeeds,
    indices: Indices,
    options: EpochOptions,
    programFor: (batchSize: number) => StepProgram,
    loop: EpochLoop = (...args) => this.#loop(...args),
  ): Record<string, Float32Array> {
    const batch = main.batchSize;
    const full = Math.floor(indices.length / batch);
    const rest = indices.length - full * batch;
    const count = full + (rest > 0 ? 1 : 0);
    const rateAt = learningRates(options, this.options.optimizer.learningRate, count);
    const own = copyIndices(indices, countRows(main.specs, data), this.#indices);
    this.#indices = own;
    const out: Record<string, Float32Array> = {};
    for (const m of main.metrics) out[m.name] = new Float32Array(count);
    // In one place as long as there are as many: lanes are not told anew of what lies where it lay.
    const whole = rest === 0 ? own : own.subarray(0, full * batch);
    if (full > 0) loop(main, data, whole, rateAt, out);
    if (rest > 0) {
      const p = programFor(rest);
      const feeds: StepFeeds = {};
      for (const [name, s] of Object.entries(p.specs)) {
        feeds[name] = isShared(s) ? data[name] : takeRows(data[name], own, full * batch, s);
      }
      const last = this.step(p, feeds, { learningRate: rateAt(full) });
      for (const m of p.metrics) out[m.name][full] = last[m.name];
    }
    return out;
  }

  #loop(
    p: StepProgram,
    data: StepFeeds,
    indices: Int32Array,
    rateAt: (i: number) => number,
    out: Record<string, Float32Array>,
  ): void {
    let session = this.#epochSessions.get(p);
    if (!session) {
      session = createSessionSync(p.epoch, this.options.session);
      this.#epochSessions.set(p, session);
    }
    const steps = indices.length / p.batchSize;
    const feeds: OrtFeeds = {
      steps: ortTensor(BigInt64Array.of(BigInt(steps)), "int64", []),
      indices: ortTensor(indices, "int32", [steps, p.batchSize]),
    };
    for (const [name, s] of Object.entries(p.specs)) {
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
      schedule.set(this.#optimizer.schedule(this.steps + i + 1, rateAt(i)), i * width);
      if (p.drawsRandom) keys[i] = stepKey(this.seed, this.steps + i);
    }
    feeds.schedule = ortTensor(schedule, "float32", [steps, width]);
    if (p.drawsRandom) feeds.keys = ortTensor(keys, "uint32", [steps, 1]);
    const fetches: Record<string, OrtTensor | null> = {};
    p.state.forEach((port, i) => {
      feeds[`start/${i}`] = this.#current[i];
      fetches[port.output] = this.#next[i];
    });
    for (const m of p.metrics) fetches[m.name] = null;
    const results = session.run(Object.assign(feeds, this.#frozen), fetches);
    [this.#current, this.#next] = [this.#next, this.#current];
    this.steps += steps;
    for (const m of p.metrics) {
      const values = results[m.name].data as Float32Array;
      // A metric with several elements is told by its first.
      const stride = values.length / steps;
      for (let i = 0; i < steps; i++) out[m.name][i] = values[i * stride];
    }
  }

  /** A copy of the state. */
  state(): StepState {
    const copy = (i: number) => this.stateData(i).slice();
    const { slots } = this.#optimizer;
    return {
      step: this.steps,
      seed: this.seed,
      parameters: copy(0),
      slots: Object.fromEntries(slots.map((s, i) => [s, copy(1 + i)])),
      extra: Object.fromEntries(
        this.options.extraNames.map((name, i) => [name, copy(1 + slots.length + i)]),
      ),
    };
  }

  /** Puts back a state. @throws {RangeError} If it is of another model; nothing is changed then. */
  restore(state: StepState): void {
    const { slots } = this.#optimizer;
    const parts: [string, ArrayLike<number> | undefined][] = [
      ["parameters", state.parameters],
      ...slots.map((s): [string, Float32Array | undefined] => [`slots.${s}`, state.slots[s]]),
      ...this.options.extraNames.map((
        name,
      ): [string, ArrayLike<number> | undefined] => [`extra.${name}`, state.extra[name]]),
    ];
    parts.forEach(([name, from], i) => {
      const { length } = this.stateData(i);
      if (from?.length !== length) {
        throw new RangeError(
          `Cannot restore step: ${name} must have ${length} elements, got ${from?.length}`,
        );
      }
    });
    parts.forEach(([, from], i) => this.stateData(i).set(from!));
    this.steps = state.step;
    this.seed = state.seed;
  }

  dispose(): void {
    for (const { session } of this.#stepSessions.values()) session.dispose();
    for (const session of this.#epochSessions.values()) session.dispose();
    this.#stepSessions.clear();
    this.#epochSessions.clear();
  }
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
