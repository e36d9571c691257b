/** Stops trials whose report leaves a band, or is NaN. @module */
import { lastStep } from "../trial_record.ts";
import { checkCount, isFirstInInterval, type Pruner } from "./pruner.ts";

export interface ThresholdOptions {
  /** Reports below are pruned. */
  lower?: number;
  /** Reports above are pruned. */
  upper?: number;
  warmupSteps?: number;
  intervalSteps?: number;
}

/** @throws {RangeError} If neither bound is given, or lower > upper. */
export function thresholdPruner(options: ThresholdOptions): Pruner {
  const { lower = -Infinity, upper = Infinity, warmupSteps = 0, intervalSteps = 1 } = options;
  if (options.lower === undefined && options.upper === undefined) {
    throw new RangeError("Cannot create threshold pruner: lower or upper must be given");
  }
  if (!(lower <= upper)) {
    throw new RangeError(
      `Cannot create threshold pruner: lower must be <= upper, got [${lower}, ${upper}]`,
    );
  }
  checkCount("threshold", "warmupSteps", warmupSteps, 0);
  checkCount("threshold", "intervalSteps", intervalSteps, 1);
  return {
    kind: "threshold",
    shouldPrune(_study, trial) {
      const step = lastStep(trial);
      if (step === null || step < warmupSteps) return false;
      if (!isFirstInInterval(step, trial, warmupSteps, intervalSteps)) return false;
      const value = trial.intermediate.get(step)!;
      return Number.isNaN(value) || value < lower || value > upper;
    },
  };
}
