/**
 * Stops a trial when a signed-rank test on paired reports (folds, seeds, instances) says that it is
 * worse than the best complete trial.
 *
 * @see Wilcoxon 1945; zeros are split between both signs ("zsplit"), as scipy.stats.wilcoxon does
 * @module
 */
import { normalCdf } from "../../math/mod.ts";
import type { FrozenTrial } from "../trial_record.ts";
import type { StudyView } from "../samplers/sampler.ts";
import { checkCount, completeTrials, type Pruner } from "./pruner.ts";

export interface WilcoxonOptions {
  /** Default 0.1. */
  pThreshold?: number;
  /** Pairs before any decision; at least 2. Default 2. */
  startupSteps?: number;
}

function averageRanks(x: Float64Array): { ranks: Float64Array; tieTerm: number } {
  const order = Array.from(x.keys()).sort((a, b) => x[a] - x[b]);
  const ranks = new Float64Array(x.length);
  let tieTerm = 0;
  for (let i = 0; i < order.length;) {
    let j = i;
    while (j < order.length && x[order[j]] === x[order[i]]) j++;
    const rank = (i + 1 + j) / 2;
    for (let k = i; k < j; k++) ranks[order[k]] = rank;
    const t = j - i;
    tieTerm += t * t * t - t;
    i = j;
  }
  return { ranks, tieTerm };
}

/** P(sum of signed ranks <= w) for n untied pairs, by counting subsets of 1..n. */
function exactLower(w: number, n: number): number {
  const top = n * (n + 1) / 2;
  const counts = new Float64Array(top + 1);
  counts[0] = 1;
  for (let rank = 1; rank <= n; rank++) {
    for (let s = top; s >= rank; s--) counts[s] += counts[s - rank];
  }
  let sum = 0;
  for (let s = 0; s <= Math.min(top, Math.floor(w)); s++) sum += counts[s];
  return sum / 2 ** n;
}

/**
 * One-sided p-value of Wilcoxon's signed-rank test that the differences tend to be positive.
 *
 * Exact for at most 50 differences without ties or zeros, else the normal approximation with tie
 * correction and without continuity correction (scipy's "auto" method with `zero_method="zsplit"`).
 */
export function wilcoxonGreater(differences: readonly number[]): number {
  const n = differences.length;
  const { ranks, tieTerm } = averageRanks(Float64Array.from(differences, Math.abs));
  let positive = 0;
  let zeros = 0;
  for (let i = 0; i < n; i++) {
    if (differences[i] > 0) positive += ranks[i];
    else if (differences[i] === 0) {
      positive += ranks[i] / 2;
      zeros++;
    }
  }
  if (n <= 50 && tieTerm === 0 && zeros === 0) {
    const top = n * (n + 1) / 2;
    return Math.min(1, exactLower(top - positive, n));
  }
  const mean = n * (n + 1) / 4;
  const variance = (n * (n + 1) * (2 * n + 1) - tieTerm / 2) / 24;
  return 1 - normalCdf((positive - mean) / Math.sqrt(variance));
}

function bestComplete(study: StudyView): FrozenTrial | null {
  const sign = study.directions[0] === "maximize" ? -1 : 1;
  let best: FrozenTrial | null = null;
  for (const trial of completeTrials(study)) {
    if (best === null || sign * trial.value! < sign * best.value!) best = trial;
  }
  return best;
}

/** Trials with infinite or NaN reports are never pruned. */
export function wilcoxonPruner(options: WilcoxonOptions = {}): Pruner {
  const { pThreshold = 0.1, startupSteps = 2 } = options;
  checkCount("wilcoxon", "startupSteps", startupSteps, 0);
  if (!(pThreshold >= 0 && pThreshold <= 1)) {
    throw new RangeError(
      `Cannot create wilcoxon pruner: pThreshold must be in [0, 1], got ${pThreshold}`,
    );
  }
  return {
    kind: "wilcoxon",
    shouldPrune(study, trial) {
      const best = bestComplete(study);
      if (!best || trial.intermediate.size === 0 || best.intermediate.size === 0) return false;
      const mine = [...trial.intermediate.values()];
      const theirs = [...best.intermediate.values()];
      if (![...mine, ...theirs].every(Number.isFinite)) return false;
      const sign = study.directions[0] === "maximize" ? -1 : 1;
      const differences: number[] = [];
      for (const [step, value] of trial.intermediate) {
        const other = best.intermediate.get(step);
        if (other !== undefined) differences.push(sign * (value - other));
      }
      if (differences.length < Math.max(2, startupSteps)) return false;
      const average = (x: number[]) => x.reduce((a, b) => a + b, 0) / x.length;
      const p = wilcoxonGreater(differences);
      // A trial whose average is as good as the best one's is kept whatever the test says.
      const averageIsBest = sign * average(theirs) >= sign * average(mine);
      return p < pThreshold && !averageIsBest;
    },
  };
}
