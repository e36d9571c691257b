/**
 * What the best Sharpe ratio of a study is worth, given how many were tried: the deflated Sharpe
 * ratio of the winner.
 *
 * @see Bailey and López de Prado 2014, "The deflated Sharpe ratio"
 * @module
 */
import { normalCdf, normalQuantile, variance } from "../../math/mod.ts";
import type { FrozenTrial } from "../trial_record.ts";

export interface DeflatedSharpeInput {
  /** Annual Sharpe ratio of a trial, null when it has none. Default: the trial's value. */
  sharpe?: (trial: FrozenTrial) => number | null;
  /** Bars on which each trial's Sharpe ratio was measured. */
  bars: number;
  /** Bars per year that annualised it. Default 252. */
  barsPerYear?: number;
  /** Skewness and raw kurtosis (normal: 3) of the winner's returns. Default 0 and 3. */
  skewness?: number;
  kurtosis?: number;
}

export interface StudySharpe {
  /** Number of trials that gave a Sharpe ratio. */
  trials: number;
  /** The winner's annual Sharpe ratio. */
  best: number;
  /** Annual Sharpe ratio that the best of so many worthless trials is expected to reach. */
  expectedMaximum: number;
  /** Probability that the winner's true Sharpe ratio is above zero after this selection. */
  deflated: number;
}

/**
 * The deflated Sharpe ratio of a study's best trial; null with fewer than two Sharpe ratios.
 *
 * @throws {RangeError} If `bars` is not above 1.
 */
export function studyDeflatedSharpe(
  trials: readonly FrozenTrial[],
  input: DeflatedSharpeInput,
): StudySharpe | null {
  const { bars, barsPerYear = 252, skewness = 0, kurtosis = 3 } = input;
  if (!(bars > 1)) {
    throw new RangeError(`Cannot deflate Sharpe ratio: bars must be > 1, got ${bars}`);
  }
  const read = input.sharpe ?? ((t: FrozenTrial) => t.value);
  const ratios: number[] = [];
  for (const trial of trials) {
    // Pruned trials were tried, too: their last report counts.
    if (trial.state !== "complete" && trial.state !== "pruned") continue;
    const ratio = read(trial);
    if (ratio !== null && Number.isFinite(ratio)) ratios.push(ratio);
  }
  if (ratios.length < 2) return null;
  const best = Math.max(...ratios);
  return { trials: ratios.length, best, ...deflate(best, ratios.length, variance(ratios)) };

  function deflate(annual: number, count: number, annualVariance: number) {
    const sr = annual / Math.sqrt(barsPerYear);
    const euler = 0.5772156649015329;
    const expected = Math.sqrt(annualVariance / barsPerYear) *
      ((1 - euler) * normalQuantile(1 - 1 / count) +
        euler * normalQuantile(1 - 1 / (count * Math.E)));
    const spread = 1 - skewness * sr + (kurtosis - 1) / 4 * sr * sr;
    return {
      expectedMaximum: expected * Math.sqrt(barsPerYear),
      deflated: normalCdf((sr - expected) * Math.sqrt(bars - 1) / Math.sqrt(spread)),
    };
  }
}
