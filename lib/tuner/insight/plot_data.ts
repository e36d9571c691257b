/**
 * The data behind every chart of a study, as plain rows: for the browser, notebooks and reports.
 * @module
 */
import { type Distribution, isSingle, type ParamValue, toInternal } from "../distributions.ts";
import { hypervolume, nonDominationRanks, toLosses } from "../multi_objective.ts";
import { constraintViolation, type Direction, type FrozenTrial } from "../trial_record.ts";
import { type ImportanceOptions, paramImportances } from "./importances.ts";

/** What the functions below need of a study. */
export interface StudyData {
  readonly name: string;
  readonly directions: readonly Direction[];
  readonly trials: readonly FrozenTrial[];
}

const isComplete = (t: FrozenTrial) => t.state === "complete";
const isFeasible = (t: FrozenTrial) => constraintViolation(t) <= 0;
const finite = (x: number) => Number.isFinite(x);

function better(direction: Direction, a: number, b: number): boolean {
  return direction === "maximize" ? a > b : a < b;
}

/** One point per complete trial, and the best feasible value so far. */
export function historyData(
  study: StudyData,
  objective = 0,
): { number: number; value: number; best: number | null; feasible: boolean }[] {
  let best: number | null = null;
  return study.trials.filter(isComplete).map((t) => {
    const value = t.values![objective];
    const feasible = isFeasible(t);
    if (feasible && (best === null || better(study.directions[objective], value, best))) {
      best = value;
    }
    return { number: t.number, value, best, feasible };
  });
}

/** Hypervolume of the trials so far below a reference point (the worst values seen, by default). */
export function hypervolumeHistoryData(
  study: StudyData,
  reference?: readonly number[],
): { number: number; hypervolume: number }[] {
  const complete = study.trials.filter((t) => isComplete(t) && isFeasible(t));
  const columns = study.directions.map((_, i) => Float64Array.from(complete, (t) => t.values![i]));
  const losses = toLosses([...complete.keys()], columns, study.directions);
  const point = reference
    ? Float64Array.from(reference, (r, i) => study.directions[i] === "maximize" ? -r : r)
    : Float64Array.from(study.directions, (_, i) => Math.max(...losses.map((l) => l[i])));
  return complete.map((t, i) => ({
    number: t.number,
    hypervolume: hypervolume(losses.slice(0, i + 1), point),
  }));
}

/** One point per complete trial and parameter. */
export function sliceData(
  study: StudyData,
  params?: readonly string[],
  objective = 0,
): { param: string; x: ParamValue; value: number; number: number; isLog: boolean }[] {
  const names = params ?? paramNames(study);
  return names.flatMap((param) =>
    study.trials.filter((t) => isComplete(t) && param in t.params).map((t) => ({
      param,
      x: t.params[param],
      value: t.values![objective],
      number: t.number,
      isLog: isLog(t.distributions[param]),
    }))
  );
}

/** Complete trials over two parameters. */
export function contourData(
  study: StudyData,
  x: string,
  y: string,
  objective = 0,
): { x: ParamValue; y: ParamValue; value: number; number: number }[] {
  requireParams(study, [x, y], "contour");
  return study.trials
    .filter((t) => isComplete(t) && x in t.params && y in t.params && finite(t.values![objective]))
    .map((t) => ({
      x: t.params[x],
      y: t.params[y],
      value: t.values![objective],
      number: t.number,
    }));
}

/** One line per complete trial: each parameter's place between 0 and 1 on its own axis. */
export function parallelData(
  study: StudyData,
  params?: readonly string[],
  objective = 0,
): { number: number; value: number; points: { param: string; at: number; label: string }[] }[] {
  const names = params ?? paramNames(study);
  return study.trials.filter((t) => isComplete(t) && names.every((n) => n in t.params)).map((
    t,
  ) => ({
    number: t.number,
    value: t.values![objective],
    points: names.map((param) => ({
      param,
      at: axisPlace(t.distributions[param], t.params[param]),
      label: String(t.params[param]),
    })),
  }));
}

