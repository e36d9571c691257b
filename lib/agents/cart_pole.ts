/**
 * CartPole-v1: a pole on a cart that is pushed left or right.
 *
 * The equations, bounds and the order of floating point operations are those of Gymnasium's
 * `classic_control/cartpole.py` (Barto, Sutton & Anderson 1983); start states are drawn from our
 * generator, so that seeds do not give Gymnasium's episodes.
 * @module
 */
import { createRng, type RngState } from "../math/mod.ts";
import {
  type Action,
  boxSpace,
  checkChoice,
  discreteSpace,
  type Environment,
  type StepResult,
} from "./environment.ts";

const gravity = 9.8;
const poleMass = 0.1;
const totalMass = poleMass + 1;
const halfLength = 0.5;
const poleMassLength = poleMass * halfLength;
const forceMagnitude = 10;
const secondsPerStep = 0.02;
const angleLimit = 12 * 2 * Math.PI / 360;
const positionLimit = 2.4;

const observationSpace = boxSpace(
  [4],
  [-positionLimit * 2, -Infinity, -angleLimit * 2, -Infinity],
  [positionLimit * 2, Infinity, angleLimit * 2, Infinity],
);
const actionSpace = discreteSpace(2);
const info = Object.freeze({});

export interface CartPoleOptions {
  /** Steps after which an episode is truncated. Default 500, as in v1. */
  stepLimit?: number;
}

/** {@linkcode Environment} whose episode can be started from a given state. */
export interface CartPole extends Environment {
  /** Starts an episode at [position, velocity, angle, angular velocity]. */
  resetTo(state: ArrayLike<number>): Float32Array;
  /** The state in double precision; observations are its float32 form. */
  readonly state: Float64Array;
}

/** A CartPole-v1 environment: reward 1 a step until the pole falls or the cart leaves the track. */
export function cartPole(options: CartPoleOptions = {}): CartPole {
  const stepLimit = options.stepLimit ?? 500;
  if (!Number.isInteger(stepLimit) || stepLimit < 1) {
    throw new RangeError(
      `Cannot make CartPole: stepLimit must be an integer >= 1, got ${stepLimit}`,
    );
  }
  const state = new Float64Array(4);
  const observation = new Float32Array(4);
  const result: StepResult = { observation, reward: 1, terminated: false, truncated: false, info };
  let rng = createRng(0);
  let steps = -1;

  const begin = () => {
    steps = 0;
    observation.set(state);
    return observation;
  };
  return {
    observationSpace,
    actionSpace,
    state,
    reset(seed) {
      if (seed !== undefined) rng = createRng(seed);
      for (let i = 0; i < 4; i++) state[i] = rng.uniform() * 0.1 - 0.05;
      return begin();
    },
    resetTo(start) {
      if (start.length !== 4) {
        throw new RangeError(
          `Cannot reset CartPole: state must have 4 elements, got ${start.length}`,
        );
      }
      state.set(start);
      return begin();
    },
    step(action: Action) {
      const force = checkChoice(actionSpace, action) === 1 ? forceMagnitude : -forceMagnitude;
      if (steps < 0) throw new Error("Cannot step environment: call reset first");
      const x = state[0], velocity = state[1], angle = state[2], spin = state[3];
      const cos = Math.cos(angle), sin = Math.sin(angle);
      const temp = (force + poleMassLength * (spin * spin) * sin) / totalMass;
      const spinChange = (gravity * sin - cos * temp) /
        (halfLength * (4 / 3 - poleMass * (cos * cos) / totalMass));
      const acceleration = temp - poleMassLength * spinChange * cos / totalMass;
      state[0] = x + secondsPerStep * velocity;
      state[1] = velocity + secondsPerStep * acceleration;
      state[2] = angle + secondsPerStep * spin;
      state[3] = spin + secondsPerStep * spinChange;
      observation.set(state);
      steps++;
      result.terminated = state[0] < -positionLimit || state[0] > positionLimit ||
        state[2] < -angleLimit || state[2] > angleLimit;
      result.truncated = steps >= stepLimit;
      if (result.terminated || result.truncated) steps = -1;
      return result;
    },
    saveState: () => ({ state: state.slice(), steps, rng: rng.state() }),
    restoreState(saved) {
      const s = saved as { state: Float64Array; steps: number; rng: RngState };
      state.set(s.state);
      steps = s.steps;
      rng.restore(s.rng);
      observation.set(state);
      return observation;
    },
  };
}
