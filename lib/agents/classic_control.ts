/**
 * What the tasks of classic control share: a state in double precision that is observed in single, start
 * states drawn by a seed, episodes of limited length, saved states.
 * @module
 */
import { createRng, type Rng, type RngState } from "../math/mod.ts";
import {
  type Action,
  type BoxSpace,
  type Environment,
  type Space,
  spaceSize,
  type StepResult,
} from "./environment.ts";

/** {@linkcode Environment} whose episode can be started from a given state. */
export interface ClassicControl extends Environment {
  /** Starts an episode at the given state. */
  resetTo(state: ArrayLike<number>): Float32Array;
  /** The state in double precision; observations are made from it. */
  readonly state: Float64Array;
}

export interface ClassicControlOptions {
  /** Steps after which an episode is truncated. */
  stepLimit?: number;
}

/** A task: its equations write into the arrays that they are given. */
export interface ControlTask {
  name: string;
  observationSpace: BoxSpace;
  actionSpace: Space;
  /** Numbers of the state. */
  stateSize: number;
  stepLimit: number;
  draw(rng: Rng, state: Float64Array): void;
  observe(state: Float64Array, observation: Float32Array): void;
  /** @throws {ActionError} If the action is outside of the space; nothing has moved then. */
  check(action: Action): void;
  /** Moves the state by one step, and says what is gained and whether the task ends. */
  move(action: Action, state: Float64Array, result: StepResult): void;
}

/** The environment of a task. @throws {RangeError} If the limit is not an integer >= 1. */
export function classicControl(task: ControlTask, options: ClassicControlOptions): ClassicControl {
  const { name, observationSpace, actionSpace, stateSize } = task;
  const stepLimit = options.stepLimit ?? task.stepLimit;
  if (!Number.isInteger(stepLimit) || stepLimit < 1) {
    throw new RangeError(
      `Cannot make ${name}: stepLimit must be an integer >= 1, got ${stepLimit}`,
    );
  }
  const state = new Float64Array(stateSize);
  const observation = new Float32Array(spaceSize(observationSpace));
  const result: StepResult = {
    observation,
    reward: NaN,
    terminated: false,
    truncated: false,
    info: {},
  };
  let rng = createRng(0);
  /** Of the episode; -1 before it begins and after it has ended. */
  let steps = -1;
  const observe = () => {
    task.observe(state, observation);
    return observation;
  };
  const begin = () => {
    steps = 0;
    return observe();
  };
  return {
    observationSpace,
    actionSpace,
    state,
    reset(seed) {
      if (seed !== undefined) rng = createRng(seed);
      task.draw(rng, state);
      return begin();
    },
    resetTo(start) {
      if (start.length !== stateSize) {
        throw new RangeError(
          `Cannot reset ${name}: state must have ${stateSize} elements, got ${start.length}`,
        );
      }
      state.set(start);
      return begin();
    },
    step(action) {
      task.check(action);
      if (steps < 0) throw new Error("Cannot step environment: call reset first");
      task.move(action, state, result);
      observe();
      result.truncated = ++steps >= stepLimit;
      if (result.terminated || result.truncated) steps = -1;
      return result;
    },
    saveState: () => ({ state: state.slice(), steps, rng: rng.state() }),
    restoreState(saved) {
      const s = saved as { state: Float64Array; steps: number; rng: RngState };
      state.set(s.state);
      steps = s.steps;
      rng.restore(s.rng);
      return observe();
    },
  };
}
