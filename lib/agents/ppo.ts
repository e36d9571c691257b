/**
 * Proximal policy optimization.
 *
 * All epochs and minibatches of an update run in one native call, and so does the policy's answer to
 * all environments. docs/agents.md lists the implementation details with their switches.
 *
 * @see Schulman et al. 2017, arXiv:1707.06347
 * @module
 */
import { createRng, mean, type RngState } from "../math/mod.ts";
import type { CompiledStep, StepState } from "../onnx/mod.ts";
import type { ActorCriticPolicy } from "./actor_critic_policy.ts";
import { Exploration } from "./exploration.ts";
import type { LearnerState, LearnerUpdate } from "./learner.ts";
import { createNovelty, type Novelty } from "./novelty.ts";
import { type PpoConfig, type ResolvedPpoConfig, resolvePpoConfig } from "./ppo_config.ts";
import { compilePpoUpdate } from "./ppo_update.ts";
import { RunningMoments } from "./running_moments.ts";
import { scheduled } from "./schedule.ts";
import {
  makeSynchronous,
  type SavedRollouts,
  SynchronousLearner,
  type SynchronousParts,
} from "./synchronous_learner.ts";
import { trainAgent, type TrainerOptions, type TrainingResult } from "./trainer.ts";
import type { MakeEnvironment, VectorEnvironment } from "./vector_environment.ts";

/**
 * Trains a policy. The same configuration and seed give the same policy.
 *
 * @param environments Makes one environment of `config.environments`, or is all of them, wrapped.
 * @throws {RangeError} If the configuration or the environments do not fit.
 * @throws As {@linkcode trainAgent}.
 *
 * @example
 * ```ts
 * import assert from "node:assert/strict";
 * import { cartPole } from "./cart_pole.ts";
 * import { ppo } from "./ppo.ts";
 * const { policy, history } = await ppo.train(() => cartPole(), {
 *   totalSteps: 512, environments: 2, rolloutSteps: 128,
 * });
 * assert.equal(history.length, 2);
 * assert.equal(policy.predict(Float32Array.of(0, 0, 0.1, 0)).length, 1);
 * policy.dispose();
 * ```
 */
async function train(
  environments: MakeEnvironment | VectorEnvironment,
  config: PpoConfig,
  options: TrainerOptions<ActorCriticPolicy> = {},
): Promise<TrainingResult<ActorCriticPolicy>> {
  options.signal?.throwIfAborted();
  return await trainAgent(await PpoLearner.create(environments, config), options);
}

/** PPO as the trainer takes it. */
export class PpoLearner extends SynchronousLearner<ResolvedPpoConfig> {
  readonly algorithm = "ppo";
  readonly #step: CompiledStep;
  readonly #exploration: Exploration | null;
  readonly #novelty: Novelty | null;
  readonly #moments: RunningMoments | null;
  readonly #rngs;
  /** Order of the rollout's rows, or sequences; shuffled on from where it is. */
  readonly #order: Int32Array;
  readonly #indices: Int32Array;
  /** Passes that one native call makes. */
  readonly #passes: number;

  private constructor(
    config: ResolvedPpoConfig,
    parts: SynchronousParts,
    step: CompiledStep,
    novelty: Novelty | null,
  ) {
    const sequenceSteps = config.recurrent?.sequenceSteps ?? 1;
    super(config, parts, config.rolloutSteps, sequenceSteps);
    const { policy, environments } = parts;
    this.#step = step;
    this.#novelty = novelty;
    const rng = createRng(config.seed);
    this.#rngs = { actions: rng.split("actions"), minibatches: rng.split("minibatches") };
    this.#exploration = config.exploration
      ? new Exploration(config.exploration, policy, environments.count, config.seed)
      : null;
    this.#moments = config.normalizeObservations
      ? new RunningMoments(policy.observationSize)
      : null;
    const rows = this.rollout.rows / sequenceSteps;
    this.#order = Int32Array.from({ length: rows }, (_, i) => i);
    // Passes can share a native call when each is whole minibatches and none may be the last.
    this.#passes = config.targetKl === null && rows % step.batchSize === 0 ? config.epochs : 1;
    this.#indices = new Int32Array(this.#passes * rows);
  }

  /** Makes environments, network and compiled update. */
  static async create(
    given: MakeEnvironment | VectorEnvironment,
    config: PpoConfig,
  ): Promise<PpoLearner> {
    const c = resolvePpoConfig(config);
    const parts = await makeSynchronous(given, c, "train PPO");
    const { network, observationSize } = parts.policy;
    const step = await compilePpoUpdate(network, c, network.isMasked);
    const bonus = c.exploration?.bonus;
    const novelty = bonus ? await createNovelty(bonus, observationSize, c.seed) : null;
    return new PpoLearner(c, parts, step, novelty);
  }

