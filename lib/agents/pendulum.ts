/**
 * Pendulum-v1: a rod that is to be swung up and held by a torque too weak to lift it at once.
 *
 * The equations, bounds and the places where numbers are rounded to float32 are those of Gymnasium's
 * `classic_control/pendulum.py`; start states are drawn from our generator, so that seeds do not give
 * Gymnasium's episodes.
 * @module
 */
import { createRng, type RngState } from "../math/mod.ts";
import {
  type Action,
  boxSpace,
  checkNumbers,
  type Environment,
  type StepResult,
} from "./environment.ts";

const maxSpeed = 8;
const maxTorque = 2;
const secondsPerStep = 0.05;
const gravity = 10;

const observationSpace = boxSpace([3], [-1, -1, -maxSpeed], [1, 1, maxSpeed]);
const actionSpace = boxSpace([1], -maxTorque, maxTorque);

export interface PendulumOptions {
  /** Steps after which an episode is truncated. Default 200, as in v1. */
  stepLimit?: number;
}

/** {@linkcode Environment} whose episode can be started from a given state. */
export interface Pendulum extends Environment {
  /** Starts an episode at [angle from upright, angular velocity]. */
  resetTo(state: ArrayLike<number>): Float32Array;
  /** The state in double precision. */
  readonly state: Float64Array;
}

/**
 * A Pendulum-v1 environment. Observation: cosine and sine of the angle, angular velocity; reward of a
 * step: -(angle² + 0.1 velocity² + 0.001 torque²), at best 0 and at worst about -16.3.
 */
export function pendulum(options: PendulumOptions = {}): Pendulum {
  const stepLimit = options.stepLimit ?? 200;
  if (!Number.isInteger(stepLimit) || stepLimit < 1) {
    throw new RangeError(
      `Cannot make Pendulum: stepLimit must be an integer >= 1, got ${stepLimit}`,
    );
  }
  const state = new Float64Array(2);
  const observation = new Float32Array(3);
  const result: StepResult = {
    observation,
    reward: 0,
    terminated: false,
    truncated: false,
    info: {},
  };
  let rng = createRng(0);
  let steps = -1;
  const observe = () => {
    observation[0] = Math.cos(state[0]);
    observation[1] = Math.sin(state[0]);
    observation[2] = state[1];
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
      state[0] = (2 * rng.uniform() - 1) * Math.PI;
      state[1] = 2 * rng.uniform() - 1;
      return begin();
    },
    resetTo(start) {
      if (start.length !== 2) {
        throw new RangeError(
          `Cannot reset Pendulum: state must have 2 elements, got ${start.length}`,
        );
      }
      state.set(start);
      return begin();
    },
    step(action: Action) {
      const torque = Math.fround(checkNumbers(actionSpace, action)[0]);
      if (steps < 0) throw new Error("Cannot step environment: call reset first");
      const angle = state[0], velocity = state[1];
      const turned = (angle + Math.PI) % (2 * Math.PI);
      const normal = (turned < 0 ? turned + 2 * Math.PI : turned) - Math.PI;
      result.reward = -(normal ** 2 + 0.1 * velocity ** 2 +
        Math.fround(0.001 * Math.fround(torque * torque)));
      const change = 3 * gravity / 2 * Math.sin(angle) + Math.fround(3 * torque);
      const next = velocity + change * secondsPerStep;
      state[1] = Math.max(-maxSpeed, Math.min(maxSpeed, next));
      state[0] = angle + state[1] * secondsPerStep;
      observe();
      result.truncated = ++steps >= stepLimit;
      if (result.truncated) steps = -1;
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
