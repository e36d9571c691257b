/**
 * Asynchronous successive halving (ASHA): at each rung (a number of steps that grows by the
 * reduction factor) only the best fraction of the trials that reached it goes on.
 *
 * @see Li et al. 2018, arXiv:1810.05934
 * @module
 */
import { type FrozenTrial, lastStep } from "../trial_record.ts";
import type { StudyView } from "../samplers/sampler.ts";
import { checkCount, completeTrials, type Pruner } from "./pruner.ts";

export interface SuccessiveHalvingOptions {
  /** Steps of the first rung; "auto": a hundredth of the longest complete trial. */
  minResource?: number | "auto";
  /** Default 4: a quarter goes on. */
  reductionFactor?: number;
  /** Moves the first rung up by this many powers of the factor. */
  minEarlyStoppingRate?: number;
  /** Trials that a rung must have seen before any is let through. */
  bootstrapCount?: number;
}

const rungKey = (rung: number) => `completed_rung_${rung}`;

/** Smallest step of the first rung when it is not given: found once, then kept. */
function estimateMinResource(study: StudyView): number | null {
  let longest: number | null = null;
  for (const trial of completeTrials(study)) {
    const step = lastStep(trial);
    if (step !== null && (longest === null || step > longest)) longest = step;
  }
  return longest === null ? null : Math.max(Math.floor(longest / 100), 1);
}

/** ASHA with Optuna's defaults. */
export function successiveHalvingPruner(options: SuccessiveHalvingOptions = {}): Pruner {
  const { reductionFactor = 4, minEarlyStoppingRate = 0, bootstrapCount = 0 } = options;
  const given = options.minResource ?? "auto";
  const kind = "successiveHalving";
  if (given !== "auto") checkCount(kind, "minResource", given, 1);
  checkCount(kind, "reductionFactor", reductionFactor, 2);
  checkCount(kind, "minEarlyStoppingRate", minEarlyStoppingRate, 0);
  checkCount(kind, "bootstrapCount", bootstrapCount, 0);
  if (bootstrapCount > 0 && given === "auto") {
    throw new RangeError(
      `Cannot create ${kind} pruner: minResource must be a number when bootstrapCount > 0, got auto`,
    );
  }
  let minResource = given === "auto" ? null : given;
  return {
    kind,
    shouldPrune(study, trial) {
      const step = lastStep(trial);
      if (step === null) return false;
      const value = trial.intermediate.get(step)!;
      let rung = 0;
      while (rungKey(rung) in trial.systemAttrs) rung++;
      for (;; rung++) {
        minResource ??= estimateMinResource(study);
        if (minResource === null) return false;
        if (step < minResource * reductionFactor ** (minEarlyStoppingRate + rung)) return false;
        if (Number.isNaN(value)) return true;
        const key = rungKey(rung);
        const competing = competingValues(study, trial, key);
        trial.systemAttrs[key] = value;
        competing.push(value);
        if (competing.length <= bootstrapCount) return true;
        if (!isPromotable(value, competing, reductionFactor, study.directions[0] === "maximize")) {
          return true;
        }
      }
    },
  };
}

function competingValues(study: StudyView, self: FrozenTrial, key: string): number[] {
  const values: number[] = [];
  for (const trial of study.trials) {
    if (!trial || trial === self || trial.number === self.number) continue;
    if (study.includes && !study.includes(trial.number)) continue;
    const value = trial.systemAttrs[key];
    if (typeof value === "number") values.push(value);
  }
  return values;
}

/** True when `value` is within the best 1/factor; the best of fewer than `factor` goes on, too. */
function isPromotable(
  value: number,
  competing: number[],
  factor: number,
  maximize: boolean,
): boolean {
  const at = Math.max(Math.floor(competing.length / factor) - 1, 0);
  competing.sort((a, b) => a - b);
  return maximize ? value >= competing[competing.length - 1 - at] : value <= competing[at];
}
