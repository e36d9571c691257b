/**
 * CartPole-v1: a pole on a cart that is pushed left or right.
 *
 * The equations, bounds and the order of floating point operations are those of Gymnasium's
 * `classic_control/cartpole.py` (Barto, Sutton & Anderson 1983); start states are drawn from our
 * generator, so that seeds do not give Gymnasium's episodes.
 * @module
 */
import {
  type ClassicControl,
  classicControl,
  type ClassicControlOptions,
  type ControlTask,
} from "./classic_control.ts";
import { boxSpace, checkChoice, discreteSpace } from "./environment.ts";

const gravity = 9.8;
const poleMass = 0.1;
const totalMass = poleMass + 1;
const halfLength = 0.5;
const poleMassLength = poleMass * halfLength;
const forceMagnitude = 10;
const secondsPerStep = 0.02;
const angleLimit = 12 * 2 * Math.PI / 360;
const positionLimit = 2.4;

const actionSpace = discreteSpace(2);

const task: ControlTask = {
  name: "CartPole",
  observationSpace: boxSpace(
    [4],
    [-positionLimit * 2, -Infinity, -angleLimit * 2, -Infinity],
    [positionLimit * 2, Infinity, angleLimit * 2, Infinity],
  ),
  actionSpace,
  stateSize: 4,
  stepLimit: 500,
  draw(rng, state) {
    for (let i = 0; i < 4; i++) state[i] = rng.uniform() * 0.1 - 0.05;
  },
  observe: (state, observation) => observation.set(state),
  check(action) {
    checkChoice(actionSpace, action);
  },
  move(action, state, result) {
    const force = action === 1 ? forceMagnitude : -forceMagnitude;
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
    result.reward = 1;
    result.terminated = state[0] < -positionLimit || state[0] > positionLimit ||
      state[2] < -angleLimit || state[2] > angleLimit;
  },
};

/**
 * A CartPole-v1 environment: reward 1 a step until the pole falls or the cart leaves the track; truncated
 * after `stepLimit` (500) steps. State: position, velocity, angle, angular velocity.
 */
export function cartPole(options: ClassicControlOptions = {}): ClassicControl {
  return classicControl(task, options);
}
