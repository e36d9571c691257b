/**
 * A3C: workers on threads of their own act and learn at once, on parameters in shared memory.
 *
 * Each worker copies the parameters, acts for a few steps, and applies its gradient to whatever the
 * parameters are by then, without a lock; RMSprop's statistics are shared, too. docs/agents.md lists
 * the switches.
 *
 * @see Mnih et al. 2016, "Asynchronous Methods for Deep Reinforcement Learning", arXiv:1602.01783
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { a3c } from "./mod.ts";
 * const { policy, history } = await a3c.train(
 *   { module: new URL("../cart_pole.ts", import.meta.url), export: "cartPole" },
 *   { totalSteps: 2000, workers: 2, reportSteps: 1000 },
 *   { onProgress: (record) => assert.ok(record.staleness >= 0) },
 * );
 * assert.ok(history.at(-1)!.steps >= 2000);
 * const { actions } = policy.act(Float32Array.of(0, 0, 0.1, 0), { deterministic: true });
 * assert.equal(actions.length, 1);
 * policy.dispose();
 * ```
 * @module
 */
import type { ActorCriticPolicy } from "../actor_critic_policy.ts";
import { trainAgent, type TrainerOptions, type TrainingResult } from "../trainer.ts";
import type { MakeEnvironment } from "../vector_environment.ts";
import type { A3cConfig } from "./a3c_config.ts";
import { A3cLearner } from "./a3c_learner.ts";
import type { EnvironmentModule } from "./environment_module.ts";
import type { WorkerReplacement } from "./supervisor.ts";

export { type A3cConfig, a3cConfigSchema } from "./a3c_config.ts";
export { A3cLearner } from "./a3c_learner.ts";
export type { EnvironmentModule } from "./environment_module.ts";
export { WorkerDiedError } from "./errors.ts";
export type { WorkerReplacement } from "./supervisor.ts";

/** The trainer's options, and what only A3C tells. */
export interface A3cTrainOptions extends TrainerOptions<ActorCriticPolicy> {
  /** A worker died and another took its place. */
  onReplace?: (replacement: WorkerReplacement) => void;
}

/**
 * Trains by {@linkcode A3cLearner}, with evaluation, checkpoints, resuming and tracking as
 * {@linkcode trainAgent} has them. With one worker the same seed gives the same policy; with more,
 * the order of their updates is the machine's.
 *
 * @param environment A module that makes environments inside of the workers; or a function, whose
 * environments are stepped on the calling thread.
 * @throws {RangeError} If the configuration does not fit.
 * @throws {EnvironmentError} If an environment gives a NaN.
 * @throws {WorkerDiedError} If more workers died than `maxReplacements`.
 * @throws The signal's reason, if it aborts.
 */
async function train(
  environment: EnvironmentModule | MakeEnvironment,
  config: A3cConfig,
  options: A3cTrainOptions = {},
): Promise<TrainingResult<ActorCriticPolicy>> {
  options.signal?.throwIfAborted();
  const learner = await A3cLearner.create(environment, config, options);
  return await trainAgent(learner, options);
}

/** Asynchronous advantage actor-critic. */
export const a3c = { train };
