/**
 * A running trial, as an objective sees it: it suggests values, takes reports and says when to stop.
 * @module
 */
import type { Rng } from "../math/mod.ts";
import {
  categoricalDistribution,
  type Choice,
  containsInternal,
  describeDistribution,
  type Distribution,
  floatDistribution,
  intDistribution,
  isSingle,
  type ParamValue,
  type RangeOptions,
  sameDistribution,
  toExternal,
  toInternal,
} from "./distributions.ts";
import { SearchSpaceError } from "./errors.ts";
import type { Pruner } from "./pruners/mod.ts";
import type { JointProposal, Sampler, StudyView } from "./samplers/sampler.ts";
import { fixedParamsKey, type StudyLink } from "./stores/store.ts";
import { type FrozenTrial, isFinished, type JsonValue } from "./trial_record.ts";

/** What a trial needs of its study. */
export interface TrialContext {
  readonly view: StudyView;
  readonly link: StudyLink;
  readonly sampler: Sampler;
  readonly pruner: Pruner;
  readonly rng: Rng;
  readonly joint: JointProposal | null;
  readonly signal?: AbortSignal;
  readonly onReport?: (trial: Trial, value: number, step: number) => void;
}

/** Wraps a mistake in a range so that the study knows that every trial would repeat it. */
function inSpace<D>(name: string, make: () => D): D {
  if (typeof name !== "string" || name === "") {
    throw new SearchSpaceError(
      String(name),
      `Cannot suggest a parameter: name must be a non-empty string, got ${JSON.stringify(name)}`,
    );
  }
  try {
    return make();
  } catch (error) {
    if (error instanceof RangeError) throw new SearchSpaceError(name, error.message);
    throw error;
  }
}

/** A trial in progress. */
export class Trial {
  readonly #context: TrialContext;
  readonly #record: FrozenTrial;

  constructor(record: FrozenTrial, context: TrialContext) {
    this.#record = record;
    this.#context = context;
  }

  /** Counts from 0. */
  get number(): number {
    return this.#record.number;
  }
  /** Values suggested so far. */
  get params(): Readonly<Record<string, ParamValue>> {
    return this.#record.params;
  }
  /** Everything known of the trial. */
  get record(): FrozenTrial {
    return this.#record;
  }
  /** Aborted when the study is interrupted or the trial's lease is lost. */
  get signal(): AbortSignal | undefined {
    return this.#context.signal;
  }
  /** What `saveCheckpoint` last kept, when a lost worker's trial is resumed; else null. */
  get checkpoint(): JsonValue {
    return this.#record.systemAttrs["checkpoint"] ?? null;
  }

