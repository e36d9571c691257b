/**
 * A study: an objective's search space explored trial by trial.
 * @module
 */
import { createRng } from "../math/mod.ts";
import type { PrunerConfig, SamplerConfig } from "./config.ts";
import type { ParamValue } from "./distributions.ts";
import { nonDominationRanks, toLosses } from "./multi_objective.ts";
import {
  type Objective,
  type OptimizeOptions,
  type OptimizeResult,
  runOptimize,
} from "./optimize.ts";
import type { Pruner } from "./pruners/mod.ts";
import type { Sampler, StudyView } from "./samplers/sampler.ts";
import type { StudyLink, StudySpec, StudyStore } from "./stores/store.ts";
import { Trial } from "./trial.ts";
import { type Direction, type FrozenTrial, isFinished, type JsonValue } from "./trial_record.ts";

/** The best trial in short. */
export interface BestTrial {
  number: number;
  value: number;
  params: Record<string, ParamValue>;
  trial: FrozenTrial;
}

/** A study. Made by `createStudy`. */
export class Study {
  #spec: StudySpec;
  readonly #sampler: Sampler;
  readonly #pruner: Pruner;
  #link: StudyLink | null = null;
  #opening: Promise<StudyLink> | null = null;
  #view: StudyView | null = null;
  #stopRequested = false;

  constructor(
    spec: StudySpec,
    sampler: Sampler,
    pruner: Pruner,
    store: StudyStore,
    ifExists: "error" | "load",
  ) {
    this.#spec = spec;
    this.#sampler = sampler;
    this.#pruner = pruner;
    const opened = store.open(spec, ifExists);
    if (opened instanceof Promise) {
      this.#opening = opened.then((link) => this.#adopt(link));
      // The failure is thrown where the study is first used.
      this.#opening.catch(() => {});
    } else this.#adopt(opened);
  }

