/**
 * A stop condition by estimated regret: the study ends when what further trials can still gain is
 * smaller than the noise of the objective.
 *
 * @see Makarova et al. 2022, "Automatic termination for hyperparameter optimization"
 * @module
 */
import { createRng } from "../math/mod.ts";
import type { StopCondition } from "./optimize.ts";
import { GaussianProcess } from "./samplers/gaussian_process.ts";
import { sobolSequence } from "./samplers/low_discrepancy.ts";
import { toUnit } from "./samplers/unit_space.ts";
import { sharedSpace } from "./insight/fanova.ts";
import type { Study } from "./study.ts";

export interface TerminatorOptions {
  /** Complete trials before the first estimate. Default 20. */
  minTrials?: number;
  /**
   * What a difference must exceed to count: a number, or the attribute that holds each trial's fold
   * scores (`overFolds` keeps them as `fold_scores`), whose standard error is taken.
   */
  noise: number | { foldScores: string };
  /** Estimates are made every so many trials. Default 1. */
  every?: number;
}

export interface RegretEstimate {
  /** Upper bound of what the best trial may still be improved by, in units of the objective. */
  regretBound: number;
  noise: number;
}

/**
 * Largest upper confidence bound over the space minus the largest lower bound over the trials, by a
 * Gaussian process on the better half of the trials; null when it cannot be told.
 */
export function estimateRegret(study: Study, options: TerminatorOptions): RegretEstimate | null {
  if (study.directions.length > 1) {
    throw new TypeError("Cannot estimate regret: a study of several objectives has no single best");
  }
  const sign = study.direction === "maximize" ? 1 : -1;
  const complete = study.trials.filter((t) => t.state === "complete" && Number.isFinite(t.value!));
  if (complete.length < (options.minTrials ?? 20)) return null;
  const noise = noiseOf(study, options);
  if (noise === null) return null;
  const space = sharedSpace(complete);
  if (space.length === 0) return null;
  const kept = complete.toSorted((a, b) => sign * (b.value! - a.value!))
    .slice(0, Math.max(10, Math.ceil(complete.length / 2)));
  const d = space.length;
  const x = new Float64Array(kept.length * d);
  const internal = study.view.observations.params;
  kept.forEach((t, i) =>
    space.forEach(([name, dist], j) => x[i * d + j] = toUnit(dist, internal.get(name)![t.number]))
  );
  const values = Float64Array.from(kept, (t) => sign * t.value!);
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  const deviation = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / values.length);
  if (deviation === 0) return { regretBound: 0, noise };
  const gp = new GaussianProcess(
    x,
    values.map((v) => (v - mean) / deviation),
    space.map(([, dist]) => dist.kind === "categorical"),
    { inverseSquaredLengths: new Float64Array(d).fill(1), kernelScale: 1, noiseVariance: 0.1 },
  ).fit();
  // The confidence factor of GP-UCB, as Optuna scales it.
  const beta = Math.sqrt(2 * Math.log(d * kept.length ** 2 * Math.PI ** 2 / (6 * 0.1)) / 5);
  let upper = -Infinity;
  let lower = -Infinity;
  const look = (point: Float64Array, isTrial: boolean) => {
    const { mean: m, variance } = gp.posterior(point);
    const width = beta * Math.sqrt(variance);
    upper = Math.max(upper, m + width);
    if (isTrial) lower = Math.max(lower, m - width);
  };
  for (let i = 0; i < kept.length; i++) look(x.subarray(i * d, (i + 1) * d), true);
  const points = sobolSequence(d, createRng(study.seed).split("terminator"));
  for (let i = 0; i < 1024; i++) look(points(i), false);
  return { regretBound: (upper - lower) * deviation, noise };
}

function noiseOf(study: Study, options: TerminatorOptions): number | null {
  if (typeof options.noise === "number") return options.noise;
  const scores = study.bestOrNull?.trial.userAttrs[options.noise.foldScores];
  if (!Array.isArray(scores) || scores.length < 2) return null;
  const x = scores as number[];
  const mean = x.reduce((a, b) => a + b, 0) / x.length;
  const variance = x.reduce((a, b) => a + (b - mean) ** 2, 0) / (x.length - 1);
  return Math.sqrt(variance / x.length);
}

/** For `optimize({ stopWhen })`: stops with the reason "regret". */
export function regretTerminator(options: TerminatorOptions): StopCondition {
  const { every = 1 } = options;
  return (study) => {
    if (study.view.observations.finished.length % every !== 0) return false;
    const estimate = estimateRegret(study, options);
    return estimate !== null && estimate.regretBound < estimate.noise ? "regret" : false;
  };
}
