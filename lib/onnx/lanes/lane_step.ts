/**
 * A training step in lanes: each thread takes the gradient of its share of the rows, then the
 * calling thread updates once by their mean.
 * @module
 */
import { sizeOf, type TypedData } from "../graph/dtype.ts";
import { type InputSpec, isShared } from "../input_spec.ts";
import type { SessionOptions } from "../runtime.ts";
import {
  type CallOptions,
  checkFeed,
  type EpochLoop,
  type StepFeeds,
  type StepProgram,
  type StepRunner,
} from "../step_runner.ts";
import { GradientSession } from "./gradient_session.ts";
import { gradientInput, laneSpecs } from "./lane_graphs.ts";
import { Lane } from "./lane_pool.ts";
import type { GradientProgram } from "./lane_protocol.ts";
import { RowGather } from "./row_gather.ts";

/** What a step in lanes is made of. */
export interface LaneStepSetup {
  lanes: number;
  /** Inputs of the whole batch. */
  specs: Record<string, InputSpec>;
  gradient: GradientProgram;
  update: StepProgram;
  session: SessionOptions;
  /** Holds the state; takes the updates. */
  runner: StepRunner;
}

/** Copies the rows of step `step` that are a lane's. */
type Fill = (step: number, lane: number, into: Record<string, TypedData>) => void;

/** The lanes of a step, ready to run. */
export class LaneStep {
  readonly #setup: LaneStepSetup;
  /** The calling thread's lane. */
  readonly #own: GradientSession;
  readonly #others: Lane[];
  readonly #gather: RowGather;
  /** Gradients of all lanes by the update's inputs. */
  readonly #gradients: Record<string, Float32Array> = {};

  private constructor(setup: LaneStepSetup, own: GradientSession, others: Lane[]) {
    this.#setup = setup;
    this.#own = own;
    this.#others = others;
    this.#gather = new RowGather(laneSpecs(setup.specs, setup.lanes));
    this.#gradients[gradientInput(0)] = own.gradient;
    for (const { number } of others) {
      this.#gradients[gradientInput(number)] = new Float32Array(own.gradient.length);
    }
  }

  /** Starts the threads. @throws {Error} If one of them cannot run the program. */
  static async start(setup: LaneStepSetup): Promise<LaneStep> {
    const { gradient, session, lanes } = setup;
    const own = new GradientSession(gradient, session);
    const numbers = Array.from({ length: lanes - 1 }, (_, i) => i + 1);
    const started = await Promise.allSettled(numbers.map((n) => Lane.start(gradient, session, n)));
    const others = started.flatMap((s) => s.status === "fulfilled" ? [s.value] : []);
    const step = new LaneStep(setup, own, others);
    const failed = started.find((s) => s.status === "rejected");
    if (failed) {
      step.dispose();
      throw failed.reason;
    }
    return step;
  }

  setFrozen(values: { name: string; data: TypedData }[]): void {
    for (const { name, data } of values) {
      (this.#own.frozen[name] as Float32Array | undefined)?.set(data as Float32Array);
    }
    for (const lane of this.#others) lane.setFrozen(values);
  }

  /** One step on named inputs; loss and metrics before the update. */
  step(feeds: StepFeeds, options: CallOptions): Record<string, number> {
    const { specs, lanes } = this.#setup;
    for (const [name, s] of Object.entries(specs)) checkFeed(name, feeds[name], s.shape);
    const fill: Fill = (_, lane, into) => {
      for (const [name, s] of Object.entries(specs)) {
        const n = isShared(s) ? 0 : sizeOf(s.shape) / lanes;
        const from = feeds[name] as Float32Array;
        (into[name] as Float32Array).set(n === 0 ? from : from.subarray(lane * n, (lane + 1) * n));
      }
    };
    let out: Record<string, number> = {};
    this.#run(1, fill, () => options.learningRate, (_, metrics) => out = metrics);
    return out;
  }

  /** Steps on the rows that `indices` name: what StepRunner.epoch does for whole batches. */
  readonly loop: EpochLoop = (program, data, indices, rateAt, out) => {
    const { specs, lanes } = this.#setup;
    const batch = program.batchSize, share = batch / lanes;
    for (const [name, s] of Object.entries(specs)) {
      if (isShared(s)) checkFeed(name, data[name], s.shape);
    }
    this.#gather.from(data);
    const fill: Fill = (step, lane, into) => {
      const from = step * batch + lane * share;
      this.#gather.gather(indices.subarray(from, from + share));
      for (const [name, s] of Object.entries(specs)) {
        const values = isShared(s) ? data[name] : this.#gather.rows[name];
        (into[name] as Float32Array).set(values as Float32Array);
      }
    };
    this.#run(indices.length / batch, fill, rateAt, (i, metrics) => {
      for (const [name, value] of Object.entries(metrics)) out[name][i] = value;
    });
  };

  #run(
    steps: number,
    fill: Fill,
    rateAt: (i: number) => number | undefined,
    told: (i: number, metrics: Record<string, number>) => void,
  ): void {
    const { runner, update, gradient } = this.#setup;
    const fillOthers = (step: number) => {
      for (const { number, memory } of this.#others) fill(step, number, memory.rows[step % 2]);
    };
    fillOthers(0);
    for (let i = 0; i < steps; i++) {
      const parameters = runner.stateData(0);
      for (const lane of this.#others) {
        lane.memory.parameters.set(parameters);
        lane.ask((i % 2) as 0 | 1);
      }
      const errors: unknown[] = [];
      const attempt = (work: () => void) => {
        try {
          work();
        } catch (error) {
          errors.push(error);
        }
      };
      attempt(() => {
        fill(i, 0, this.#own.inputs);
        this.#own.parameters.set(parameters);
        this.#own.run();
        // While the other lanes still compute.
        if (i + 1 < steps) fillOthers(i + 1);
      });
      // Each lane is waited for, also after an error: none may run into the next step.
      for (const lane of this.#others) attempt(() => lane.wait());
      if (errors.length > 0) throw errors[0];
      for (const { number, memory } of this.#others) {
        this.#gradients[gradientInput(number)].set(memory.gradient);
      }
      runner.step(update, this.#gradients, { learningRate: rateAt(i) });
      told(i, Object.fromEntries(gradient.metrics.map((m, k) => [m.name, this.#meanMetric(k)])));
    }
  }

  #meanMetric(k: number): number {
    let sum = this.#own.metrics[k];
    for (const { memory } of this.#others) sum += memory.metrics[k];
    return Math.fround(sum / (1 + this.#others.length));
  }

  /** Ends the threads. */
  dispose(): void {
    for (const lane of this.#others.splice(0)) lane.dispose();
    this.#own.dispose();
    this.#gather.dispose();
  }
}