  /**
   * A float in [low, high]; with `log` from a logarithmic scale, with `step` from the grid at `low`.
   *
   * @throws {SearchSpaceError} If the range is wrong, or differs from this trial's earlier one.
   */
  suggestFloat(name: string, low: number, high: number, options?: RangeOptions): number {
    return this.#suggest(
      name,
      inSpace(name, () => floatDistribution(name, low, high, options)),
    ) as number;
  }

  /** An integer in [low, high], both included. @throws {SearchSpaceError} As for floats. */
  suggestInt(name: string, low: number, high: number, options?: RangeOptions): number {
    return this.#suggest(
      name,
      inSpace(name, () => intDistribution(name, low, high, options)),
    ) as number;
  }

  /** One of the choices. @throws {SearchSpaceError} If they differ from those of earlier trials. */
  suggestCategorical<const C extends Choice>(name: string, choices: readonly C[]): C {
    return this.#suggest(name, inSpace(name, () => categoricalDistribution(name, choices))) as C;
  }

  /** A value of the distribution. Asking again with an equal distribution gives the same value. */
  suggest(name: string, distribution: Distribution): ParamValue {
    return this.#suggest(name, distribution);
  }

  #suggest(name: string, asked: Distribution): ParamValue {
    const record = this.#record;
    const { view, link, sampler, rng, joint } = this.#context;
    this.#checkRunning("suggest a value");
    const earlier = record.distributions[name];
    if (earlier !== undefined) {
      if (sameDistribution(earlier, asked)) return record.params[name];
      throw new SearchSpaceError(
        name,
        `Cannot suggest "${name}": a trial must ask for one distribution per name, got ${
          describeDistribution(asked)
        } after ${describeDistribution(earlier)}`,
      );
    }
    const known = view.observations.latest(name);
    if (
      known && (known.kind !== asked.kind ||
        known.kind === "categorical" && !sameDistribution(known, asked))
    ) {
      throw new SearchSpaceError(
        name,
        `Cannot suggest "${name}": kind and choices must not change between trials, got ${
          describeDistribution(asked)
        } after ${describeDistribution(known)}`,
      );
    }
    const distribution = view.observations.intern(name, asked);
    let internal: number;
    const fixed = record.systemAttrs[fixedParamsKey] as Record<string, ParamValue> | undefined;
    if (fixed && name in fixed) {
      internal = toInternal(distribution, fixed[name]);
      if (Number.isNaN(internal)) {
        throw new RangeError(
          `Cannot use enqueued value of "${name}": it must lie in ${
            describeDistribution(distribution)
          }, got ${JSON.stringify(fixed[name])}`,
        );
      }
    } else if (isSingle(distribution)) {
      internal = distribution.kind === "categorical" ? 0 : distribution.low;
    } else {
      const proposed = joint?.get(name);
      internal = proposed && containsInternal(distribution, proposed.value)
        ? proposed.value
        : sampler.independent(view, record, name, distribution, rng);
    }
    const value = toExternal(distribution, internal);
    record.params[name] = value;
    record.distributions[name] = distribution;
    view.observations.setParam(record.number, name, internal);
    link.changed(record);
    return value;
  }

  /**
   * Notes an intermediate value (a fold's score, an epoch's loss). A second report at one step
   * replaces the first.
   *
   * @throws {TypeError} If the study has several objectives or the value is no number.
   * @throws {RangeError} If `step` is not an integer >= 0.
   */
  report(value: number, step: number): void {
    if (this.#context.view.directions.length > 1) {
      throw new TypeError("Cannot report: a study of several objectives takes no reports");
    }
    if (typeof value !== "number") {
      throw new TypeError(`Cannot report: value must be a number, got ${String(value)}`);
    }
    if (!Number.isSafeInteger(step) || step < 0) {
      throw new RangeError(`Cannot report: step must be an integer >= 0, got ${step}`);
    }
    this.#context.signal?.throwIfAborted();
    this.#checkRunning("report");
    this.#record.intermediate.set(step, value);
    this.#context.link.changed(this.#record);
    this.#context.onReport?.(this, value, step);
  }

  /** True when the pruner gives this trial up; the objective then throws {@linkcode TrialPruned}. */
  shouldPrune(): boolean {
    const { view, pruner, link } = this.#context;
    if (view.directions.length > 1) {
      throw new TypeError("Cannot prune: a study of several objectives has no pruner");
    }
    const decision = pruner.shouldPrune(view, this.#record);
    link.changed(this.#record);
    return decision;
  }

  /** Keeps a note of the objective with the trial. */
  setUserAttr(key: string, value: JsonValue): void {
    this.#checkRunning("set an attribute");
    this.#record.userAttrs[key] = value;
    this.#context.link.changed(this.#record);
  }

  /** Notes a constraint; the trial is feasible when all are <= 0. @throws {RangeError} If it is NaN. */
  setConstraint(name: string, value: number): void {
    if (typeof value !== "number" || Number.isNaN(value)) {
      throw new RangeError(`Cannot set constraint "${name}": value must be a number, got ${value}`);
    }
    this.#checkRunning("set a constraint");
    this.#record.constraints[name] = value;
    this.#context.link.changed(this.#record);
  }

  /** Keeps what is needed to go on with this trial after a lost worker (JSON; large data by path). */
  async saveCheckpoint(checkpoint: JsonValue): Promise<void> {
    this.#record.systemAttrs["checkpoint"] = checkpoint;
    await this.#context.link.saveCheckpoint?.(this.#record, checkpoint);
  }

  #checkRunning(action: string): void {
    if (isFinished(this.#record.state)) {
      throw new Error(`Cannot ${action}: trial ${this.number} has ended (${this.#record.state})`);
    }
  }
}
