/**
 * Training: the supervised trainer, its losses, optimizers, schedules and metrics, and the choice of
 * the backend that computes.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { SupervisedDataset } from "../datasets/mod.ts";
 * import { createModel } from "../models/mod.ts";
 * import { trainSupervised } from "./mod.ts";
 *
 * const length = 200;
 * const column = Float64Array.from({ length }, (_, i) => Math.sin(i / 3));
 * const frame = { names: ["sine"], columns: [column], time: column.map((_, i) => i), length };
 * const labels = { values: column.map((_, i) => column[i + 1] ?? NaN) };
 * const train = new SupervisedDataset({ frame, labels, windowBars: 8, to: 150 });
 * const validation = new SupervisedDataset({ frame, labels, windowBars: 8, from: 150 });
 * const model = await createModel({ kind: "mlp", windowBars: 8, features: 1, units: 16, seed: 7 });
 * const { best } = await trainSupervised(model, { train, validation }, {
 *   epochs: 20,
 *   learningRate: 0.01,
 *   backend: "wasm",
 * });
 * assert.ok(best.metrics.r2 > 0.9);
 * model.dispose();
 * ```
 * @module
 */
export {
  type Backend,
  type BackendName,
  backendNames,
  chooseBackend,
  currentBackend,
} from "./backend.ts";
export {
  combineCallbacks,
  type MetricSink,
  progressBar,
  type ProgressOptions,
  trackEpochs,
} from "./callbacks.ts";
export {
  type Checkpoint,
  checkpointFromBytes,
  checkpointToBytes,
  keepCheckpoints,
  loadCheckpoint,
  saveCheckpoint,
} from "./checkpoint.ts";
export { type EnsembleOptions, trainEnsemble } from "./ensemble.ts";
export { type Loss, type LossInput, lossSchema } from "./losses.ts";
export * from "./metrics.ts";
export type { ExportFormat } from "./export_formats.ts";
export {
  type ManifestExpectations,
  type ModelManifest,
  type ModelSignature,
  signatureOf,
} from "./model_manifest.ts";
export {
  type LoadVersionOptions,
  ModelStore,
  type SaveVersionOptions,
  type StoredModel,
} from "./model_store.ts";
export { type OptimizerConfig, optimizerSchema } from "./optimizers.ts";
export { predict } from "./predict.ts";
export { type ScheduleConfig, scheduleSchema } from "./schedules.ts";
export { parseTrainConfig, type TrainConfig, type TrainConfigInput } from "./train_config.ts";
export {
  type EpochRecord,
  type EpochReport,
  evaluate,
  type TrainCallbacks,
  type TrainingData,
  type TrainResult,
  trainSupervised,
} from "./trainer.ts";
export { type LoadedSavedModel, loadSavedModel } from "./saved_model.ts";
export { TensorboardWriter } from "./tensorboard.ts";
export { predictWithUncertainty, type UncertainPrediction } from "./uncertainty.ts";
export { type WandbOfflineOptions, WandbOfflineWriter } from "./wandb_offline.ts";
export { TrainingError } from "./training_error.ts";
