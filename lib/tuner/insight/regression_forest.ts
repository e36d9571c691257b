/**
 * A random forest of regression trees over numbers and categories, whose leaves are boxes of the
 * space: what fANOVA takes apart.
 *
 * @see Breiman 2001, "Random forests"
 * @module
 */
import type { Rng } from "../../math/mod.ts";

/** A coordinate: a range of numbers, or `choices` categories. */
export type ForestFeature = { low: number; high: number } | { choices: number };

/** A leaf: its prediction and, per feature, its interval or its set of categories (bits). */
export interface Leaf {
  value: number;
  low: Float64Array;
  high: Float64Array;
  /** Categories that reach the leaf, as a set, for categorical features; else empty. */
  sets: (ReadonlySet<number> | null)[];
}

export interface ForestOptions {
  trees: number;
  maxDepth: number;
  rng: Rng;
}

/** Fits one tree per bootstrap sample and gives each tree's leaves. */
export function fitForest(
  x: readonly Float64Array[],
  y: Float64Array,
  features: readonly ForestFeature[],
  options: ForestOptions,
): Leaf[][] {
  const forest: Leaf[][] = [];
  const n = y.length;
  for (let t = 0; t < options.trees; t++) {
    const rng = options.rng.split(`tree ${t}`);
    const rows = Int32Array.from({ length: n }, () => rng.integer(n));
    const leaves: Leaf[] = [];
    const root = {
      low: Float64Array.from(features, (f) => "choices" in f ? 0 : f.low),
      high: Float64Array.from(features, (f) => "choices" in f ? 0 : f.high),
      sets: features.map((f) =>
        "choices" in f ? new Set(Array.from({ length: f.choices }, (_, i) => i)) : null
      ),
    };
    grow(x, y, features, [...rows], root, options.maxDepth, leaves);
    forest.push(leaves);
  }
  return forest;
}

type Box = Omit<Leaf, "value">;

interface Cut {
  feature: number;
  /** Threshold of a number, or the category that goes left. */
  at: number;
}

function grow(
  x: readonly Float64Array[],
  y: Float64Array,
  features: readonly ForestFeature[],
  rows: number[],
  box: Box,
  depth: number,
  leaves: Leaf[],
): void {
  const cut = depth > 0 && rows.length >= 2 ? bestCut(x, y, features, rows) : null;
  if (!cut) {
    let sum = 0;
    for (const r of rows) sum += y[r];
    leaves.push({ ...box, value: sum / rows.length });
    return;
  }
  const { feature, at } = cut;
  const column = x[feature];
  const set = box.sets[feature];
  const goesLeft = set ? (r: number) => column[r] === at : (r: number) => column[r] <= at;
  const left = rows.filter(goesLeft);
  const right = rows.filter((r) => !goesLeft(r));
  const inner = (side: "left" | "right"): Box => {
    if (set) {
      const next = new Set(side === "left" ? [at] : [...set].filter((c) => c !== at));
      return { ...box, sets: box.sets.with(feature, next) };
    }
    return side === "left"
      ? { ...box, high: box.high.with(feature, at) }
      : { ...box, low: box.low.with(feature, at) };
  };
  grow(x, y, features, left, inner("left"), depth - 1, leaves);
  grow(x, y, features, right, inner("right"), depth - 1, leaves);
}

/** The cut that lowers the squared error most; null when there is none. */
function bestCut(
  x: readonly Float64Array[],
  y: Float64Array,
  features: readonly ForestFeature[],
  rows: number[],
): Cut | null {
  const n = rows.length;
  let total = 0;
  for (const r of rows) total += y[r];
  const base = total * total / n;
  let best: Cut | null = null;
  let bestGain = 1e-12 * Math.max(1, Math.abs(base));
  for (let f = 0; f < features.length; f++) {
    const column = x[f];
    if ("choices" in features[f]) {
      const sums = new Map<number, [number, number]>();
      for (const r of rows) {
        const s = sums.get(column[r]) ?? [0, 0];
        s[0]++;
        s[1] += y[r];
        sums.set(column[r], s);
      }
      if (sums.size < 2) continue;
      for (const [category, [count, sum]] of sums) {
        const gain = sum * sum / count + (total - sum) ** 2 / (n - count) - base;
        if (gain > bestGain) [best, bestGain] = [{ feature: f, at: category }, gain];
      }
      continue;
    }
    const order = rows.toSorted((a, b) => column[a] - column[b]);
    let sum = 0;
    for (let i = 0; i < n - 1; i++) {
      sum += y[order[i]];
      const here = column[order[i]];
      const next = column[order[i + 1]];
      if (here === next) continue;
      const gain = sum * sum / (i + 1) + (total - sum) ** 2 / (n - i - 1) - base;
      if (gain > bestGain) {
        const middle = here + (next - here) / 2;
        [best, bestGain] = [{ feature: f, at: middle < next ? middle : here }, gain];
      }
    }
  }
  return best;
}
