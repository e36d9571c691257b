/**
 * What a store of studies is, and the one that lives in memory.
 *
 * A study always works on a local mirror (`StudyLink.table`); a store that lives elsewhere keeps the
 * mirror up to date and is told what happens here.
 * @module
 */
import type { PrunerConfig, SamplerConfig } from "../config.ts";
import type { ParamValue } from "../distributions.ts";
import { StudyStoreError } from "../errors.ts";
import { Observations } from "../observations.ts";
import {
  type Direction,
  emptyTrial,
  type FrozenTrial,
  isFinished,
  type JsonValue,
} from "../trial_record.ts";

/** What is stored of a study besides its trials. */
export interface StudySpec {
  name: string;
  directions: Direction[];
  /** Null when the caller made the sampler itself. */
  sampler: SamplerConfig | null;
  pruner: PrunerConfig | null;
  seed: number;
  userAttrs: Record<string, JsonValue>;
}

/** The local mirror of a study's trials. */
export class TrialTable {
  /** By number; holes are trials not heard of yet. */
  readonly trials: (FrozenTrial | undefined)[] = [];
  readonly observations: Observations;

  constructor(readonly spec: StudySpec) {
    this.observations = new Observations(spec.directions.length);
  }

  /** Puts a trial that came from elsewhere (another worker, a file) into the mirror. */
  put(trial: FrozenTrial): void {
    this.trials[trial.number] = trial;
    if (isFinished(trial.state)) this.observations.finish(trial);
    else if (trial.state === "waiting") this.observations.release(trial.number);
    else if (trial.state === "running") {
      this.observations.begin(trial.number);
      this.noteRunningParams(trial);
    }
  }

  /** Lets samplers see what a running trial of another worker has drawn. */
  noteRunningParams(trial: FrozenTrial): void {
    for (const name in trial.distributions) {
      const distribution = this.observations.intern(name, trial.distributions[name]);
      trial.distributions[name] = distribution;
      const value = trial.params[name];
      const internal = distribution.kind === "categorical"
        ? distribution.choices.indexOf(value)
        : Number(value);
      this.observations.setParam(trial.number, name, internal);
    }
  }
}

export interface ClaimOptions {
  /** Trials that the study shall have in all. */
  limit?: number;
  signal?: AbortSignal;
}

/** One process's connection to one study. */
export interface StudyLink {
  readonly spec: StudySpec;
  readonly table: TrialTable;
  /** True when `claim` and `finish` return at once. */
  readonly synchronous: boolean;
  /**
   * The next trial for this process alone, in state running: a waiting one, or a new number. Null
   * when the study has `limit` trials and none waits.
   */
  claim(options?: ClaimOptions): FrozenTrial | null | Promise<FrozenTrial | null>;
  /** Aborted when the trial's lease is lost. */
  lostSignal?(trial: FrozenTrial): AbortSignal | undefined;
  /** Tells the store that a running trial has new params, reports or attributes. */
  changed(trial: FrozenTrial): void;
  /** Ends a trial; its final fields are set already. */
  finish(trial: FrozenTrial): void | Promise<void>;
  /** Adds a trial that waits with fixed values. */
  enqueue(params: Record<string, ParamValue>, userAttrs: Record<string, JsonValue>):
    | void
    | Promise<void>;
  /** Adds a finished trial made elsewhere; its number is given by the store. */
  add(trial: FrozenTrial): void | Promise<void>;
  /** Arguments by which a worker's command line joins this study; absent when none can. */
  joinArguments?(): string[];
  /** Fetches what other workers did. */
  refresh(): void | Promise<void>;
  /** Gives a running trial back, so that it waits for another worker. */
  release?(trial: FrozenTrial): void | Promise<void>;
  /** Saves a checkpoint of a running trial, to resume from after a lost worker. */
  saveCheckpoint?(trial: FrozenTrial, checkpoint: JsonValue): void | Promise<void>;
  close?(): void | Promise<void>;
}

/** Where studies are kept. */
export interface StudyStore {
  readonly kind: string;
  /**
   * Creates the study, or loads it when `ifExists` is "load".
   *
   * @throws {StudyStoreError} If the name is taken and `ifExists` is "error".
   */
  open(spec: StudySpec, ifExists: "error" | "load"): StudyLink | Promise<StudyLink>;
}

/** Key of the values that an enqueued or resumed trial must take. */
export const fixedParamsKey = "fixed_params";

/** @throws {StudyStoreError} If a loaded study does not optimise what the caller asks for. */
export function checkSameDirections(stored: StudySpec, asked: StudySpec): void {
  if (stored.directions.join() !== asked.directions.join()) {
    throw new StudyStoreError(
      `Cannot load study "${asked.name}": directions must be ${
        JSON.stringify(stored.directions)
      }, got ${JSON.stringify(asked.directions)}`,
    );
  }
}

class MemoryLink implements StudyLink {
  readonly synchronous = true;
  constructor(readonly spec: StudySpec, readonly table: TrialTable) {}

  claim(options: ClaimOptions = {}): FrozenTrial | null {
    const { trials } = this.table;
    let trial = this.#waiting > 0 ? trials.find((t) => t?.state === "waiting") : undefined;
    if (trial) this.#waiting--;
    else if (trials.length >= (options.limit ?? Infinity)) return null;
    else trials.push(trial = emptyTrial(trials.length));
    trial.state = "running";
    trial.startTime = Date.now();
    trial.attempt++;
    return trial;
  }
  #waiting = 0;
  changed(): void {}
  finish(): void {}
  refresh(): void {}
  enqueue(params: Record<string, ParamValue>, userAttrs: Record<string, JsonValue>): void {
    const trial = emptyTrial(this.table.trials.length);
    trial.systemAttrs[fixedParamsKey] = params as JsonValue;
    trial.userAttrs = userAttrs;
    this.table.trials.push(trial);
    this.#waiting++;
  }
  add(trial: FrozenTrial): void {
    this.table.put({ ...trial, number: this.table.trials.length });
  }
}

/** Studies in this process's memory. Links to one study share its trials. */
export function memoryStore(): StudyStore {
  const studies = new Map<string, MemoryLink>();
  return {
    kind: "memory",
    open(spec, ifExists) {
      const known = studies.get(spec.name);
      if (known) {
        if (ifExists === "error") {
          throw new StudyStoreError(
            `Cannot create study: name must be new in the store, got "${spec.name}"`,
          );
        }
        checkSameDirections(known.spec, spec);
        return known;
      }
      const link = new MemoryLink(spec, new TrialTable(spec));
      studies.set(spec.name, link);
      return link;
    },
  };
}
