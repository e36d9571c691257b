/**
 * Generalized advantage estimation.
 * @module
 */

/** One rollout, step-major: element [t, i] stands at `t * envs + i`. */
export interface GaeInput {
  /** Steps times environments. */
  rewards: ArrayLike<number>;
  /** The critic's values of the states acted in, as long as rewards. */
  values: ArrayLike<number>;
  /** 1 where the episode ended after the step, as long as rewards. */
  dones: ArrayLike<number>;
  /** Values of the states after the last step, one per environment. */
  lastValues: ArrayLike<number>;
  gamma: number;
  gaeLambda: number;
}

/**
 * Writes advantages and returns (advantage + value) of a rollout, in the layout of the rewards.
 *
 * Nothing is bootstrapped across a done step; for an episode that was cut by a time limit, add
 * `gamma * value(last observation)` to its last reward before, as Stable-Baselines3 does.
 *
 * @throws {RangeError} If lengths disagree or gamma or gaeLambda lie outside of [0, 1].
 * @see Schulman et al. 2016, arXiv:1506.02438, eq. 16
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { computeGae } from "./gae.ts";
 * const advantages = new Float32Array(2), returns = new Float32Array(2);
 * computeGae(
 *   { rewards: [1, 1], values: [0, 0], dones: [0, 1], lastValues: [9], gamma: 0.5, gaeLambda: 1 },
 *   advantages,
 *   returns,
 * );
 * assert.deepEqual([...advantages], [1.5, 1]);
 * ```
 */
export function computeGae(
  input: GaeInput,
  advantages: Float32Array,
  returns: Float32Array,
): void {
  const { rewards, values, dones, lastValues, gamma, gaeLambda } = input;
  const size = rewards.length, envs = lastValues.length;
  if (envs === 0 || size % envs !== 0) {
    throw new RangeError(
      `Cannot compute advantages: rewards must have a multiple of ${envs} elements, got ${size}`,
    );
  }
  for (const [name, a] of Object.entries({ values, dones, advantages, returns })) {
    if (a.length !== size) {
      throw new RangeError(
        `Cannot compute advantages: ${name} must have ${size} elements, got ${a.length}`,
      );
    }
  }
  for (const [name, value] of Object.entries({ gamma, gaeLambda })) {
    if (!(value >= 0 && value <= 1)) {
      throw new RangeError(`Cannot compute advantages: ${name} must lie in [0, 1], got ${value}`);
    }
  }
  const decay = gamma * gaeLambda;
  for (let i = 0; i < envs; i++) {
    let next = lastValues[i];
    let advantage = 0;
    for (let at = size - envs + i; at >= 0; at -= envs) {
      const goesOn = dones[at] ? 0 : 1;
      const value = values[at];
      advantage = rewards[at] + gamma * next * goesOn - value + decay * goesOn * advantage;
      advantages[at] = advantage;
      returns[at] = advantage + value;
      next = value;
    }
  }
}
