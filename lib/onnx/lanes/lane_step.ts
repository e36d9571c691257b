/**
 * A training step in lanes: each thread takes the gradient of its rows' share of the loss, then
 * updates its part of the parameters by the sum of all gradients.
 * @module
 */
import { makeData, sizeOf, type TypedData } from "../graph/dtype.ts";
import { checkFeed, type StepFeeds, typedFeed } from "../feeds.ts";
import { type InputSpec, isShared } from "../input_spec.ts";
import type { SessionOptions } from "../runtime.ts";
import type { CallOptions, EpochLoop, StepRunner } from "../step_runner.ts";
import { GradientSession } from "./gradient_session.ts";
import { Lane } from "./lane_pool.ts";
import type { GradientProgram, LaneMemory } from "./lane_protocol.ts";
import { UpdateKernel, updateMemory, updateNumbers, type UpdateProgram } from "./update_kernel.ts";

/** What a step in lanes is made of. */
export interface LaneStepSetup {
  lanes: number;
  gradient: GradientProgram;
  update: UpdateProgram;
  session: SessionOptions;
  /** Holds the state. */
  runner: StepRunner;
}

/** The lanes of a step, ready to run. */
export class LaneStep {
  readonly #setup: LaneStepSetup;
  /** The calling thread's lane. */
  readonly #own: GradientSession;
  readonly #kernel: UpdateKernel;
  readonly #others: Lane[];
  readonly #parameters: Float32Array[];
  readonly #frozen: Record<string, TypedData>;
  /** Metrics by lane: all of its first part, then of the others. */
  readonly #metrics: TypedData[][];
  /** The rows of a batch in order: what a single step trains on. */
  readonly #batch: Int32Array;

