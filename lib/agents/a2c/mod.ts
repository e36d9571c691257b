/**
 * A2C: advantage actor-critic with n-step returns, the synchronous sibling of A3C.
 *
 * All environments take `nSteps` steps, answered by one native call each, then loss, gradient and
 * RMSprop are one more. docs/agents.md lists the switches.
 *
 * @see Mnih et al. 2016, arXiv:1602.01783
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { cartPole } from "../cart_pole.ts";
 * import { a2c } from "./mod.ts";
 * const { policy, history } = await a2c.train(() => cartPole(), {
 *   totalSteps: 2000, environments: 4, learningRate: 2e-3, reportUpdates: 50,
 * });
 * assert.equal(history.at(-1)!.steps, 2000);
 * assert.equal(policy.predict(Float32Array.of(0, 0, 0.1, 0)).length, 1);
 * policy.dispose();
 * ```
 * @module
 */
import type { ActorCriticPolicy } from "../actor_critic_policy.ts";
import { trainAgent, type TrainerOptions, type TrainingResult } from "../trainer.ts";
import type { MakeEnvironment, VectorEnvironment } from "../vector_environment.ts";
import type { A2cConfig } from "./a2c_config.ts";
import { A2cLearner } from "./a2c_learner.ts";

export { type A2cConfig, a2cConfigSchema } from "./a2c_config.ts";
export { A2cLearner } from "./a2c_learner.ts";

/**
 * Trains a policy. The same configuration and seed give the same policy.
 *
 * @param environments Makes one environment of `config.environments`, or is all of them, wrapped.
 * @throws {RangeError} If the configuration or the environments do not fit.
 * @throws As {@linkcode trainAgent}.
 */
async function train(
  environments: MakeEnvironment | VectorEnvironment,
  config: A2cConfig,
  options: TrainerOptions<ActorCriticPolicy> = {},
): Promise<TrainingResult<ActorCriticPolicy>> {
  options.signal?.throwIfAborted();
  return await trainAgent(await A2cLearner.create(environments, config), options);
}

/** Synchronous advantage actor-critic. */
export const a2c = { train };
