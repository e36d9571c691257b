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

export type Space = BoxSpace | DiscreteSpace;

/** An action: an integer of a discrete space, or the numbers of a box, row-major. */
export type Action = number | Float32Array | Float64Array | readonly number[];

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

/** Numbers per element of a space: 1 for a choice. */
export function spaceSize(space: Space): number {
  return space.kind === "discrete" ? 1 : space.low.length;
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
