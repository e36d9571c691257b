/**
 * Several objectives at once: dominance, non-domination ranks, hypervolume and the selection of a
 * subset with the largest hypervolume.
 * @module
 */
import type { Direction } from "./trial_record.ts";

/** Values turned so that every objective is minimised, one array per row. */
export function toLosses(
  rows: readonly number[],
  values: readonly Float64Array[],
  directions: readonly Direction[],
): Float64Array[] {
  return rows.map((row) =>
    Float64Array.from(
      values,
      (column, i) => directions[i] === "maximize" ? -column[row] : column[row],
    )
  );
}

/** True when `a` is nowhere worse than `b` and somewhere better (minimising). */
export function dominates(a: Float64Array, b: Float64Array): boolean {
  let better = false;
  for (let i = 0; i < a.length; i++) {
    if (a[i] > b[i]) return false;
    if (a[i] < b[i]) better = true;
  }
  return better;
}

/**
 * Non-domination rank of each loss vector, 0 for the Pareto front. Ranking stops once `enough`
 * vectors are ranked; the others get the next rank.
 */
export function nonDominationRanks(
  losses: readonly Float64Array[],
  enough = losses.length,
): Int32Array {
  const n = losses.length;
  const ranks = new Int32Array(n).fill(-1);
  // In lexicographic order nobody is dominated by someone who comes later.
  const order = Array.from({ length: n }, (_, i) => i).sort((a, b) => {
    const x = losses[a], y = losses[b];
    for (let i = 0; i < x.length; i++) if (x[i] !== y[i]) return x[i] - y[i];
    return a - b;
  });
  let left = order;
  let rank = 0;
  let ranked = 0;
  while (left.length > 0) {
    if (ranked >= enough) {
      for (const i of left) ranks[i] = rank;
      break;
    }
    const front: number[] = [];
    const rest: number[] = [];
    for (const i of left) {
      if (front.some((f) => dominates(losses[f], losses[i]))) rest.push(i);
      else front.push(i);
    }
    for (const i of front) ranks[i] = rank;
    ranked += front.length;
    rank++;
    left = rest;
  }
  return ranks;
}

/** Volume that `points` (losses) dominate below `reference`; points beyond it do not count. */
export function hypervolume(points: readonly Float64Array[], reference: Float64Array): number {
  const inside = points.filter((p) => p.every((x, i) => x < reference[i]));
  return volume(paretoOnly(inside), reference, reference.length);
}

function paretoOnly(points: readonly Float64Array[]): Float64Array[] {
  const kept: Float64Array[] = [];
  const sorted = points.toSorted((a, b) => {
    for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return a[i] - b[i];
    return 0;
  });
  for (const p of sorted) {
    if (!kept.some((k) => k.every((x, i) => x <= p[i]))) kept.push(p);
  }
  return kept;
}

/** Slices along the last of `dims` objectives; two objectives are a staircase. */
function volume(points: Float64Array[], reference: Float64Array, dims: number): number {
  if (points.length === 0) return 0;
  if (dims === 1) return reference[0] - Math.min(...points.map((p) => p[0]));
  if (dims === 2) {
    const sorted = points.toSorted((a, b) => a[0] - b[0] || a[1] - b[1]);
    let total = 0;
    let top = reference[1];
    for (const p of sorted) {
      if (p[1] < top) {
        total += (reference[0] - p[0]) * (top - p[1]);
        top = p[1];
      }
    }
    return total;
  }
  const last = dims - 1;
  const sorted = points.toSorted((a, b) => a[last] - b[last]);
  let total = 0;
  for (let i = 0; i < sorted.length; i++) {
    const next = i + 1 < sorted.length ? sorted[i + 1][last] : reference[last];
    const height = next - sorted[i][last];
    if (height > 0) total += height * volume(sorted.slice(0, i + 1), reference, last);
  }
  return total;
}

/** The point beyond the worst of every objective by a tenth, as Optuna's TPE takes it. */
export function referencePoint(losses: readonly Float64Array[]): Float64Array {
  const worst = Float64Array.from(losses[0]);
  for (const loss of losses) {
    for (let i = 0; i < worst.length; i++) worst[i] = Math.max(worst[i], loss[i]);
  }
  return worst.map((w) => Math.max(1.1 * w, 0.9 * w) || 1e-12);
}

/** Greedily picks `count` points that add the most hypervolume (within 1 - 1/e of the best subset). */
export function hypervolumeSubset(
  losses: readonly Float64Array[],
  count: number,
  reference: Float64Array,
): number[] {
  const chosen: number[] = [];
  const left = new Set(losses.keys());
  let current = 0;
  // Gains only shrink as points are chosen, so an old gain is an upper bound (lazy greedy).
  const bound = losses.map((p) => hypervolume([p], reference));
  while (chosen.length < count && left.size > 0) {
    let best = -1;
    let bestGain = -Infinity;
    const order = [...left].sort((a, b) => bound[b] - bound[a] || a - b);
    for (const i of order) {
      if (bound[i] <= bestGain) break;
      const gain = hypervolume([...chosen.map((c) => losses[c]), losses[i]], reference) - current;
      bound[i] = gain;
      if (gain > bestGain) {
        bestGain = gain;
        best = i;
      }
    }
    chosen.push(best);
    left.delete(best);
    current += bestGain;
  }
  return chosen;
}

/** The `count` best rows by non-domination rank; the last rank is cut by hypervolume. */
export function selectNonDominated(
  rows: readonly number[],
  count: number,
  values: readonly Float64Array[],
  directions: readonly Direction[],
): number[] {
  if (count <= 0) return [];
  if (count >= rows.length) return [...rows];
  const losses = toLosses(rows, values, directions);
  const ranks = nonDominationRanks(losses, count);
  const chosen: number[] = [];
  for (let rank = 0; chosen.length < count; rank++) {
    const members = [...ranks.keys()].filter((i) => ranks[i] === rank);
    if (chosen.length + members.length <= count) {
      chosen.push(...members.map((i) => rows[i]));
      continue;
    }
    const front = members.map((i) => losses[i]);
    const picked = hypervolumeSubset(front, count - chosen.length, referencePoint(front));
    chosen.push(...picked.map((p) => rows[members[p]]));
  }
  return chosen;
}
