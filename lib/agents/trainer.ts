/**
 * The trainer of agents: any learner, with callbacks, evaluation on unseen environments, checkpoints,
 * resuming, tracking and pruning.
 * @module
 */
import type { MetricSink } from "../training/mod.ts";
import { keepCheckpoint, loadAgentCheckpoint, type TrainerState } from "./checkpoint.ts";
import { evaluatePolicy, type Evaluation } from "./evaluate.ts";
import type { Learner, TrainingRecord } from "./learner.ts";
import type { Policy } from "./policy.ts";
import type { MakeEnvironment } from "./vector_environment.ts";

/** Evaluation at intervals, on environments that training never sees. */
export interface EvaluationPlan {
  makeEnvironment: MakeEnvironment;
  /** Environment steps between evaluations; one more follows the last update. */
  everySteps: number;
  /** Default 10. */
  episodes?: number;
  /** The same episodes each time. Default 0. */
  seed?: number;
}

/** What {@linkcode trainAgent} does besides learning. */
export interface TrainerOptions<P extends Policy = Policy> {
  evaluation?: EvaluationPlan;
  /** `last.safetensors` every so many steps and at the end, `best.safetensors` by evaluation. */
  checkpoint?: { directory: string; everySteps: number };
  /** Path of a checkpoint to go on from. The curve is that of a training without interruption. */
  resume?: string;
  /** After each update; `stop` ends the training, and what it throws ends it with that error. */
  onProgress?(record: TrainingRecord, policy: P): void | "stop" | Promise<void | "stop">;
  onEvaluation?(report: EvaluationReport, policy: P): void | "stop" | Promise<void | "stop">;
  onCheckpoint?(path: string, isBest: boolean): void | Promise<void>;
  /** Stops before the next rollout by throwing the signal's reason. */
  signal?: AbortSignal;
  /** A run of `lib/tracking`: gets `rollout/…`, `train/…`, `eval/…`, `time/fps` at each update. */
  run?: MetricSink;
  /**
   * A trial of `lib/tuner`: told of the deterministic evaluation, or without one of the mean return.
   * If it is to be pruned the training ends, and `stopped` says so.
   */
  trial?: { report(value: number, step: number): unknown; shouldPrune(): boolean };
}

/** The policy at `steps`, acting by its mode and by its draws, on the same episodes. */
export interface EvaluationReport {
  steps: number;
  deterministic: Evaluation;
  stochastic: Evaluation;
  /** Whether no earlier deterministic mean return was as high. */
  isBest: boolean;
}

export interface TrainingResult<P extends Policy = Policy> {
  policy: P;
  history: TrainingRecord[];
  evaluations: EvaluationReport[];
  /** Why the training ended before `totalSteps`; null if it did not. */
  stopped: "stop" | "pruned" | null;
}

/** The loss is no longer a number; `history` tells how it came to that. */
export class TrainingDivergedError extends Error {
  override name = "TrainingDivergedError";
  constructor(message: string, readonly history: TrainingRecord[]) {
    super(message);
  }
}

/**
 * Lets a learner work until its `totalSteps`, and frees it; the policy is the caller's to dispose.
 *
 * The order after each update is: history, `run`, `onProgress`, evaluation, `trial`, checkpoint. An
 * error from any of them disposes the policy, too.
 *
 * @throws {EnvironmentError} If an environment gives a NaN.
 * @throws {TrainingDivergedError} If the loss is no longer a number.
 * @throws {SyntaxError} If the checkpoint to resume from is truncated or damaged.
 * @throws {RangeError} If it is of another algorithm or configuration.
 * @throws The signal's reason, if it aborts.
 */
