/**
 * Checkpoints: everything that training needs to go on as if it had never stopped.
 * @module
 */
import type { OptimizerState } from "./optimizers.ts";
import type { ScheduleState } from "./schedules.ts";
import type { EpochRecord } from "./trainer.ts";

export interface Checkpoint {
  /** Trainable weights after the last epoch of `history`, flat. */
  weights: Float32Array;
  bestWeights: Float32Array;
  bestEpoch: number;
  optimizer: OptimizerState;
  schedule: ScheduleState;
  history: EpochRecord[];
}
