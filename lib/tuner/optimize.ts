/**
 * The loop: ask, run the objective, tell, until a stop condition holds.
 * @module
 */
import { LeaseLostError, SearchSpaceError, StudyFailedError, TrialPruned } from "./errors.ts";
import type { Executor } from "./executors/executor.ts";
import { createProgress, type Progress } from "./progress.ts";
import type { Study } from "./study.ts";
import { checkValues } from "./study.ts";
import type { Trial } from "./trial.ts";
import type { FrozenTrial } from "./trial_record.ts";

/** Gives the value to optimise, one per direction. Throws {@linkcode TrialPruned} to stop early. */
export type Objective = (
  trial: Trial,
) => number | readonly number[] | Promise<number | readonly number[]>;

/** Called as the study goes. An exception in one of them stops the study. */
export interface OptimizeCallbacks {
  onTrialStart?(trial: Trial): void;
  onReport?(trial: Trial, value: number, step: number): void;
  /** After each trial, with its final record. */
  onTrial?(trial: FrozenTrial, study: Study): void | Promise<void>;
}

/** When to stop besides the number of trials. Looked at after every trial. */
export type StopCondition = (study: Study) => boolean | string;

export interface OptimizeOptions {
  /** Trials to run in this call. Required unless another stop condition is given. */
  trials?: number;
  /** Trials that the study shall have in all, of all workers; none is begun beyond. */
  limit?: number;
  /** No trial is begun later than this after the call. */
  timeoutMs?: number;
  /** Stop after this many finished trials in a row without a better value. */
  noImprovementTrials?: number;
  /** Further conditions, for instance `regretTerminator()`. */
  stopWhen?: StopCondition | StopCondition[];
  /** "inline" (default), "workers" (local processes), "ray", or an executor with options. */
  executor?: "inline" | "workers" | "ray" | Executor;
  /** Trials at once. Default 1. */
  workers?: number;
  callbacks?: OptimizeCallbacks | OptimizeCallbacks[];
  /** Short for `callbacks: { onTrial }`. */
  onTrial?: OptimizeCallbacks["onTrial"];
  /** Interrupts: finished trials stay, running ones are marked failed ("interrupted"). */
  signal?: AbortSignal;
  /** A bar on standard output, or one of the caller's. Default none. */
  progress?: boolean | Progress;
  /** What becomes of a trial that is interrupted: failed (default), or given back to the store. */
  interrupted?: "fail" | "release";
  /** Thrown errors in a row (with no other outcome between) that end the study. Default 5. */
  maxConsecutiveErrors?: number;
}

export interface OptimizeResult {
  /** Trials that ended in this call. */
  finished: number;
  stopReason: "trials" | "timeout" | "aborted" | "noImprovement" | "stopped" | "exhausted" | string;
}

/** @internal Checks the options and hands the work to the executor. */
export async function runOptimize(
  study: Study,
  objective: Objective | string,
  options: OptimizeOptions,
): Promise<OptimizeResult> {
  const { trials, workers = 1, timeoutMs } = options;
  if (
    trials !== undefined && trials !== Infinity && (!Number.isSafeInteger(trials) || trials < 0)
  ) {
    throw new RangeError(`Cannot optimize: trials must be an integer >= 0, got ${trials}`);
  }
  if (!Number.isSafeInteger(workers) || workers < 1) {
    throw new RangeError(`Cannot optimize: workers must be an integer >= 1, got ${workers}`);
  }
  if (timeoutMs !== undefined && !(timeoutMs > 0)) {
    throw new RangeError(`Cannot optimize: timeoutMs must be > 0, got ${timeoutMs}`);
  }
  if (
    trials === undefined && options.limit === undefined && timeoutMs === undefined &&
    options.noImprovementTrials === undefined &&
    !options.stopWhen && !options.signal
  ) {
    throw new RangeError(
      "Cannot optimize: trials, limit, timeoutMs, noImprovementTrials, stopWhen or signal must be given",
    );
  }
  const executor = options.executor ?? "inline";
  if (typeof executor === "object") return await executor.run(study, objective, options);
  if (executor === "workers") {
    const { workersExecutor } = await import("./executors/workers.ts");
    return await workersExecutor().run(study, objective, options);
  }
  if (executor === "ray") {
    const { rayExecutor } = await import("./executors/ray.ts");
    return await rayExecutor().run(study, objective, options);
  }
  if (executor !== "inline") {
    throw new RangeError(
      `Cannot optimize: executor must be "inline", "workers", "ray" or an executor object, got ${
        JSON.stringify(executor)
      }`,
    );
  }
  if (typeof objective !== "function") {
    throw new TypeError(`Cannot optimize: objective must be a function, got ${typeof objective}`);
  }
  return await runInline(study, objective, options);
}