  private constructor(
    setup: LaneStepSetup,
    kernel: UpdateKernel,
    memories: LaneMemory[],
    others: Lane[],
  ) {
    const { gradient, session, lanes } = setup;
    this.#setup = setup;
    this.#kernel = kernel;
    this.#own = new GradientSession(gradient, memories[0], session);
    this.#others = others;
    this.#parameters = memories[0].parameters as Float32Array[];
    this.#frozen = Object.fromEntries(
      gradient.frozen.map((p, i) => [p.name, memories[0].frozen[i]]),
    );
    this.#metrics = memories.map((m) => m.metrics);
    const batch = lanes * gradient.parts * gradient.rows;
    this.#batch = Int32Array.from({ length: batch }, (_, i) => i);
  }

  /** Starts the threads. @throws {Error} If one of them cannot run the program. */
  static async start(setup: LaneStepSetup): Promise<LaneStep> {
    const { gradient, update, session, runner } = setup;
    const frozen = gradient.frozen.map((p) => makeData(p.dtype, sizeOf(p.shape)));
    const { memory: shared, sets, gradients } = updateMemory(update);
    runner.moveState(sets, shared);
    const { parts, metrics } = gradient;
    const memories = Array.from({ length: setup.lanes }, (_, lane): LaneMemory => ({
      parameters: sets.map((set) => set[0]),
      frozen,
      gradients: gradients.slice(lane * parts, (lane + 1) * parts),
      metrics: gradients.slice(0, parts).flatMap(() =>
        metrics.map((m) => makeData(m.dtype, sizeOf(m.shape)))
      ),
    }));
    const common = { program: gradient, update, updateMemory: shared, session };
    const started = await Promise.allSettled(
      memories.slice(1).map((memory, i) => Lane.start({ ...common, memory, number: i + 1 })),
    );
    const others = started.flatMap((s) => s.status === "fulfilled" ? [s.value] : []);
    try {
      const failed = started.find((s) => s.status === "rejected");
      if (failed) throw failed.reason;
      return new LaneStep(setup, new UpdateKernel(update, shared, 0), memories, others);
    } catch (error) {
      for (const lane of others) lane.dispose();
      throw error;
    }
  }

  setFrozen(values: { name: string; data: TypedData }[]): void {
    for (const { name, data } of values) {
      (this.#frozen[name] as Float32Array | undefined)?.set(data as Float32Array);
    }
  }

  /** One step on named inputs; loss and metrics before the update. */
  step(feeds: StepFeeds, options: CallOptions): Record<string, number> {
    const { specs } = this.#setup.gradient;
    const batch = this.#batch.length;
    for (const [name, s] of Object.entries(specs)) {
      checkFeed(name, feeds[name], isShared(s) ? s.shape : [batch, ...s.shape.slice(1)]);
    }
    const out: Record<string, number> = {};
    this.#run(this.#batch, feeds, () => options.learningRate, (_, name, value) => {
      out[name] = value;
    });
    return out;
  }

  /** Steps on the rows that `indices` name: what StepRunner.epoch does for whole batches. */
  readonly loop: EpochLoop = (_, data, indices, rateAt, out) => {
    for (const [name, s] of Object.entries(this.#setup.gradient.specs)) {
      if (isShared(s)) checkFeed(name, data[name], s.shape);
    }
    this.#run(indices, data, rateAt, (i, name, value) => {
      out[name][i] = value;
    });
  };

  #run(
    indices: Int32Array,
    data: StepFeeds,
    rateAt: (i: number) => number | undefined,
    told: (i: number, metric: string, value: number) => void,
  ): void {
    const { gradient } = this.#setup;
    const lanes = [this.#own, ...this.#others];
    const inputs = Object.entries(gradient.specs).map(([name, s]: [string, InputSpec]) =>
      typedFeed(data[name], s.dtype ?? "float32")
    );
    for (const lane of lanes) lane.from(indices, inputs);
    const steps = indices.length / this.#batch.length;
    for (let i = 0; i < steps; i++) {
      this.#takeGradients(i * this.#batch.length);
      this.#update(rateAt(i));
      gradient.metrics.forEach((m, k) => told(i, m.name, this.#sumMetric(k)));
    }
  }

  /** Gradients and metrics of all lanes on the batch that begins at `from` among the indices. */
  #takeGradients(from: number): void {
    const { rows, parts } = this.#setup.gradient;
    const set = this.#set();
    this.#together(
      (lane) => lane.askGradient(from + lane.number * parts * rows, set),
      () => this.#own.run(from, set),
    );
  }

  /** Updates the state in place. */
  #update(learningRate: number | undefined): void {
    const { runner, update } = this.#setup;
    let squares = 0;
    if (update.clipNorm !== undefined) {
      this.#together((lane) => lane.askSquares(), () => squares = this.#kernel.squares());
      for (const lane of this.#others) squares += lane.squares;
    }
    const numbers = updateNumbers(update, squares, runner.scalars(learningRate));
    const set = this.#set();
    this.#together(
      (lane) => lane.askUpdate(set, numbers),
      () => this.#kernel.update(set, numbers),
    );
    runner.countStep();
  }

  /** Which of the two sets of state is the present one. */
  #set(): number {
    return this.#parameters.indexOf(this.#setup.runner.stateData(0));
  }

  /** Asks the other lanes, does this thread's share, and waits for theirs. */
  #together(ask: (lane: Lane) => void, own: () => void): void {
    const errors: unknown[] = [];
    const attempt = (work: () => void) => {
      try {
        work();
        return true;
      } catch (error) {
        errors.push(error);
        return false;
      }
    };
    const asked = this.#others.filter((lane) => attempt(() => ask(lane)));
    attempt(own);
    // Each lane is waited for, also after an error: none may run into the next step.
    for (const lane of asked) attempt(() => lane.wait());
    if (errors.length > 0) throw errors[0];
  }

  #sumMetric(k: number): number {
    const count = this.#setup.gradient.metrics.length;
    let sum = 0;
    for (const metrics of this.#metrics) {
      for (let i = k; i < metrics.length; i += count) sum += Number(metrics[i][0]);
    }
    return Math.fround(sum);
  }

  /** Ends the threads. */
  dispose(): void {
    for (const lane of this.#others.splice(0)) lane.dispose();
    this.#own.dispose();
  }
}
