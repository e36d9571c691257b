/** What an executor is, and how those that run elsewhere follow a study. @module */
import { createProgress } from "../progress.ts";
import {
  callbacksOf,
  type Objective,
  type OptimizeOptions,
  type OptimizeResult,
  showOnProgress,
  StopWatch,
} from "../optimize.ts";
import type { Study } from "../study.ts";
import { isFinished } from "../trial_record.ts";

/** Runs a study's trials somewhere. */
export interface Executor {
  readonly kind: string;
  /**
   * Runs trials until a stop condition of `options` holds. Executors that start processes take the
   * objective as the path of a module, `module.ts` or `module.ts#name`.
   */
  run(
    study: Study,
    objective: Objective | string,
    options: OptimizeOptions,
  ): Promise<OptimizeResult>;
}

/** Follows a study that other processes work on. */
export interface StudyWatch {
  /** Trials that the study shall have in all. */
  readonly limit: number | undefined;
  /** True once the study shall stop. */
  isOver(): boolean;
  /**
   * Calls the callbacks as trials end, until `work` is done or a stop condition holds; then `kill`
   * ends the work.
   */
  until(work: Promise<unknown>, kill: () => Promise<void>): Promise<OptimizeResult>;
}

/** Trials to run in this call become a number of trials that the study has in the end. */
export function watchStudy(study: Study, options: OptimizeOptions, pollMs = 300): StudyWatch {
  const stop = new StopWatch(study, options);
  const callbacks = callbacksOf(options);
  const progress = options.progress === true
    ? createProgress({ total: options.trials, title: study.name })
    : options.progress || null;
  if (progress) callbacks.push(showOnProgress(study, stop, progress));
  const known = study.trials;
  const seen = new Set(known.filter((t) => isFinished(t.state)).map((t) => t.number));
  const waiting = known.filter((t) => t.state === "waiting").length;
  const limit = options.trials === undefined
    ? options.limit
    : Math.min(options.limit ?? Infinity, known.length - waiting + options.trials);

  async function look(): Promise<void> {
    await study.refresh();
    for (const trial of study.trials) {
      if (!isFinished(trial.state) || seen.has(trial.number)) continue;
      seen.add(trial.number);
      stop.end(trial, trial.state === "failed" ? new Error(trial.error) : undefined);
      for (const c of callbacks) await c.onTrial?.(trial, study);
      stop.checkErrors();
    }
    stop.begun = study.trials.length;
  }

  return {
    limit,
    isOver: () => stop.reason !== null,
    async until(work, kill) {
      let done = false;
      const ended = work.finally(() => done = true);
      // Its failure is thrown below.
      ended.catch(() => {});
      try {
        while (!done) {
          await Promise.race([
            ended.catch(() => {}),
            new Promise((resolve) => setTimeout(resolve, pollMs)),
          ]);
          if (options.signal?.aborted) stop.reason ??= "aborted";
          else {
            await look();
            stop.checkTime();
          }
          if (stop.reason !== null) {
            await kill();
            break;
          }
        }
        await ended;
        await look();
        return stop.result();
      } catch (error) {
        stop.reason ??= "error";
        if (!done) await kill();
        throw error;
      } finally {
        if (options.progress === true) progress?.finish();
      }
    },
  };
}