  /** One rollout and the update on it. */
  async advance(): Promise<LearnerUpdate> {
    const { config: c, policy } = this;
    const { rollout } = this, exploration = this.#exploration;
    const progress = this.steps / c.totalSteps;
    const learningRate = c.learningRate * (c.learningRateSchedule === "linear" ? 1 - progress : 1);
    exploration?.begin(progress);
    const undisturb = exploration?.disturbWeights(policy, progress);
    if (c.rolloutSteps >= stepsWorthFreezing) await policy.freeze(c.environments);
    rollout.collect(this.#rngs.actions, c.gamma, this.noteEpisode, exploration);
    const more = this.#addBonus(progress);
    rollout.estimate(c.gamma, c.gaeLambda);
    undisturb?.();
    const updated = this.#update(progress, learningRate);
    this.steps += rollout.rows;
    this.#step.syncVariables();
    this.#renewStatistics();
    return {
      steps: this.steps,
      ...this.episodes.means(),
      ...updated,
      explainedVariance: rollout.explainedVariance(),
      learningRate,
      ...more,
    } as LearnerUpdate;
  }

  /** Adds the coefficient times the novelty of what a step led to; returns the bonus's mean. */
  #addBonus(progress: number): { bonus?: number } {
    if (!this.#novelty) return {};
    const { observations, rewards } = this.rollout;
    const width = this.environments.observations.length;
    const reached = new Float32Array(observations.length);
    reached.set(observations.subarray(width));
    reached.set(this.environments.observations, reached.length - width);
    const novelty = this.#novelty.measure(reached);
    const coefficient = scheduled(this.config.exploration!.bonus!.coefficient, progress);
    for (let i = 0; i < rewards.length; i++) rewards[i] += coefficient * novelty[i];
    return { bonus: coefficient * mean(novelty) };
  }

  #update(progress: number, learningRate: number) {
    const { epochs: most, targetKl, clipRange, entropyCoefficient } = this.config;
    const data: Record<string, Float32Array | Int32Array> = this.rollout.data();
    if (typeof clipRange !== "number") {
      data.clipRange = Float32Array.of(scheduled(clipRange, progress));
    }
    if (typeof entropyCoefficient !== "number") {
      data.entropyCoefficient = Float32Array.of(scheduled(entropyCoefficient, progress));
    }
    const sums: Record<string, number> = {};
    let minibatches = 0, epochs = 0, isStopped = false;
    while (epochs < most && !isStopped) {
      for (let p = 0; p < this.#passes; p++) {
        this.#indices.set(this.#rngs.minibatches.shuffle(this.#order), p * this.#order.length);
      }
      const metrics = this.#step.epochMetrics(data, this.#indices, { learningRate });
      for (const [name, values] of Object.entries(metrics)) {
        for (let i = 0; i < values.length; i++) sums[name] = (sums[name] ?? 0) + values[i];
      }
      minibatches += metrics.loss.length;
      epochs += this.#passes;
      isStopped = targetKl !== null && mean(metrics.approxKl) > 1.5 * targetKl;
    }
    for (const name of Object.keys(sums)) sums[name] /= minibatches;
    return { ...sums, epochs };
  }

  /** Takes the rollout's observations into the statistics that the next one is normalised by. */
  #renewStatistics(): void {
    if (!this.#moments) return;
    this.#moments.update(this.rollout.observations);
    this.#writeStatistics();
  }

  #writeStatistics(): void {
    const { tf, statistics } = this.policy.network;
    const { mean, variance } = this.#moments!;
    tf.tidy(() => {
      statistics!.mean.assign(tf.tensor1d(Float32Array.from(mean)));
      const deviation = Float32Array.from(variance, (v) => Math.sqrt(v + 1e-8));
      statistics!.deviation.assign(tf.tensor1d(deviation));
    });
    this.#step.readVariables();
  }

  saveState(): LearnerState {
    const { parameters, slots, extra, step, seed } = this.#step.state();
    const tensors = [{ name: "parameters", shape: [parameters.length], values: parameters }];
    for (const [name, values] of Object.entries(slots)) {
      tensors.push({ name: `slot/${name}`, shape: [values.length], values });
    }
    return {
      tensors,
      data: {
        ...this.saveRollouts(),
        optimizer: { step, seed, extra },
        rngs: { actions: this.#rngs.actions.state(), minibatches: this.#rngs.minibatches.state() },
        order: this.#order.slice(),
        exploration: this.#exploration?.saveState() ?? null,
        novelty: this.#novelty?.saveState() ?? null,
        moments: this.#moments?.saveState() ?? null,
      },
    };
  }

  restoreState({ tensors, data }: LearnerState): void {
    const saved = data as unknown as SavedPpo;
    const parameters = tensors.find((t) => t.name === "parameters")!.values;
    const slots = Object.fromEntries(
      tensors.filter((t) => t.name.startsWith("slot/")).map((t) => [t.name.slice(5), t.values]),
    );
    this.#step.restore({ ...saved.optimizer, parameters, slots });
    this.#step.syncVariables();
    this.restoreRollouts(saved);
    this.#rngs.actions.restore(saved.rngs.actions);
    this.#rngs.minibatches.restore(saved.rngs.minibatches);
    this.#order.set(saved.order);
    if (saved.exploration) this.#exploration!.restoreState(saved.exploration);
    if (saved.novelty) this.#novelty!.restoreState(saved.novelty);
    if (saved.moments) {
      this.#moments!.restoreState(saved.moments);
      this.#writeStatistics();
    }
  }

  dispose(): void {
    this.#step.dispose();
    this.#novelty?.dispose();
  }
}

/** Calls on one set of weights from which on a frozen form of the policy pays. */
const stepsWorthFreezing = 200;

/** What {@linkcode PpoLearner.saveState} holds as plain data. */
interface SavedPpo extends SavedRollouts {
  optimizer: Pick<StepState, "step" | "seed" | "extra">;
  rngs: { actions: RngState; minibatches: RngState };
  order: Int32Array;
  exploration: ReturnType<Exploration["saveState"]> | null;
  novelty: unknown;
  moments: ReturnType<RunningMoments["saveState"]> | null;
}

/** Proximal policy optimization. */
export const ppo = { train };
