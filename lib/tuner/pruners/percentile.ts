/**
 * Percentile and median stopping: a trial stops when its best report so far is worse than the
 * percentile of what complete trials had reported at the same step.
 *
 * @see Golovin et al. 2017, "Google Vizier", section 3.5.2 (median stopping rule)
 * @module
 */
import { quantile } from "../../math/mod.ts";
import { lastStep } from "../trial_record.ts";
import { checkCount, completeTrials, isFirstInInterval, type Pruner } from "./pruner.ts";

export interface PercentileOptions {
  /** Complete trials before anything is pruned. Default 5. */
  startupTrials?: number;
  /** Steps of a trial that are never pruned. Default 0. */
  warmupSteps?: number;
  /** Steps between checks. Default 1. */
  intervalSteps?: number;
  /** Reports at a step needed for a comparison. Default 1. */
  minTrials?: number;
}

/** Keeps the trials within the best `percentile` percent. NaN reports are left out of the comparison. */
export function percentilePruner(percentile: number, options: PercentileOptions = {}): Pruner {
  return makePercentile("percentile", percentile, options);
}

/** Keeps the better half. */
export function medianPruner(options: PercentileOptions = {}): Pruner {
  return makePercentile("median", 50, options);
}

function makePercentile(kind: string, percentile: number, options: PercentileOptions): Pruner {
  const { startupTrials = 5, warmupSteps = 0, intervalSteps = 1, minTrials = 1 } = options;
  if (!(percentile >= 0 && percentile <= 100)) {
    throw new RangeError(
      `Cannot create ${kind} pruner: percentile must be in [0, 100], got ${percentile}`,
    );
  }
  checkCount(kind, "startupTrials", startupTrials, 0);
  checkCount(kind, "warmupSteps", warmupSteps, 0);
  checkCount(kind, "intervalSteps", intervalSteps, 1);
  checkCount(kind, "minTrials", minTrials, 1);
  return {
    kind,
    shouldPrune(study, trial) {
      const complete = completeTrials(study);
      if (complete.length === 0 || complete.length < startupTrials) return false;
      const step = lastStep(trial);
      if (step === null || step < warmupSteps) return false;
      if (!isFirstInInterval(step, trial, warmupSteps, intervalSteps)) return false;
      const maximize = study.directions[0] === "maximize";
      let best = NaN;
      for (const value of trial.intermediate.values()) {
        if (Number.isNaN(value)) continue;
        if (Number.isNaN(best) || (maximize ? value > best : value < best)) best = value;
      }
      if (Number.isNaN(best)) return true;
      const reported: number[] = [];
      let count = 0;
      for (const other of complete) {
        const value = other.intermediate.get(step);
        if (value === undefined) continue;
        count++;
        if (!Number.isNaN(value)) reported.push(value);
      }
      if (count < minTrials || reported.length === 0) return false;
      const cut = quantile(reported, (maximize ? 100 - percentile : percentile) / 100);
      return maximize ? best < cut : best > cut;
    },
  };
}