  #adopt(link: StudyLink): StudyLink {
    this.#link = link;
    this.#spec = link.spec;
    this.#view = {
      name: link.spec.name,
      directions: link.spec.directions,
      seed: link.spec.seed,
      observations: link.table.observations,
      trials: link.table.trials,
    };
    return link;
  }

  #connected(action: string): StudyLink {
    if (!this.#link) {
      throw new Error(
        `Cannot ${action}: the study's store is not reached yet; await study.ready()`,
      );
    }
    return this.#link;
  }

  /** Resolves once the store has been reached. @throws {StudyStoreError} */
  async ready(): Promise<this> {
    await this.#opening;
    return this;
  }

  get name(): string {
    return this.#spec.name;
  }
  get directions(): readonly Direction[] {
    return this.#spec.directions;
  }
  get direction(): Direction {
    return this.#spec.directions[0];
  }
  get seed(): number {
    return this.#spec.seed;
  }
  get samplerConfig(): SamplerConfig | null {
    return this.#spec.sampler;
  }
  get prunerConfig(): PrunerConfig | null {
    return this.#spec.pruner;
  }
  get userAttrs(): Record<string, JsonValue> {
    return this.#spec.userAttrs;
  }
  /** What samplers and pruners see. */
  get view(): StudyView {
    this.#connected("read the study");
    return this.#view!;
  }

  /** All trials by number: finished, running and waiting. */
  get trials(): FrozenTrial[] {
    return this.#connected("read trials").table.trials.filter((t) => t !== undefined);
  }

  /**
   * The best feasible complete trial.
   *
   * @throws {Error} If there is none yet, or the study has several objectives.
   */
  get best(): BestTrial {
    const best = this.bestOrNull;
    if (!best) {
      throw new Error(`Cannot read best: study "${this.name}" has no complete feasible trial`);
    }
    return best;
  }

  /** As `best`, null when there is none yet. */
  get bestOrNull(): BestTrial | null {
    const link = this.#connected("read best");
    if (this.directions.length > 1) {
      throw new TypeError("Cannot read best: a study of several objectives has a paretoFront");
    }
    const sign = this.direction === "maximize" ? -1 : 1;
    const { observations: o, trials } = link.table;
    let best = -1;
    for (const number of o.finished) {
      if (o.states[number] !== 2 || o.violations[number] > 0) continue;
      if (best < 0) best = number;
      else {
        const difference = sign * o.values[0][number] - sign * o.values[0][best];
        if (difference < 0 || difference === 0 && number < best) best = number;
      }
    }
    if (best < 0) return null;
    const trial = trials[best]!;
    return { number: best, value: trial.value!, params: trial.params, trial };
  }

  /** Feasible complete trials that no other one dominates, by number. */
  get paretoFront(): FrozenTrial[] {
    const { table } = this.#connected("read the Pareto front");
    const o = table.observations;
    const rows = o.finished.filter((n) => o.states[n] === 2 && o.violations[n] <= 0)
      .sort((a, b) => a - b);
    const ranks = nonDominationRanks(toLosses(rows, o.values, this.directions), 1);
    return rows.filter((_, i) => ranks[i] === 0).map((n) => table.trials[n]!);
  }

  /**
   * The next trial, to be ended with {@linkcode Study.tell}. For stores in this process; for a
   * remote store use {@linkcode Study.askAsync}.
   */
  ask(fixed?: Record<string, ParamValue>): Trial {
    const link = this.#connected("ask");
    if (!link.synchronous) {
      throw new Error("Cannot ask: the study's store is remote; use await study.askAsync()");
    }
    if (fixed) link.enqueue(fixed, {});
    return this.#begin(link.claim() as FrozenTrial, {});
  }

  /** The next trial, from any store. */
  async askAsync(hooks: TrialHooks = {}): Promise<Trial> {
    return (await this.claim(hooks))!;
  }

  /** As {@linkcode Study.askAsync}, null when the study has `limit` trials and none waits. */
  async claim(hooks: TrialHooks = {}, limit?: number): Promise<Trial | null> {
    await this.#opening;
    const link = this.#connected("ask");
    const record = await link.claim({ limit, signal: hooks.signal });
    return record && this.#begin(record, hooks);
  }

  #begin(record: FrozenTrial, hooks: TrialHooks): Trial {
    const view = this.#view!;
    const link = this.#link!;
    view.observations.begin(record.number);
    const rng = createRng(this.seed).split(`trial ${record.number}`);
    const seen = this.#pruner.viewFor?.(view, record.number) ?? view;
    const joint = this.#sampler.joint?.(seen, record, rng) ?? null;
    const lost = link.lostSignal?.(record);
    const signals = [hooks.signal, lost].filter((s) => s !== undefined);
    const signal = signals.length > 1 ? AbortSignal.any(signals) : signals[0];
    if (joint) {
      for (const [name, { value }] of joint) view.observations.setParam(record.number, name, value);
    }
    const trial = new Trial(record, {
      view: seen,
      link,
      sampler: this.#sampler,
      pruner: this.#pruner,
      rng,
      joint,
      signal,
      onReport: hooks.onReport,
    });
    return trial;
  }

  /**
   * Ends a trial with its value (values for several objectives), or with `{ state }`.
   *
   * @throws {RangeError} If the value is NaN or not one number per objective: the trial goes on.
   * @throws {Error} If the trial has ended before.
   */
  tell(
    trial: Trial | number,
    result: number | readonly number[] | { state: "pruned" | "failed"; error?: string },
  ): FrozenTrial {
    const link = this.#connected("tell");
    const record = this.#close(trial, result);
    const done = link.finish(record);
    if (done instanceof Promise) {
      throw new Error("Cannot tell: the study's store is remote; use await study.tellAsync()");
    }
    return record;
  }

  /** As `tell`, for any store; resolves once the store holds the result. */
  async tellAsync(
    trial: Trial | number,
    result: number | readonly number[] | { state: "pruned" | "failed"; error?: string },
  ): Promise<FrozenTrial> {
    const link = this.#connected("tell");
    const record = this.#close(trial, result);
    await link.finish(record);
    return record;
  }

  #close(
    trial: Trial | number,
    result: number | readonly number[] | { state: "pruned" | "failed"; error?: string },
  ): FrozenTrial {
    const link = this.#link!;
    const number = typeof trial === "number" ? trial : trial.number;
    const record = typeof trial === "number" ? link.table.trials[number] : trial.record;
    if (!record) {
      throw new RangeError(`Cannot tell: trial ${number} is not in study "${this.name}"`);
    }
    if (isFinished(record.state)) {
      throw new Error(`Cannot tell: trial ${number} has ended (${record.state})`);
    }
    if (record.state === "waiting") {
      throw new Error(`Cannot tell: trial ${number} has not begun`);
    }
    if (typeof result === "object" && "state" in result) {
      record.state = result.state;
      if (result.error !== undefined) record.error = result.error;
      if (result.state === "pruned" && record.intermediate.size > 0) {
        const value = record.intermediate.get(Math.max(...record.intermediate.keys()))!;
        if (!Number.isNaN(value)) {
          record.value = value;
          record.values = [value];
        }
      }
    } else {
      const values = checkValues(number, result, this.directions.length);
      record.state = "complete";
      record.value = values[0];
      record.values = values;
    }
    record.endTime = Date.now();
    link.table.observations.finish(record);
    this.#sampler.afterTrial?.(this.#view!, record);
    return record;
  }

  /** Adds a trial that will be run with these values; parameters left out are sampled. */
  enqueue(params: Record<string, ParamValue>, userAttrs: Record<string, JsonValue> = {}):
    | void
    | Promise<void> {
    if (this.#link) return this.#link.enqueue(params, userAttrs);
    return this.#opening!.then((link) => link.enqueue(params, userAttrs));
  }

  /** Adds a finished trial that was run elsewhere. */
  addTrial(trial: FrozenTrial): void | Promise<void> {
    if (!isFinished(trial.state)) {
      throw new RangeError(`Cannot add trial: state must be final, got "${trial.state}"`);
    }
    if (trial.state === "complete") {
      checkValues(trial.number, trial.values ?? [], this.directions.length);
    }
    if (this.#link) return this.#link.add(trial);
    return this.#opening!.then((link) => link.add(trial));
  }

  /** Fetches what other workers did. */
  async refresh(): Promise<void> {
    await this.#opening;
    await this.#link!.refresh();
  }

  /**
   * Runs the objective for `trials` trials. Bad results fail their trial and the study goes on; a
   * mistake in the search space stops it. Executors that start processes take the objective as the
   * path of its module.
   *
   * @throws {SearchSpaceError} If the objective asks for an impossible range.
   * @throws {StudyFailedError} If too many trials in a row, or all of them, failed.
   */
  async optimize(
    objective: Objective | string,
    options: OptimizeOptions,
  ): Promise<OptimizeResult> {
    await this.#opening;
    this.#stopRequested = false;
    return await runOptimize(this, objective, options);
  }

  /** Lets `optimize` begin no further trial. */
  stop(): void {
    this.#stopRequested = true;
  }
  get stopRequested(): boolean {
    return this.#stopRequested || (this.#sampler.isExhausted?.(this.view) ?? false);
  }

  /** Releases the store's connection. */
  async close(): Promise<void> {
    await this.#opening;
    await this.#link?.close?.();
  }

  /** The connection, for executors. */
  get link(): StudyLink {
    return this.#connected("reach the store");
  }
}

/** What an executor hangs onto a trial. */
export interface TrialHooks {
  signal?: AbortSignal;
  onReport?: (trial: Trial, value: number, step: number) => void;
}

/** One number per objective. @throws {RangeError} */
export function checkValues(trial: number, result: unknown, objectives: number): number[] {
  const values = Array.isArray(result) ? result : [result];
  if (values.length !== objectives) {
    throw new RangeError(
      `Cannot end trial ${trial}: the objective must give ${objectives} value${
        objectives === 1 ? "" : "s"
      }, got ${values.length}`,
    );
  }
  for (const value of values) {
    if (typeof value !== "number" || Number.isNaN(value)) {
      throw new RangeError(
        `Cannot end trial ${trial}: value must be a number, got ${String(value)}`,
      );
    }
  }
  return values.slice() as number[];
}