/** Counts trials and decides when to stop; shared by all executors. */
export class StopWatch {
  finished = 0;
  begun = 0;
  reason: OptimizeResult["stopReason"] | null = null;
  #sinceBest = 0;
  #bestNumber = -1;
  #errorsInRow = 0;
  #onlyErrors = true;
  #lastError: unknown;
  readonly #deadline: number;
  readonly #conditions: StopCondition[];

  constructor(readonly study: Study, readonly options: OptimizeOptions) {
    this.#deadline = options.timeoutMs ? Date.now() + options.timeoutMs : Infinity;
    const { stopWhen } = options;
    this.#conditions = stopWhen ? (Array.isArray(stopWhen) ? stopWhen : [stopWhen]) : [];
  }

  /** True when another trial may begin; counts it as begun. */
  begin(): boolean {
    if (this.reason) return false;
    if (this.options.signal?.aborted) this.reason = "aborted";
    else if (this.begun >= (this.options.trials ?? Infinity)) return false;
    else if (Date.now() >= this.#deadline) this.reason = "timeout";
    else if (this.study.stopRequested) this.reason = "stopped";
    if (this.reason) return false;
    this.begun++;
    return true;
  }

  /** Sets the reason when the time is over or the study was told to stop. */
  checkTime(): void {
    if (Date.now() >= this.#deadline) this.reason ??= "timeout";
    else if (this.study.stopRequested) this.reason ??= "stopped";
  }

  /** Takes note of an ended trial. `thrown` is what the objective threw. */
  end(trial: FrozenTrial, thrown?: unknown): void {
    this.finished++;
    if (trial.state === "failed" && thrown !== undefined) {
      this.#lastError = thrown;
      this.#errorsInRow++;
    } else {
      this.#errorsInRow = 0;
      if (trial.state !== "failed") this.#onlyErrors = false;
      else this.#lastError ??= trial.error;
    }
    const { noImprovementTrials } = this.options;
    if (noImprovementTrials !== undefined && this.study.directions.length === 1) {
      const best = this.study.bestOrNull?.number ?? -1;
      if (best !== this.#bestNumber) {
        this.#bestNumber = best;
        this.#sinceBest = 0;
      } else if (++this.#sinceBest >= noImprovementTrials) this.reason ??= "noImprovement";
    }
    for (const condition of this.#conditions) {
      const answer = condition(this.study);
      if (answer) this.reason ??= typeof answer === "string" ? answer : "stopWhen";
    }
  }

  /** @throws {StudyFailedError} If the last trials all threw. */
  checkErrors(): void {
    const most = this.options.maxConsecutiveErrors ?? 5;
    if (this.#errorsInRow >= most) {
      throw new StudyFailedError(
        `Cannot optimize study "${this.study.name}": ${this.#errorsInRow} trials in a row threw, the last: ${
          messageOf(this.#lastError)
        }`,
        { cause: this.#lastError },
      );
    }
  }

  /** The result. @throws {StudyFailedError} If every trial of this call failed. */
  result(): OptimizeResult {
    if (this.finished > 0 && this.#onlyErrors && this.reason !== "aborted") {
      throw new StudyFailedError(
        `Cannot optimize study "${this.study.name}": all ${this.finished} trials failed, the last: ${
          messageOf(this.#lastError)
        }`,
        { cause: this.#lastError },
      );
    }
    return { finished: this.finished, stopReason: this.reason ?? "trials" };
  }
}

/** The text of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/**
 * Runs one trial's objective to its end and says what came out; null when the trial's lease was
 * lost, so that its result is another worker's business.
 */
export async function runTrial(
  study: Study,
  trial: Trial,
  objective: Objective,
  interrupted: "fail" | "release" = "fail",
): Promise<{ record: FrozenTrial; thrown?: unknown } | null> {
  try {
    return await runAndTell(study, trial, objective, interrupted);
  } catch (error) {
    if (error instanceof LeaseLostError) return null;
    throw error;
  }
}

async function runAndTell(
  study: Study,
  trial: Trial,
  objective: Objective,
  interrupted: "fail" | "release",
): Promise<{ record: FrozenTrial; thrown?: unknown }> {
  const { signal } = trial;
  let removeListener = () => {};
  try {
    const running = Promise.resolve(objective(trial));
    // An interrupted study does not wait for an objective that ignores the signal.
    const result = signal === undefined ? await running : await Promise.race([
      running,
      new Promise<never>((_, reject) => {
        const onAbort = () => reject(signal.reason);
        if (signal.aborted) return onAbort();
        signal.addEventListener("abort", onAbort, { once: true });
        removeListener = () => signal.removeEventListener("abort", onAbort);
      }),
    ]);
    let values: number[];
    try {
      values = checkValues(trial.number, result, study.directions.length);
    } catch (error) {
      return {
        record: await study.tellAsync(trial, { state: "failed", error: messageOf(error) }),
      };
    }
    return { record: await study.tellAsync(trial, values) };
  } catch (error) {
    if (error instanceof LeaseLostError) throw error;
    if (error instanceof TrialPruned) {
      return { record: await study.tellAsync(trial, { state: "pruned" }) };
    }
    if (signal?.aborted) {
      if (signal.reason instanceof LeaseLostError) throw signal.reason;
      if (interrupted === "release" && study.link.release) {
        await study.link.release(trial.record);
        throw new LeaseLostError(trial.number);
      }
      return { record: await study.tellAsync(trial, { state: "failed", error: "interrupted" }) };
    }
    const record = await study.tellAsync(trial, { state: "failed", error: messageOf(error) });
    return { record, thrown: error ?? new Error("the objective threw nothing") };
  } finally {
    removeListener();
  }
}

/** One list of callbacks out of the ways to give them. */
export function callbacksOf(options: OptimizeOptions): OptimizeCallbacks[] {
  const { callbacks, onTrial } = options;
  const list = callbacks ? (Array.isArray(callbacks) ? [...callbacks] : [callbacks]) : [];
  if (onTrial) list.push({ onTrial });
  return list;
}

/** Shows a study's state on a progress bar. */
export function showOnProgress(
  study: Study,
  watch: StopWatch,
  progress: Progress,
): OptimizeCallbacks {
  let step: string | undefined;
  const show = () => {
    const best = study.directions.length === 1 ? study.bestOrNull : null;
    progress.update(watch.finished, {
      trial: Math.max(watch.begun, watch.finished),
      ...(step !== undefined ? { step } : {}),
      ...(best ? { best: best.value } : {}),
    });
  };
  return {
    onTrialStart: () => {
      step = undefined;
      show();
    },
    onReport: (_trial, _value, at) => {
      step = String(at);
      show();
    },
    onTrial: show,
  };
}

async function runInline(
  study: Study,
  objective: Objective,
  options: OptimizeOptions,
): Promise<OptimizeResult> {
  const { signal, workers = 1 } = options;
  const watch = new StopWatch(study, options);
  const callbacks = callbacksOf(options);
  const progress = options.progress === true
    ? createProgress({ total: options.trials, title: study.name })
    : options.progress || null;
  if (progress) callbacks.push(showOnProgress(study, watch, progress));
  const hooks = {
    signal,
    onReport(trial: Trial, value: number, step: number) {
      for (const c of callbacks) c.onReport?.(trial, value, step);
    },
  };
  async function work(): Promise<void> {
    while (watch.begin()) {
      const trial = await study.claim(hooks, options.limit);
      if (trial === null) {
        watch.reason ??= "exhausted";
        break;
      }
      for (const c of callbacks) c.onTrialStart?.(trial);
      const outcome = await runTrial(study, trial, objective, options.interrupted);
      if (outcome === null) continue;
      const { record, thrown } = outcome;
      watch.end(record, thrown);
      for (const c of callbacks) await c.onTrial?.(record, study);
      if (thrown instanceof SearchSpaceError) throw thrown;
      watch.checkErrors();
      // Lets timers and input (Ctrl-C) through between trials of a synchronous objective.
      if (watch.finished % 16 === 0) await new Promise((resolve) => setTimeout(resolve, 0));
    }
  }
  try {
    const results = await Promise.allSettled(Array.from({ length: workers }, async () => {
      try {
        await work();
      } catch (error) {
        watch.reason ??= "error";
        throw error;
      }
    }));
    const failed = results.find((r) => r.status === "rejected");
    if (failed) throw failed.reason;
    if (signal?.aborted) watch.reason = "aborted";
    return watch.result();
  } finally {
    if (options.progress === true) progress?.finish();
  }
}
