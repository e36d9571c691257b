/**
 * fANOVA: the share of a random forest's variance over the space that each parameter explains alone.
 *
 * Categories are split as categories (Optuna one-hot encodes them).
 *
 * @see Hutter et al. 2014, "An efficient approach for assessing hyperparameter importance"
 * @module
 */
import { createRng } from "../../math/mod.ts";
import { type Distribution, isSingle, toInternal } from "../distributions.ts";
import type { FrozenTrial } from "../trial_record.ts";
import { fitForest, type ForestFeature, type Leaf } from "./regression_forest.ts";

export interface FanovaOptions {
  /** Default 64. */
  trees?: number;
  /** Default 64. */
  maxDepth?: number;
  /** Default 0. */
  seed?: number;
  /** What is explained; default the trial's value. */
  target?: (trial: FrozenTrial) => number;
}

/** Share of the feature's width (or categories) that a leaf covers. */
function share(leaf: Leaf, f: number, feature: ForestFeature): number {
  return "choices" in feature
    ? leaf.sets[f]!.size / feature.choices
    : (leaf.high[f] - leaf.low[f]) / (feature.high - feature.low);
}

/** Variance of a tree's prediction over the space, and of its mean given each feature. */
export function decomposeTree(
  leaves: readonly Leaf[],
  features: readonly ForestFeature[],
): { total: number; single: Float64Array } {
  const volumes = leaves.map((leaf) => features.reduce((v, f, i) => v * share(leaf, i, f), 1));
  let mean = 0;
  leaves.forEach((leaf, i) => mean += volumes[i] * leaf.value);
  let total = 0;
  leaves.forEach((leaf, i) => total += volumes[i] * (leaf.value - mean) ** 2);
  const single = new Float64Array(features.length);
  features.forEach((feature, f) => {
    if ("choices" in feature) {
      const means = new Float64Array(feature.choices);
      leaves.forEach((leaf, i) => {
        const others = volumes[i] / share(leaf, f, feature);
        for (const c of leaf.sets[f]!) means[c] += others * leaf.value;
      });
      for (const m of means) single[f] += (m - mean) ** 2 / feature.choices;
      return;
    }
    const edges = [...new Set(leaves.flatMap((l) => [l.low[f], l.high[f]]))].sort((a, b) => a - b);
    const at = new Map(edges.map((e, i) => [e, i]));
    // Differences at the edges; their running sum is the mean in each interval.
    const steps = new Float64Array(edges.length);
    leaves.forEach((leaf, i) => {
      const others = volumes[i] / share(leaf, f, feature) * leaf.value;
      steps[at.get(leaf.low[f])!] += others;
      steps[at.get(leaf.high[f])!] -= others;
    });
    let running = 0;
    for (let i = 0; i + 1 < edges.length; i++) {
      running += steps[i];
      single[f] += (running - mean) ** 2 * (edges[i + 1] - edges[i]) / (feature.high - feature.low);
    }
  });
  return { total, single };
}

/**
 * Importance of each parameter that all trials share with equal ranges, not normalised: its share of
 * the variance, averaged over the trees.
 *
 * @param trials Complete trials with finite values.
 */
export function fanova(
  trials: readonly FrozenTrial[],
  options: FanovaOptions = {},
): Record<string, number> {
  const { trees = 64, maxDepth = 64, seed = 0, target = (t: FrozenTrial) => t.value! } = options;
  const space = sharedSpace(trials);
  const importances = Object.fromEntries(space.map(([name]) => [name, 0]));
  const varying = space.filter(([, d]) => !isSingle(d));
  if (trials.length <= 1 || varying.length === 0) return importances;
  const features = varying.map(([, d]): ForestFeature =>
    d.kind === "categorical" ? { choices: d.choices.length } : { low: d.low, high: d.high }
  );
  const x = varying.map(([name, d]) =>
    Float64Array.from(trials, (t) => toInternal(d, t.params[name]))
  );
  const y = Float64Array.from(trials, target);
  const forest = fitForest(x, y, features, { trees, maxDepth, rng: createRng(seed) });
  let counted = 0;
  for (const leaves of forest) {
    const { total, single } = decomposeTree(leaves, features);
    if (!(total > 0)) continue;
    counted++;
    varying.forEach(([name], f) => importances[name] += single[f] / total);
  }
  for (const [name] of varying) importances[name] /= Math.max(1, counted);
  return importances;
}

/** Parameters that every trial has, with equal distributions, by name. */
export function sharedSpace(trials: readonly FrozenTrial[]): [string, Distribution][] {
  if (trials.length === 0) return [];
  const keys = new Map(
    Object.entries(trials[0].distributions).map(([name, d]) => [name, JSON.stringify(d)]),
  );
  for (const trial of trials) {
    for (const [name, key] of keys) {
      const d = trial.distributions[name];
      if (!d || d !== trials[0].distributions[name] && JSON.stringify(d) !== key) keys.delete(name);
    }
  }
  return [...keys.keys()].sort().map((name) => [name, trials[0].distributions[name]]);
}
