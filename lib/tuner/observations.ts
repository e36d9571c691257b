/**
 * The study's history as columns: one row per trial number, one column per parameter. Samplers read
 * it instead of walking over trial objects.
 * @module
 */
import {
  constraintViolation,
  type FrozenTrial,
  lastStep,
  type TrialState,
} from "./trial_record.ts";
import { type Distribution, sameDistribution, toInternal } from "./distributions.ts";

/** Trial states as small numbers, for typed columns. */
export const stateCode = { waiting: 0, running: 1, complete: 2, pruned: 3, failed: 4 } as const;

function grown(column: Float64Array, capacity: number): Float64Array<ArrayBuffer> {
  const next = new Float64Array(capacity).fill(NaN);
  next.set(column);
  return next;
}

/** The columns. Rows of unknown or absent values hold NaN. */
export class Observations {
  /** Number of rows: the highest trial number plus one. */
  length = 0;
  states = new Uint8Array(64);
  /** Internal values by parameter name. */
  readonly params = new Map<string, Float64Array<ArrayBuffer>>();
  /** One column per objective. */
  readonly values: Float64Array<ArrayBuffer>[];
  /** Last reported step and value of pruned trials. */
  lastSteps = new Float64Array(64).fill(NaN);
  lastValues = new Float64Array(64).fill(NaN);
  /** Sum of violated constraints. */
  violations = new Float64Array(64);
  /** Numbers of finished trials in the order in which they finished here. */
  readonly finished: number[] = [];
  /** Running trials that hold a row. */
  readonly running = new Set<number>();
  /** Complete plus pruned trials. */
  usableCount = 0;
  completeCount = 0;
  /** Grows with every change; caches compare it. */
  revision = 0;
  #capacity = 64;
  readonly #latest = new Map<string, Distribution>();

  constructor(objectives: number) {
    this.values = Array.from({ length: objectives }, () => new Float64Array(64).fill(NaN));
  }

  #reserve(rows: number): void {
    if (rows <= this.#capacity) return;
    let capacity = this.#capacity;
    while (capacity < rows) capacity *= 2;
    this.#capacity = capacity;
    const states = new Uint8Array(capacity);
    states.set(this.states);
    this.states = states;
    this.lastSteps = grown(this.lastSteps, capacity);
    this.lastValues = grown(this.lastValues, capacity);
    const violations = new Float64Array(capacity);
    violations.set(this.violations);
    this.violations = violations;
    for (let i = 0; i < this.values.length; i++) this.values[i] = grown(this.values[i], capacity);
    for (const [name, column] of this.params) this.params.set(name, grown(column, capacity));
  }

  /** The same object for equal distributions of one parameter, so that comparing is cheap. */
  intern(name: string, distribution: Distribution): Distribution {
    const latest = this.#latest.get(name);
    if (latest && sameDistribution(latest, distribution)) return latest;
    this.#latest.set(name, distribution);
    return distribution;
  }

  /** The distribution that was suggested last under this name. */
  latest(name: string): Distribution | undefined {
    return this.#latest.get(name);
  }

  /** Begins a row in state running. */
  begin(number: number): void {
    this.#reserve(number + 1);
    this.length = Math.max(this.length, number + 1);
    this.states[number] = stateCode.running;
    this.running.add(number);
    this.revision++;
  }

  /** Notes a value that a running trial was given. */
  setParam(number: number, name: string, internal: number): void {
    let column = this.params.get(name);
    if (!column) {
      column = new Float64Array(this.#capacity).fill(NaN);
      this.params.set(name, column);
    }
    column[number] = internal;
    this.revision++;
  }

  /** Closes a row with all that the trial holds. */
  finish(trial: FrozenTrial): void {
    const { number } = trial;
    this.#reserve(number + 1);
    this.length = Math.max(this.length, number + 1);
    const before = this.states[number];
    // A second end (of a trial that two workers finished) replaces the first.
    const isKnown = before >= stateCode.complete;
    this.running.delete(number);
    this.states[number] = stateCode[trial.state as TrialState];
    // A joint suggestion that the objective never asked for is no observation.
    for (const [name, column] of this.params) {
      if (!Number.isNaN(column[number]) && !(name in trial.params)) column[number] = NaN;
    }
    for (const name in trial.distributions) {
      const distribution = this.intern(name, trial.distributions[name]);
      trial.distributions[name] = distribution;
      this.setParam(number, name, toInternal(distribution, trial.params[name]));
    }
    for (let i = 0; i < this.values.length; i++) {
      this.values[i][number] = trial.values?.[i] ?? NaN;
    }
    if (trial.intermediate.size > 0) {
      const step = lastStep(trial)!;
      this.lastSteps[number] = step;
      this.lastValues[number] = trial.intermediate.get(step)!;
    }
    this.violations[number] = constraintViolation(trial);
    if (isKnown) {
      if (before === stateCode.complete) this.completeCount--;
      if (before !== stateCode.failed) this.usableCount--;
    } else this.finished.push(number);
    if (trial.state === "complete") this.completeCount++;
    if (trial.state !== "failed") this.usableCount++;
    this.revision++;
  }

  /** Takes a running row back: the trial waits again. */
  release(number: number): void {
    this.#reserve(number + 1);
    this.length = Math.max(this.length, number + 1);
    this.states[number] = stateCode.waiting;
    this.running.delete(number);
    for (const column of this.params.values()) column[number] = NaN;
    this.revision++;
  }
}