export async function trainAgent<P extends Policy>(
  learner: Learner<P>,
  options: TrainerOptions<P> = {},
): Promise<TrainingResult<P>> {
  const { policy } = learner;
  const { evaluation, checkpoint, signal, run, trial } = options;
  const state: TrainerState = { history: [], evaluations: [], bestReturn: -Infinity };
  const { history, evaluations } = state;
  let stopped: TrainingResult["stopped"] = null;
  const evaluate = async () => {
    const { makeEnvironment, episodes, seed } = evaluation!;
    const play = (deterministic: boolean) =>
      evaluatePolicy(policy, makeEnvironment, { episodes, seed, deterministic });
    const report: EvaluationReport = {
      steps: learner.steps,
      deterministic: play(true),
      stochastic: play(false),
      isBest: false,
    };
    const { meanReturn } = report.deterministic;
    report.isBest = meanReturn > state.bestReturn;
    if (report.isBest) state.bestReturn = meanReturn;
    evaluations.push(report);
    await run?.logMetrics(evaluationMetrics(report), { step: learner.steps });
    if (await options.onEvaluation?.(report, policy) === "stop") stopped = "stop";
    return report;
  };
  try {
    if (options.resume !== undefined) await loadAgentCheckpoint(options.resume, learner, state);
    const startSteps = learner.steps, started = performance.now();
    while (learner.steps < learner.totalSteps && stopped === null) {
      signal?.throwIfAborted();
      const before = learner.steps;
      const update = await learner.advance();
      const { steps } = learner;
      if (!Number.isFinite(update.loss)) {
        throw new TrainingDivergedError(
          `Cannot train ${learner.algorithm}: loss must be finite, got ${update.loss} after ${steps} steps`,
          history,
        );
      }
      const seconds = (performance.now() - started) / 1000;
      const record = { ...update, stepsPerSecond: (steps - startSteps) / seconds };
      history.push(record as TrainingRecord);
      await run?.logMetrics(trainingMetrics(record as TrainingRecord), { step: steps });
      if (await options.onProgress?.(record as TrainingRecord, policy) === "stop") stopped = "stop";
      const isLast = steps >= learner.totalSteps;
      const passes = (every: number) =>
        isLast || Math.floor(steps / every) > Math.floor(before / every);
      let isBest = false;
      if (evaluation && passes(evaluation.everySteps)) {
        const report = await evaluate();
        isBest = report.isBest;
        trial?.report(report.deterministic.meanReturn, steps);
      } else if (!evaluation && Number.isFinite(update.meanReturn)) {
        trial?.report(update.meanReturn, steps);
      }
      if (stopped === null && !isLast && trial?.shouldPrune()) stopped = "pruned";
      if (checkpoint && (isBest || stopped !== null || passes(checkpoint.everySteps))) {
        for (
          const [path, best] of await keepCheckpoint(checkpoint.directory, learner, state, isBest)
        ) {
          await options.onCheckpoint?.(path, best);
        }
      }
      // Lets servers, signals and other workers of this thread have their turn.
      await new Promise((resolve) => setTimeout(resolve));
    }
  } catch (error) {
    policy.dispose();
    throw error;
  } finally {
    learner.dispose();
  }
  return { policy, history, evaluations, stopped };
}

/** Stable-Baselines3's names, so that curves of both lie on one chart. */
function trainingMetrics(record: TrainingRecord): Record<string, number> {
  const names: Record<string, string> = {
    episodes: "time/episodes",
    stepsPerSecond: "time/fps",
    meanReturn: "rollout/ep_rew_mean",
    meanLength: "rollout/ep_len_mean",
  };
  const out: Record<string, number> = {};
  for (const [key, value] of Object.entries(record)) {
    if (key === "steps" || !Number.isFinite(value)) continue;
    out[names[key] ?? `train/${key.replace(/[A-Z]/g, (c) => `_${c.toLowerCase()}`)}`] = value;
  }
  return out;
}

function evaluationMetrics({ deterministic, stochastic }: EvaluationReport) {
  return {
    "eval/mean_reward": deterministic.meanReturn,
    "eval/mean_ep_length": deterministic.meanLength,
    "eval/stochastic_mean_reward": stochastic.meanReturn,
    "eval/stochastic_mean_ep_length": stochastic.meanLength,
  };
}
