/**
 * The contract of an environment, as Gymnasium has it: spaces, reset and step.
 *
 * An environment reuses what it returns: the observation and the result of a step are valid until
 * the next call, so that stepping allocates nothing. Copy what is to be kept.
 * @module
 */

/** Vectors of floats, each number within its bounds. */
export interface BoxSpace {
  readonly kind: "box";
  readonly shape: readonly number[];
  /** One bound per element, row-major; infinite where there is none. */
  readonly low: Float32Array;
  readonly high: Float32Array;
}

/** The integers 0, 1, …, n - 1. */
export interface DiscreteSpace {
  readonly kind: "discrete";
  readonly n: number;
}

/** Several choices at once: the integer k of `choices[k]`, for each k. */
export interface MultiDiscreteSpace {
  readonly kind: "multiDiscrete";
  readonly choices: readonly number[];
}

export type Space = BoxSpace | DiscreteSpace | MultiDiscreteSpace;

/**
 * An action: an integer of a discrete space, the integers of a multi-discrete one, or the numbers of
 * a box, row-major.
 */
export type Action = number | Float32Array | Float64Array | Int32Array | readonly number[];

/** What a step leads to. The object and its observation are reused by the next step. */
export interface StepResult {
  /** Row-major elements of the observation space. */
  observation: Float32Array;
  reward: number;
  /** The task itself ended: nothing follows from here, so the value of this state is 0. */
  terminated: boolean;
  /** The episode was cut, by a time limit for instance; the state still has a value. */
  truncated: boolean;
  info: Readonly<Record<string, number>>;
}

/** An environment of one agent. */
export interface Environment {
  readonly observationSpace: BoxSpace;
  readonly actionSpace: Space;
  /**
   * Starts an episode and returns its first observation. A seed restarts the environment's random
   * numbers; without one they go on from where they are.
   */
  reset(seed?: number): Float32Array;
  /**
   * @throws {ActionError} If the action lies outside of the action space.
   * @throws {Error} If the episode has ended or not begun.
   */
  step(action: Action): StepResult;
  /**
   * 1 for each choice that the present state allows, 0 for the others; as long as
   * {@linkcode maskSize} says. One array, written in place by reset and step. Absent: all are allowed.
   */
  readonly actionMask?: Uint8Array;
  /** Everything that {@linkcode restoreState} needs to go on bit by bit, as plain data for JSON. */
  saveState?(): unknown;
  /** Goes on where the environment that gave `state` stood; the present observation is returned. */
  restoreState?(state: unknown): Float32Array;
}

/** An action outside of the action space. */
export class ActionError extends RangeError {
  override name = "ActionError";
  constructor(message: string, readonly action: Action) {
    super(message);
  }
}

/** An environment gave an observation or a reward that is not a number. */
export class EnvironmentError extends Error {
  override name = "EnvironmentError";
  constructor(message: string, readonly environment: number) {
    super(message);
  }
}

/** A box of one shape; a bound may be one number for all elements. */
export function boxSpace(
  shape: readonly number[],
  low: number | ArrayLike<number> = -Infinity,
  high: number | ArrayLike<number> = Infinity,
): BoxSpace {
  const size = shape.reduce((n, d) => n * d, 1);
  const bound = (name: string, value: number | ArrayLike<number>): Float32Array => {
    if (typeof value === "number") return new Float32Array(size).fill(value);
    if (value.length === size) return Float32Array.from(value);
    throw new RangeError(
      `Cannot make space: ${name} must have ${size} elements, got ${value.length}`,
    );
  };
  return { kind: "box", shape, low: bound("low", low), high: bound("high", high) };
}

/** The space of `n` choices. @throws {RangeError} If n is not a positive integer. */
export function discreteSpace(n: number): DiscreteSpace {
  if (!Number.isInteger(n) || n < 1) {
    throw new RangeError(`Cannot make space: n must be an integer >= 1, got ${n}`);
  }
  return { kind: "discrete", n };
}

/** The space of several choices. @throws {RangeError} If a count is not a positive integer. */
export function multiDiscreteSpace(choices: readonly number[]): MultiDiscreteSpace {
  if (choices.length === 0 || !choices.every((n) => Number.isInteger(n) && n >= 1)) {
    throw new RangeError(`Cannot make space: choices must be integers >= 1, got [${choices}]`);
  }
  return { kind: "multiDiscrete", choices: choices.slice() };
}

/** Numbers per element of a space: 1 for a choice. */
export function spaceSize(space: Space): number {
  if (space.kind === "discrete") return 1;
  return space.kind === "multiDiscrete" ? space.choices.length : space.low.length;
}

/** Length of an action mask: all choices end to end; 0 for a box, which has none. */
export function maskSize(space: Space): number {
  if (space.kind === "box") return 0;
  return space.kind === "discrete" ? space.n : space.choices.reduce((sum, n) => sum + n, 0);
}

/** Whether two spaces take the same numbers; bounds of boxes may differ. */
export function sameSpace(a: Space, b: Space): boolean {
  return a.kind === b.kind && spaceSize(a) === spaceSize(b) && maskSize(a) === maskSize(b) &&
    (a.kind !== "multiDiscrete" ||
      a.choices.every((n, k) => n === (b as MultiDiscreteSpace).choices[k]));
}

/** The choice that `action` is. @throws {ActionError} If it is none of the space's. */
export function checkChoice(space: DiscreteSpace, action: Action): number {
  if (typeof action === "number" && action >= 0 && action < space.n && Number.isInteger(action)) {
    return action;
  }
  throw new ActionError(
    `Cannot step environment: action must be an integer in [0, ${space.n}), got ${
      typeof action === "number" ? action : `[${action}]`
    }`,
    action,
  );
}

/** The integers that `action` is. @throws {ActionError} If one is none of its choices. */
export function checkChoices(space: MultiDiscreteSpace, action: Action): ArrayLike<number> {
  const { choices } = space;
  if (typeof action !== "number" && action.length === choices.length) {
    let k = 0;
    while (
      k < choices.length && action[k] >= 0 && action[k] < choices[k] && Number.isInteger(action[k])
    ) k++;
    if (k === choices.length) return action;
  }
  throw new ActionError(
    `Cannot step environment: action must be ${choices.length} integers below [${choices}], got [${action}]`,
    action,
  );
}

/** The numbers that `action` is. @throws {ActionError} If one lies outside of its bounds. */
export function checkNumbers(space: BoxSpace, action: Action): ArrayLike<number> {
  const { low, high } = space;
  if (typeof action !== "number" && action.length === low.length) {
    let k = 0;
    while (k < low.length && action[k] >= low[k] && action[k] <= high[k]) k++;
    if (k === low.length) return action;
  }
  throw new ActionError(
    `Cannot step environment: action must be ${low.length} numbers in [${low}] to [${high}], got [${action}]`,
    action,
  );
}
