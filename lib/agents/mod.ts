/**
 * Reinforcement learning: environments after Gymnasium's contract, and what learns to act in them.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { cartPole, vectorize } from "./mod.ts";
 * const environments = vectorize(() => cartPole(), 4);
 * environments.reset(1);
 * environments.step(Int32Array.of(0, 1, 0, 1));
 * assert.equal(environments.observations.length, 4 * 4);
 * ```
 * @module
 */
export * from "./cart_pole.ts";
export * from "./environment.ts";
export * from "./gae.ts";
export * from "./market_environment.ts";
export { createReward, type Reward, type RewardConfig, rewardConfigSchema } from "./rewards.ts";
export type { ActorCritic, ActorCriticConfig } from "./actor_critic.ts";
export { DiscretePolicy, type PolicyOutputs, type PolicyState } from "./policy.ts";
export * from "./ppo.ts";
export { type PpoConfig, ppoConfigSchema } from "./ppo_config.ts";
export * from "./vector_environment.ts";
