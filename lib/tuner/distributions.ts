/**
 * What a parameter may be: its range or its choices. Inside the tuner every value is a number (the
 * *internal* value: the number itself, or the index of a choice), so that histories are columns.
 * @module
 */

/** A value that a categorical parameter may take. */
export type Choice = string | number | boolean | null;
/** A parameter's value as the objective sees it. */
export type ParamValue = Choice;

export interface FloatDistribution {
  readonly kind: "float";
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  /** Grid width, or null for a continuous range. */
  readonly step: number | null;
}
export interface IntDistribution {
  readonly kind: "int";
  readonly low: number;
  readonly high: number;
  readonly log: boolean;
  readonly step: number;
}
export interface CategoricalDistribution {
  readonly kind: "categorical";
  readonly choices: readonly Choice[];
}
export type NumericDistribution = FloatDistribution | IntDistribution;
export type Distribution = NumericDistribution | CategoricalDistribution;

export interface RangeOptions {
  /** Sample on a logarithmic scale. */
  log?: boolean;
  /** Width of the grid that starts at `low`. */
  step?: number;
}

/** The last grid point at or below `high`, without the noise of binary fractions. */
function lastGridPoint(low: number, high: number, step: number): number {
  const count = Math.floor((high - low) / step + 1e-9);
  return Math.min(high, Number((low + count * step).toPrecision(15)));
}

function checkRange(name: string, low: number, high: number): void {
  for (const [field, value] of [["low", low], ["high", high]] as const) {
    if (typeof value !== "number" || !Number.isFinite(value)) {
      throw new RangeError(
        `Cannot suggest "${name}": ${field} must be a finite number, got ${String(value)}`,
      );
    }
  }
  if (low > high) {
    throw new RangeError(`Cannot suggest "${name}": low must be <= high, got [${low}, ${high}]`);
  }
}

/**
 * A float range; `high` moves down to the grid when there is a step.
 *
 * @throws {RangeError} If the range is empty, `log` meets a bound <= 0, or `log` and `step` are both given.
 */
export function floatDistribution(
  name: string,
  low: number,
  high: number,
  options: RangeOptions = {},
): FloatDistribution {
  checkRange(name, low, high);
  const { log = false, step } = options;
  if (log && low <= 0) {
    throw new RangeError(`Cannot suggest "${name}": low must be > 0 on a log scale, got ${low}`);
  }
  if (step !== undefined && step !== null) {
    if (log) {
      throw new RangeError(
        `Cannot suggest "${name}": step must be absent on a log scale, got ${step}`,
      );
    }
    if (!(step > 0) || !Number.isFinite(step)) {
      throw new RangeError(`Cannot suggest "${name}": step must be > 0, got ${step}`);
    }
    return { kind: "float", low, high: lastGridPoint(low, high, step), log, step };
  }
  return { kind: "float", low, high, log, step: null };
}

/**
 * An integer range; `high` moves down to the grid.
 *
 * @throws {RangeError} If a bound is no integer, the range is empty, or `log` meets low < 1 or a step.
 */
export function intDistribution(
  name: string,
  low: number,
  high: number,
  options: RangeOptions = {},
): IntDistribution {
  checkRange(name, low, high);
  const { log = false, step = 1 } = options;
  for (const [field, value] of [["low", low], ["high", high], ["step", step]] as const) {
    if (!Number.isSafeInteger(value)) {
      throw new RangeError(`Cannot suggest "${name}": ${field} must be an integer, got ${value}`);
    }
  }
  if (step < 1) throw new RangeError(`Cannot suggest "${name}": step must be >= 1, got ${step}`);
  if (log && low < 1) {
    throw new RangeError(`Cannot suggest "${name}": low must be >= 1 on a log scale, got ${low}`);
  }
  if (log && step !== 1) {
    throw new RangeError(`Cannot suggest "${name}": step must be 1 on a log scale, got ${step}`);
  }
  return { kind: "int", low, high: low + Math.floor((high - low) / step) * step, log, step };
}

