/**
 * PED-ANOVA: how much a parameter's distribution among the best trials differs from that among all,
 * as a Pearson divergence. Quick, and it takes conditional parameters.
 *
 * @see Watanabe et al. 2023, arXiv:2304.10255; conditional spaces as Optuna 5.0 handles them
 * @module
 */
import {
  type Distribution,
  isSingle,
  type NumericDistribution,
  toInternal,
} from "../distributions.ts";
import type { Direction, FrozenTrial } from "../trial_record.ts";
import { selectNonDominated } from "../multi_objective.ts";
import { logNormalMass } from "../samplers/truncated_normal.ts";

export interface PedAnovaOptions {
  /** Which share of the trials is to be explained. Default 0.1. */
  targetQuantile?: number;
}

const gridSteps = 50;

/** How many observations fall on each point of a grid over the distribution. */
function countOnGrid(name: string, d: Distribution, trials: FrozenTrial[]): Float64Array {
  if (d.kind === "categorical") {
    const counts = new Float64Array(d.choices.length);
    for (const t of trials) counts[toInternal(d, t.params[name])]++;
    return counts;
  }
  const steps = stepsOf(d);
  const low = d.log ? Math.log(d.low) : d.low;
  const high = d.log ? Math.log(d.high) : d.high;
  const width = (high - low) / (steps - 1);
  const counts = new Float64Array(steps);
  for (const t of trials) {
    const value = t.params[name] as number;
    const x = d.log ? Math.log(value) : value;
    counts[Math.min(steps - 1, Math.max(0, Math.ceil((x - low) / width - 0.5)))]++;
  }
  return counts;
}

function stepsOf(d: NumericDistribution): number {
  if (d.kind === "int" && d.log) {
    return Math.min(Math.ceil(Math.log2(d.high - d.low + 1)) + 1, gridSteps);
  }
  return d.step !== null
    ? Math.min(Math.round((d.high - d.low) / d.step) + 1, gridSteps)
    : gridSteps;
}

/** Density of the observations on the grid: Gaussian kernels of Scott's width, plus a prior. */
function densityOnGrid(counts: Float64Array, isCategorical: boolean): Float64Array {
  const size = counts.length;
  const observed: number[] = [];
  counts.forEach((c, i) => {
    if (c > 0) observed.push(i);
  });
  const density = new Float64Array(size);
  if (observed.length === 0) return density.fill(1 / size);
  let total = 0;
  for (const i of observed) total += counts[i];
  if (isCategorical) {
    const prior = 1 / (observed.length + 1);
    const norm = 1 + size * prior;
    for (let i = 0; i < size; i++) {
      for (const o of observed) density[i] += counts[o] * ((o === i ? 1 : 0) + prior) / norm;
      density[i] = (density[i] + 1 / size) / (total + 1);
    }
    return density;
  }
  let mean = 0;
  for (const i of observed) mean += i * counts[i] / total;
  let square = 0;
  for (const i of observed) square += counts[i] * (i - mean) ** 2;
  const deviation = Math.sqrt(square / Math.max(1, total - 1));
  const quartile = (target: number, isRight: boolean) => {
    let sum = 0;
    for (let k = 0; k < observed.length; k++) {
      sum += counts[observed[k]];
      if (isRight ? sum > target : sum >= target) return observed[k];
    }
    return observed[observed.length - 1];
  };
  const iqr = quartile(Math.floor(total * 3 / 4), true) - quartile(Math.floor(total / 4), false);
  const sigma = Math.max(1.059 * Math.min(iqr / 1.34, deviation) * total ** -0.2, 0.5 / 1.64);
  const high = size - 1;
  const add = (weight: number, mu: number, s: number) => {
    const norm = logNormalMass((-0.5 - mu) / s, (high + 0.5 - mu) / s);
    for (let i = 0; i < size; i++) {
      density[i] += weight * Math.exp(logNormalMass((i - 0.5 - mu) / s, (i + 0.5 - mu) / s) - norm);
    }
  };
  for (const i of observed) add(counts[i] / (total + 1), i, sigma);
  add(1 / (total + 1), high / 2, size);
  return density;
}

/**
 * Importance of each parameter, not normalised; 0 for those that explain nothing.
 *
 * @param trials Complete trials with finite values.
 */
export function pedAnova(
  trials: readonly FrozenTrial[],
  directions: readonly Direction[],
  options: PedAnovaOptions = {},
): Record<string, number> {
  const { targetQuantile = 0.1 } = options;
  const names = [...new Set(trials.flatMap((t) => Object.keys(t.distributions)))].sort();
  const importances = Object.fromEntries(names.map((name) => [name, 0]));
  if (trials.length <= 1) return importances;
  let target: Set<FrozenTrial>;
  if (directions.length === 1) {
    const sign = directions[0] === "maximize" ? -1 : 1;
    const losses = Float64Array.from(trials, (t) => sign * t.value!).sort();
    const cut = losses[Math.ceil(targetQuantile * trials.length) - 1];
    target = new Set(trials.filter((t) => sign * t.value! <= cut));
  } else {
    const columns = directions.map((_, i) => Float64Array.from(trials, (t) => t.values![i]));
    const rows = [...trials.keys()];
    const count = Math.ceil(targetQuantile * trials.length);
    target = new Set(selectNonDominated(rows, count, columns, directions).map((i) => trials[i]));
  }
  const quantile = target.size / trials.length;
  for (const name of names) {
    const regimes = new Map<string, { distribution: Distribution; members: FrozenTrial[] }>();
    for (const trial of trials) {
      const distribution = trial.distributions[name];
      if (!distribution) continue;
      const key = JSON.stringify(distribution);
      const regime = regimes.get(key);
      if (regime) regime.members.push(trial);
      else regimes.set(key, { distribution, members: [trial] });
    }
    for (const { distribution, members } of regimes.values()) {
      const best = members.filter((t) => target.has(t));
      if (members.length < 2 || best.length === 0 || isSingle(distribution)) continue;
      const isCategorical = distribution.kind === "categorical";
      const top = densityOnGrid(countOnGrid(name, distribution, best), isCategorical);
      const all = densityOnGrid(countOnGrid(name, distribution, members), isCategorical);
      let divergence = 0;
      for (let i = 0; i < top.length; i++) {
        const local = all[i] + 1e-12;
        divergence += local * ((top[i] + 1e-12) / local - 1) ** 2;
      }
      const targetShare = best.length / target.size;
      const regionShare = members.length / trials.length;
      importances[name] += targetShare ** 2 / regionShare * divergence;
    }
    importances[name] *= quantile ** 2;
  }
  return importances;
}
