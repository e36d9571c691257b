/**
 * NSGA-II: a genetic algorithm for several objectives, with uniform crossover, mutation by
 * resampling, and constrained dominance.
 *
 * @see Deb et al. 2002, "A fast and elitist multiobjective genetic algorithm: NSGA-II"
 * @module
 */
import type { Rng } from "../../math/mod.ts";
import { containsInternal, type Distribution, toInternal } from "../distributions.ts";
import { dominates, nonDominationRanks, toLosses } from "../multi_objective.ts";
import type { FrozenTrial } from "../trial_record.ts";
import { drawUniform } from "./random.ts";
import type { JointProposal, Sampler, StudyView } from "./sampler.ts";

export interface Nsga2Options {
  /** Default 50. */
  populationSize?: number;
  /** Chance that a parameter is drawn anew; default 1 / number of parameters. */
  mutationProbability?: number;
  /** Chance that a child has two parents; default 0.9. */
  crossoverProbability?: number;
  /** Chance that a parameter comes from the second parent; default 0.5. */
  swappingProbability?: number;
}

const key = "nsga2:generation";

/** Crowding distance of each member of one front: large where neighbours are far. */
export function crowdingDistances(losses: readonly Float64Array[]): Float64Array {
  const n = losses.length;
  const distance = new Float64Array(n);
  if (n === 0) return distance;
  for (let m = 0; m < losses[0].length; m++) {
    const order = Array.from({ length: n }, (_, i) => i).sort((a, b) =>
      losses[a][m] - losses[b][m]
    );
    const width = losses[order[n - 1]][m] - losses[order[0]][m];
    distance[order[0]] = distance[order[n - 1]] = Infinity;
    if (!(width > 0)) continue;
    for (let i = 1; i < n - 1; i++) {
      distance[order[i]] += (losses[order[i + 1]][m] - losses[order[i - 1]][m]) / width;
    }
  }
  return distance;
}

/** The best `count` of `rows`: feasible before infeasible, by front, then by crowding. */
function selectElite(study: StudyView, rows: number[], count: number): number[] {
  const o = study.observations;
  const feasible = rows.filter((r) => o.violations[r] <= 0);
  const infeasible = rows.filter((r) => o.violations[r] > 0)
    .sort((a, b) => o.violations[a] - o.violations[b] || a - b);
  const losses = toLosses(feasible, o.values, study.directions);
  const ranks = nonDominationRanks(losses);
  const chosen: number[] = [];
  for (let rank = 0; chosen.length < Math.min(count, feasible.length); rank++) {
    const members = [...ranks.keys()].filter((i) => ranks[i] === rank);
    if (chosen.length + members.length > count) {
      const crowding = crowdingDistances(members.map((i) => losses[i]));
      const order = [...members.keys()].sort((a, b) =>
        crowding[b] === crowding[a] ? a - b : crowding[b] - crowding[a]
      );
      for (const i of order.slice(0, count - chosen.length)) chosen.push(feasible[members[i]]);
    } else for (const i of members) chosen.push(feasible[i]);
  }
  for (const row of infeasible) if (chosen.length < count) chosen.push(row);
  return chosen;
}

/** @throws {RangeError} If the population is smaller than 2 or a probability lies outside [0, 1]. */
export function nsga2Sampler(options: Nsga2Options = {}): Sampler {
  const { populationSize = 50, crossoverProbability = 0.9, swappingProbability = 0.5 } = options;
  if (!Number.isInteger(populationSize) || populationSize < 2) {
    throw new RangeError(
      `Cannot create NSGA-II sampler: populationSize must be an integer >= 2, got ${populationSize}`,
    );
  }
  for (
    const [field, p] of Object.entries({
      crossoverProbability,
      swappingProbability,
      mutationProbability: options.mutationProbability ?? 0,
    })
  ) {
    if (!(p >= 0 && p <= 1)) {
      throw new RangeError(`Cannot create NSGA-II sampler: ${field} must be in [0, 1], got ${p}`);
    }
  }
  /** Parents that generation g + 1 is bred from. */
  const parents: number[][] = [];

  function generation(study: StudyView): number {
    for (;;) {
      const g = parents.length;
      const members: number[] = [];
      for (let n = 0; n < study.trials.length && members.length < populationSize; n++) {
        const trial = study.trials[n];
        if (trial?.state === "complete" && (trial.systemAttrs[key] ?? 0) === g) members.push(n);
      }
      if (members.length < populationSize) return g;
      parents.push(
        selectElite(study, [...(g > 0 ? parents[g - 1] : []), ...members], populationSize),
      );
    }
  }

  function tournament(study: StudyView, pool: number[], rng: Rng): FrozenTrial {
    const a = pool[rng.integer(pool.length)];
    const b = pool[rng.integer(pool.length)];
    const o = study.observations;
    if (o.violations[a] !== o.violations[b]) {
      return study.trials[o.violations[a] < o.violations[b] ? a : b]!;
    }
    const [x, y] = toLosses([a, b], o.values, study.directions);
    return study.trials[dominates(y, x) ? b : a]!;
  }

  return {
    kind: "nsga2",
    joint(study, trial, rng) {
      if (key in trial.systemAttrs) return null;
      const g = generation(study);
      trial.systemAttrs[key] = g;
      if (g === 0) return null;
      const pool = parents[g - 1];
      const first = tournament(study, pool, rng);
      let second = first;
      if (rng.uniform() < crossoverProbability && pool.length > 1) {
        for (let i = 0; i < 10 && second === first; i++) second = tournament(study, pool, rng);
      }
      const names = Object.keys(first.distributions);
      const mutation = options.mutationProbability ?? 1 / Math.max(1, names.length);
      const child: JointProposal = new Map();
      for (const name of names) {
        const distribution: Distribution = first.distributions[name];
        if (rng.uniform() < mutation) continue;
        const from = name in second.params && rng.uniform() < swappingProbability ? second : first;
        const value = toInternal(distribution, from.params[name]);
        if (containsInternal(distribution, value)) child.set(name, { distribution, value });
      }
      return child;
    },
    independent: (_study, _trial, _name, distribution, rng) => drawUniform(distribution, rng),
  };
}
