/**
 * Pendulum-v1: a rod that is to be swung up and held by a torque too weak to lift it at once.
 *
 * The equations, bounds and the places where numbers are rounded to float32 are those of Gymnasium's
 * `classic_control/pendulum.py`; start states are drawn from our generator, so that seeds do not give
 * Gymnasium's episodes.
 * @module
 */
import {
  type ClassicControl,
  classicControl,
  type ClassicControlOptions,
  type ControlTask,
} from "./classic_control.ts";
import { boxSpace, checkNumbers } from "./environment.ts";

const maxSpeed = 8;
const maxTorque = 2;
const secondsPerStep = 0.05;
const gravity = 10;

const actionSpace = boxSpace([1], -maxTorque, maxTorque);

const task: ControlTask = {
  name: "Pendulum",
  observationSpace: boxSpace([3], [-1, -1, -maxSpeed], [1, 1, maxSpeed]),
  actionSpace,
  stateSize: 2,
  stepLimit: 200,
  draw(rng, state) {
    state[0] = (2 * rng.uniform() - 1) * Math.PI;
    state[1] = 2 * rng.uniform() - 1;
  },
  observe(state, observation) {
    observation[0] = Math.cos(state[0]);
    observation[1] = Math.sin(state[0]);
    observation[2] = state[1];
  },
  check(action) {
    checkNumbers(actionSpace, action);
  },
  move(action, state, result) {
    const torque = Math.fround((action as ArrayLike<number>)[0]);
    const angle = state[0], velocity = state[1];
    const turned = (angle + Math.PI) % (2 * Math.PI);
    const normal = (turned < 0 ? turned + 2 * Math.PI : turned) - Math.PI;
    result.reward = -(normal ** 2 + 0.1 * velocity ** 2 +
      Math.fround(0.001 * Math.fround(torque * torque)));
    const change = 3 * gravity / 2 * Math.sin(angle) + Math.fround(3 * torque);
    const next = velocity + change * secondsPerStep;
    state[1] = Math.max(-maxSpeed, Math.min(maxSpeed, next));
    state[0] = angle + state[1] * secondsPerStep;
  },
};

/**
 * A Pendulum-v1 environment, truncated after `stepLimit` (200) steps. State: angle from upright, angular
 * velocity; observation: cosine and sine of the angle, angular velocity; reward of a step:
 * -(angle² + 0.1 velocity² + 0.001 torque²), at best 0 and at worst about -16.3.
 */
export function pendulum(options: ClassicControlOptions = {}): ClassicControl {
  return classicControl(task, options);
}
