/**
 * Tuning: studies of trials, samplers that propose, pruners that give up early, stores that keep.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { createStudy, TrialPruned } from "./mod.ts";
 *
 * const study = createStudy({ direction: "minimize", sampler: "tpe", pruner: "median", seed: 7 });
 * await study.optimize((trial) => {
 *   const rate = trial.suggestFloat("rate", 1e-4, 1, { log: true });
 *   const units = trial.suggestInt("units", 4, 64);
 *   let loss = 1;
 *   for (let epoch = 0; epoch < 10; epoch++) {
 *     loss = Math.abs(Math.log10(rate) + 2) + Math.abs(units - 32) / 32 + 1 / (epoch + 1);
 *     trial.report(loss, epoch);
 *     if (trial.shouldPrune()) throw new TrialPruned();
 *   }
 *   return loss;
 * }, { trials: 50 });
 * assert.ok(study.best.value < 0.6);
 * ```
 * @module
 */
export { createStudy, type StudyOptions } from "./create_study.ts";
export { type BestTrial, Study, type TrialHooks } from "./study.ts";
export { Trial } from "./trial.ts";
export {
  constraintViolation,
  type Direction,
  type FrozenTrial,
  isFinished,
  type JsonValue,
  lastStep,
  type TrialState,
} from "./trial_record.ts";
export type {
  Objective,
  OptimizeCallbacks,
  OptimizeOptions,
  OptimizeResult,
  StopCondition,
} from "./optimize.ts";
export * from "./errors.ts";
export * from "./config.ts";
export * from "./distributions.ts";
export {
  createProgress,
  formatDuration,
  type Progress,
  type ProgressFacts,
  type ProgressOptions,
} from "./progress.ts";
export {
  memoryStore,
  type StudyLink,
  type StudySpec,
  type StudyStore,
  TrialTable,
} from "./stores/store.ts";
export { httpStore, type HttpStoreOptions, readStudySpec } from "./stores/http.ts";
export { trialFromJson, type TrialJson, trialToJson } from "./wire.ts";
export type { JointProposal, Sampler, StudyView } from "./samplers/sampler.ts";
export { bruteForceSampler } from "./samplers/brute_force.ts";
export { type CmaesOptions, cmaesSampler } from "./samplers/cmaes.ts";
export { type GpOptions, gpSampler } from "./samplers/gp.ts";
export { type GridOptions, gridSampler } from "./samplers/grid.ts";
export { type Nsga2Options, nsga2Sampler } from "./samplers/nsga2.ts";
export { partialFixedSampler } from "./samplers/partial_fixed.ts";
export { type QmcOptions, qmcSampler } from "./samplers/qmc.ts";
export { randomSampler } from "./samplers/random.ts";
export { type TpeOptions, tpeSampler } from "./samplers/tpe.ts";
export * from "./pruners/mod.ts";
export type { Executor } from "./executors/executor.ts";
export { workersExecutor, type WorkersOptions } from "./executors/workers.ts";
export { loadObjective, objectiveKey, runWorker, type WorkerOptions } from "./worker.ts";
export { hypervolume, nonDominationRanks } from "./multi_objective.ts";
export {
  type ExchangedStudy,
  exportOptunaJournal,
  importOptunaJournal,
} from "./exchange/optuna_journal.ts";
export { exportCsv, exportJson } from "./exchange/tables.ts";
export { rayExecutor, RayJobs, type RayJobStatus, type RayOptions } from "./executors/ray.ts";
export { type ImportanceOptions, paramImportances } from "./insight/importances.ts";
export * from "./insight/plot_data.ts";
export {
  type PlotKind,
  plotKinds,
  type PlotOptions,
  plotStudy,
  type StudyPlot,
} from "./insight/plot_study.ts";
export {
  type DeflatedSharpeInput,
  studyDeflatedSharpe,
  type StudySharpe,
} from "./insight/deflated_sharpe.ts";
export { studySummary, type SummaryOptions, writeStudySummary } from "./insight/summary.ts";
export {
  type Parameter,
  space,
  spaceDistributions,
  type SpaceValues,
  suggestAll,
} from "./space.ts";
export { type FoldOptions, overFolds } from "./fold_objective.ts";
export {
  estimateRegret,
  type RegretEstimate,
  regretTerminator,
  type TerminatorOptions,
} from "./terminator.ts";
export {
  type HistoryEntry,
  type MemberStep,
  type PopulationOptions,
  type PopulationResult,
  type TrainMember,
  trainPopulation,
} from "./population_based.ts";
