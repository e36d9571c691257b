/** What a pruner is, and the questions that several pruners ask. @module */
import type { FrozenTrial } from "../trial_record.ts";
import type { StudyView } from "../samplers/sampler.ts";

/** Decides, after a report, whether a running trial is worth continuing. */
export interface Pruner {
  readonly kind: string;
  shouldPrune(study: StudyView, trial: FrozenTrial): boolean;
  /** The trials that a sampler should learn from when it proposes for this one (brackets). */
  viewFor?(study: StudyView, trialNumber: number): StudyView;
}

/**
 * True at the first report in each interval of `intervalSteps` after the warm-up: checks are not
 * repeated within an interval.
 */
export function isFirstInInterval(
  step: number,
  trial: FrozenTrial,
  warmupSteps: number,
  intervalSteps: number,
): boolean {
  const nearest = Math.floor((step - warmupSteps) / intervalSteps) * intervalSteps + warmupSteps;
  let previous = -1;
  for (const s of trial.intermediate.keys()) if (s !== step && s > previous) previous = s;
  return previous < nearest;
}

/** Complete trials of the view. */
export function completeTrials(study: StudyView): FrozenTrial[] {
  const found: FrozenTrial[] = [];
  const { observations, trials, includes } = study;
  for (const number of observations.finished) {
    const trial = trials[number]!;
    if (trial.state === "complete" && (!includes || includes(number))) found.push(trial);
  }
  return found;
}

/** Checks a count given to a pruner. @throws {RangeError} */
export function checkCount(pruner: string, field: string, value: number, least: number): void {
  if (!Number.isInteger(value) || value < least) {
    throw new RangeError(
      `Cannot create ${pruner} pruner: ${field} must be an integer >= ${least}, got ${value}`,
    );
  }
}