/** Complete trials over two parameters with their rank: 0 the best, 1 the worst; ties share a rank. */
export function rankData(
  study: StudyData,
  x: string,
  y: string,
  objective = 0,
): { x: ParamValue; y: ParamValue; rank: number; value: number; number: number }[] {
  const rows = contourData(study, x, y, objective);
  const direction = study.directions[objective];
  return rows.map((row) => {
    let before = 0, equal = 0;
    for (const other of rows) {
      if (better(direction, other.value, row.value)) before++;
      else if (other.value === row.value) equal++;
    }
    const rank = rows.length > 1 ? (before + (equal - 1) / 2) / (rows.length - 1) : 0;
    return { ...row, rank };
  });
}

/** Empirical distribution of the values: share of the complete trials at or below each. */
export function edfData(study: StudyData, objective = 0): { value: number; share: number }[] {
  const values = study.trials.filter(isComplete).map((t) => t.values![objective]).filter(finite)
    .sort((a, b) => a - b);
  return values.map((value, i) => ({ value, share: (i + 1) / values.length }));
}

/** Complete trials of several objectives; `front` marks those that no feasible one dominates. */
export function paretoData(
  study: StudyData,
): { number: number; values: number[]; front: boolean; feasible: boolean }[] {
  const complete = study.trials.filter(isComplete);
  const feasible = complete.filter(isFeasible);
  const columns = study.directions.map((_, i) => Float64Array.from(feasible, (t) => t.values![i]));
  const ranks = nonDominationRanks(toLosses([...feasible.keys()], columns, study.directions), 1);
  const front = new Set(feasible.filter((_, i) => ranks[i] === 0));
  return complete.map((t) => ({
    number: t.number,
    values: t.values!,
    front: front.has(t),
    feasible: isFeasible(t),
  }));
}

/** When each trial ran, in milliseconds since 1970, and on which row it fits without overlap. */
export function timelineData(
  study: StudyData,
  now = Date.now(),
): { number: number; state: string; start: number; end: number; row: number }[] {
  const free: number[] = [];
  return study.trials.filter((t) => t.startTime !== null)
    .map((t) => ({ number: t.number, state: t.state, start: t.startTime!, end: t.endTime ?? now }))
    .sort((a, b) => a.start - b.start || a.number - b.number)
    .map((bar) => {
      let row = free.findIndex((end) => end <= bar.start);
      if (row < 0) row = free.length;
      free[row] = bar.end;
      return { ...bar, row };
    });
}

/** Every report of every trial. */
export function intermediateData(
  study: StudyData,
): { number: number; step: number; value: number; state: string }[] {
  return study.trials.flatMap((t) =>
    [...t.intermediate].filter(([, v]) => finite(v)).sort((a, b) => a[0] - b[0])
      .map(([step, value]) => ({ number: t.number, step, value, state: t.state }))
  );
}

/** Importances as rows, largest first. */
export function importanceData(
  study: StudyData,
  options?: ImportanceOptions,
): { param: string; importance: number }[] {
  return Object.entries(paramImportances(study, options))
    .map(([param, importance]) => ({ param, importance }));
}

/** Parameters of the complete trials that take more than one value, by name. */
export function paramNames(study: StudyData): string[] {
  const names = new Set<string>();
  for (const t of study.trials) {
    if (!isComplete(t)) continue;
    for (const name in t.distributions) if (!isSingle(t.distributions[name])) names.add(name);
  }
  return [...names].sort();
}

function requireParams(study: StudyData, names: string[], plot: string): void {
  const known = new Set(study.trials.flatMap((t) => Object.keys(t.params)));
  for (const name of names) {
    if (known.has(name)) continue;
    throw new RangeError(
      `Cannot make ${plot} data: parameter must be one of ${
        [...known].sort().join(", ") || "none"
      }, got "${name}"`,
    );
  }
}

function isLog(d: Distribution): boolean {
  return d.kind !== "categorical" && d.log;
}

function axisPlace(d: Distribution, value: ParamValue): number {
  if (d.kind === "categorical") {
    return d.choices.length > 1 ? toInternal(d, value) / (d.choices.length - 1) : 0.5;
  }
  const scale = (x: number) => d.log ? Math.log(x) : x;
  return d.high > d.low
    ? (scale(value as number) - scale(d.low)) / (scale(d.high) - scale(d.low))
    : 0.5;
}
