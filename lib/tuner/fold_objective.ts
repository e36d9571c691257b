/**
 * Objectives that resist overfitting: a score per fold of walk-forward or purged cross-validation,
 * one report per fold, so that a pruner stops what is bad on the first folds already.
 * @module
 */
import { mean, median } from "../math/mod.ts";
import { TrialPruned } from "./errors.ts";
import type { Trial } from "./trial.ts";

export interface FoldOptions {
  /** How folds become one value: mean (default), median, the worst fold, or a function. */
  aggregate?: "mean" | "median" | "worst" | ((scores: number[]) => number);
  /** Direction of the study, which says what "worst" is. Default "maximize". */
  direction?: "minimize" | "maximize";
  /**
   * What is reported after each fold: the aggregate so far (default), or the fold's own score, as
   * the Wilcoxon pruner wants it.
   */
  report?: "aggregate" | "score";
}

/**
 * Runs `evaluate` on each fold and gives the aggregate; each fold's score is kept as the attribute
 * `fold_scores`.
 *
 * ```ts ignore
 * const folds = purgedKFold(bars.length, { folds: 5, horizonBars: 5 });
 * await study.optimize((trial) => overFolds(trial, folds, ({ train, test }) => sharpeOf(trial, train, test)), …);
 * ```
 *
 * @throws {TrialPruned} If the pruner gives the trial up.
 * @throws {RangeError} If there is no fold, or a score is no number; the message names the fold.
 */
export async function overFolds<Fold>(
  trial: Trial,
  folds: Iterable<Fold>,
  evaluate: (fold: Fold, index: number) => number | Promise<number>,
  options: FoldOptions = {},
): Promise<number> {
  const { aggregate = "mean", direction = "maximize", report = "aggregate" } = options;
  const combine = typeof aggregate === "function"
    ? aggregate
    : aggregate === "mean"
    ? mean
    : aggregate === "median"
    ? median
    : (scores: number[]) => direction === "maximize" ? Math.min(...scores) : Math.max(...scores);
  const scores: number[] = [];
  for (const fold of folds) {
    const score = await evaluate(fold, scores.length);
    if (typeof score !== "number" || Number.isNaN(score)) {
      throw new RangeError(
        `Cannot score fold ${scores.length}: value must be a number, got ${String(score)}`,
      );
    }
    scores.push(score);
    trial.setUserAttr("fold_scores", [...scores]);
    trial.report(report === "score" ? score : combine(scores), scores.length - 1);
    if (trial.shouldPrune()) throw new TrialPruned();
  }
  if (scores.length === 0) {
    throw new RangeError("Cannot score folds: there must be one at least, got none");
  }
  return combine(scores);
}