/** A list of choices. @throws {RangeError} If it is empty, holds a value twice or a value that is no JSON scalar. */
export function categoricalDistribution(
  name: string,
  choices: readonly Choice[],
): CategoricalDistribution {
  if (!Array.isArray(choices) || choices.length === 0) {
    throw new RangeError(`Cannot suggest "${name}": choices must be a non-empty list`);
  }
  const seen = new Set<Choice>();
  for (const choice of choices) {
    const isScalar = choice === null || typeof choice === "string" ||
      typeof choice === "boolean" || typeof choice === "number" && Number.isFinite(choice);
    if (!isScalar) {
      throw new RangeError(
        `Cannot suggest "${name}": a choice must be a string, finite number, boolean or null, got ${
          typeof choice === "object" ? JSON.stringify(choice) : String(choice)
        }`,
      );
    }
    if (seen.has(choice)) {
      throw new RangeError(
        `Cannot suggest "${name}": choices must differ, got ${JSON.stringify(choice)} twice`,
      );
    }
    seen.add(choice);
  }
  return { kind: "categorical", choices: [...choices] };
}

/** True when only one value is possible: nothing to sample. */
export function isSingle(distribution: Distribution): boolean {
  return distribution.kind === "categorical"
    ? distribution.choices.length === 1
    : distribution.low === distribution.high;
}

/** Number of possible values; Infinity for a continuous range. */
export function cardinality(distribution: Distribution): number {
  if (distribution.kind === "categorical") return distribution.choices.length;
  if (distribution.step === null) return distribution.low === distribution.high ? 1 : Infinity;
  return Math.round((distribution.high - distribution.low) / distribution.step) + 1;
}

/** True when both describe the same values. */
export function sameDistribution(a: Distribution, b: Distribution): boolean {
  if (a === b) return true;
  if (a.kind === "categorical") {
    return b.kind === "categorical" && a.choices.length === b.choices.length &&
      a.choices.every((c, i) => c === b.choices[i]);
  }
  return b.kind === a.kind && a.low === b.low && a.high === b.high && a.log === b.log &&
    a.step === b.step;
}

/** One line for messages: `float [0, 1] log`. */
export function describeDistribution(d: Distribution): string {
  if (d.kind === "categorical") return `categorical ${JSON.stringify(d.choices)}`;
  const step = d.step !== null && !(d.kind === "int" && d.step === 1) ? ` step ${d.step}` : "";
  return `${d.kind} [${d.low}, ${d.high}]${d.log ? " log" : ""}${step}`;
}

/** The objective's value of an internal number. */
export function toExternal(distribution: Distribution, internal: number): ParamValue {
  return distribution.kind === "categorical" ? distribution.choices[internal] : internal;
}

/** The internal number of a value, or NaN when the value is not one of the distribution. */
export function toInternal(distribution: Distribution, value: ParamValue): number {
  if (distribution.kind === "categorical") {
    const index = distribution.choices.indexOf(value);
    return index < 0 ? NaN : index;
  }
  return typeof value === "number" && containsInternal(distribution, value) ? value : NaN;
}

/** True when the internal number lies in the distribution (on its grid within 1e-8 steps). */
export function containsInternal(distribution: Distribution, value: number): boolean {
  if (distribution.kind === "categorical") {
    return Number.isInteger(value) && value >= 0 && value < distribution.choices.length;
  }
  if (!(value >= distribution.low && value <= distribution.high)) return false;
  if (distribution.step === null) return true;
  const k = (value - distribution.low) / distribution.step;
  return Math.abs(k - Math.round(k)) < 1e-8;
}

/**
 * The range in which numeric samplers work: half a step wider on both sides for a grid, and
 * logarithms on a log scale.
 */
export function searchBounds(d: NumericDistribution): { low: number; high: number } {
  const half = d.step === null ? 0 : d.step / 2;
  const low = d.low - half;
  const high = d.high + half;
  return d.log ? { low: Math.log(low), high: Math.log(high) } : { low, high };
}

/** From a number in {@linkcode searchBounds} to the nearest value of the distribution. */
export function fromSearchSpace(d: NumericDistribution, x: number): number {
  let value = d.log ? Math.exp(x) : x;
  if (d.step !== null) {
    const k = Math.round((value - d.low) / d.step);
    value = d.low + k * d.step;
    if (d.kind === "float") value = Number(value.toPrecision(15));
  }
  return Math.min(d.high, Math.max(d.low, value));
}

/** The place of an internal value in the search space (logarithm on a log scale). */
export function toSearchSpace(d: NumericDistribution, internal: number): number {
  return d.log ? Math.log(internal) : internal;
}
