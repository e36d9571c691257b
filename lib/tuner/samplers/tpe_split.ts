/**
 * TPE's division of the history: the best few trials (`below`) and the rest (`above`).
 * @module
 */
import { stateCode } from "../observations.ts";
import type { StudyView } from "./sampler.ts";
import { selectNonDominated } from "../multi_objective.ts";

/** Rows (trial numbers) of both sides, ascending. */
export interface Split {
  below: Int32Array;
  above: Int32Array;
}

/** The `count` smallest of `rows` by `score`; ties go to the earlier row. */
function smallest(rows: number[], count: number, score: (row: number) => number): Set<number> {
  if (count <= 0) return new Set();
  if (count >= rows.length) return new Set(rows);
  if (count > 64) {
    const scored = rows.map((row) => [score(row), row]);
    scored.sort((a, b) => a[0] < b[0] ? -1 : a[0] > b[0] ? 1 : a[1] - b[1]);
    return new Set(scored.slice(0, count).map((s) => s[1]));
  }
  // A short sorted list of the best so far: most rows lose against its last entry at once.
  const best = new Float64Array(count).fill(Infinity);
  const who = new Int32Array(count).fill(-1);
  let filled = 0;
  for (const row of rows) {
    const s = score(row);
    if (filled === count && !(s < best[count - 1])) continue;
    let at = Math.min(filled, count - 1);
    while (at > 0 && best[at - 1] > s) {
      best[at] = best[at - 1];
      who[at] = who[at - 1];
      at--;
    }
    best[at] = s;
    who[at] = row;
    if (filled < count) filled++;
  }
  return new Set(who.subarray(0, filled));
}

/**
 * Splits the study's trials as Optuna does: feasible complete trials by value, then pruned ones by
 * how far they came and what they reported last, then infeasible ones by their violation. Running
 * trials other than `self` go above when `liar` is set.
 */
export function splitTrials(
  study: StudyView,
  self: number,
  gamma: (count: number) => number,
  liar: boolean,
): Split {
  const { observations: o, directions, includes } = study;
  const complete: number[] = [];
  const pruned: number[] = [];
  const infeasible: number[] = [];
  const running: number[] = [];
  const { states, violations } = o;
  for (let row = 0; row < o.length; row++) {
    const state = states[row];
    if (row === self || state === stateCode.failed || state === stateCode.waiting) continue;
    if (includes && !includes(row)) continue;
    if (state === stateCode.running) {
      if (liar) running.push(row);
    } else if (violations[row] > 0) infeasible.push(row);
    else if (state === stateCode.complete) complete.push(row);
    else pruned.push(row);
  }
  let left = gamma(complete.length + pruned.length + infeasible.length);
  const below = new Set<number>();
  const take = (chosen: Iterable<number>) => {
    for (const row of chosen) below.add(row);
  };
  const sign = directions[0] === "maximize" ? -1 : 1;
  if (directions.length === 1) {
    const values = o.values[0];
    take(smallest(complete, left, (row) => sign * values[row]));
  } else {
    take(selectNonDominated(complete, left, o.values, directions));
  }
  left = Math.max(0, left - below.size);
  if (left > 0 && pruned.length > 0) {
    const ranked = pruned.toSorted((a, b) => {
      const stepA = o.lastSteps[a], stepB = o.lastSteps[b];
      const reportedA = Number.isNaN(stepA) ? 0 : 1, reportedB = Number.isNaN(stepB) ? 0 : 1;
      if (reportedA !== reportedB) return reportedB - reportedA;
      if (reportedA === 0) return a - b;
      if (stepA !== stepB) return stepB - stepA;
      const last = (row: number) =>
        Number.isNaN(o.lastValues[row]) ? Infinity : sign * o.lastValues[row];
      const va = last(a), vb = last(b);
      return va < vb ? -1 : va > vb ? 1 : a - b;
    });
    const chosen = ranked.slice(0, left);
    take(chosen);
    left -= chosen.length;
  }
  if (left > 0) take(smallest(infeasible, left, (row) => violations[row]));
  const belowRows = Int32Array.from(below).sort();
  const aboveRows = new Int32Array(
    complete.length + pruned.length + infeasible.length + running.length - belowRows.length,
  );
  let at = 0;
  for (const rows of [complete, pruned, infeasible, running]) {
    for (const row of rows) if (!below.has(row)) aboveRows[at++] = row;
  }
  return { below: belowRows, above: aboveRows.sort() };
}
