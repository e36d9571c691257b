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
export { cartPole } from "./cart_pole.ts";
export type { ClassicControl, ClassicControlOptions } from "./classic_control.ts";
export * from "./environment.ts";
export * from "./gae.ts";
export type { EpisodeSampling } from "./episode_sampler.ts";
export * from "./market_environment.ts";
export * from "./portfolio_environment.ts";
export type { RandomCosts } from "./random_costs.ts";
export { createReward, type Reward, type RewardConfig, rewardConfigSchema } from "./rewards.ts";
export type { ActionHead, HeadConfig } from "./action_head.ts";
export { type ActorCritic, type ActorCriticConfig, createActorCritic } from "./actor_critic.ts";
export {
  ActorCriticPolicy,
  createPolicy,
  loadPolicy,
  type PolicyState,
} from "./actor_critic_policy.ts";
export type { ActOptions, Policy, PolicyOutputs } from "./policy.ts";
export { type EvaluateOptions, evaluatePolicy, type Evaluation } from "./evaluate.ts";
export type { Learner, LearnerState, LearnerUpdate, TrainingRecord } from "./learner.ts";
export {
  type EvaluationPlan,
  type EvaluationReport,
  trainAgent,
  type TrainerOptions,
  TrainingDivergedError,
  type TrainingResult,
} from "./trainer.ts";
export { checkpointBytes, restoreCheckpoint } from "./checkpoint.ts";
export { ppo, PpoLearner } from "./ppo.ts";
export { type PpoConfig, ppoConfigSchema } from "./ppo_config.ts";
export type { ExplorationConfig } from "./exploration.ts";
export { pendulum } from "./pendulum.ts";
export { frameStack } from "./frame_stack.ts";
export {
  normalizeObservations,
  type NormalizeObservationsOptions,
} from "./normalize_observations.ts";
export { RunningMoments } from "./running_moments.ts";
export { scaleRewards, type ScaleRewardsOptions } from "./scale_rewards.ts";
export type { Schedule } from "./schedule.ts";
export * from "./vector_environment.ts";
export { actionRepeat, timeLimit } from "./wrappers.ts";
export { a2c, type A2cConfig, a2cConfigSchema, A2cLearner } from "./a2c/mod.ts";
export {
  a3c,
  type A3cConfig,
  a3cConfigSchema,
  A3cLearner,
  type A3cTrainOptions,
  type EnvironmentModule,
  WorkerDiedError,
  type WorkerReplacement,
} from "./a3c/mod.ts";
export * from "./ensemble/mod.ts";
export {
  type ArtifactSink,
  logPolicy,
  type PackageOptions,
  packagePolicy,
  type PolicyCard,
  type PolicyPackage,
} from "./policy_package.ts";
