/**
 * A2C as the trainer takes it.
 * @module
 */
import { createRng, type RngState } from "../../math/mod.ts";
import { createActorCritic } from "../actor_critic.ts";
import { ActorCriticPolicy } from "../actor_critic_policy.ts";
import { spaceSize } from "../environment.ts";
import { EpisodeLog } from "../episode_log.ts";
import type { Learner, LearnerState, LearnerUpdate } from "../learner.ts";
import { parseConfig } from "../parse_config.ts";
import { Rollout } from "../rollout.ts";
import { scaleRewards } from "../scale_rewards.ts";
import { scheduled } from "../schedule.ts";
import { type MakeEnvironment, type VectorEnvironment, vectorize } from "../vector_environment.ts";
import { type A2cConfig, a2cConfigSchema, type ResolvedA2cConfig } from "./a2c_config.ts";
import { type A2cUpdate, compileA2cUpdate } from "./a2c_update.ts";

/** Synchronous advantage actor-critic: `nSteps` of all environments, then one update. */
export class A2cLearner implements Learner<ActorCriticPolicy> {
  readonly algorithm = "a2c";
  readonly config: ResolvedA2cConfig;
  readonly policy: ActorCriticPolicy;
  steps = 0;
  readonly #environments: VectorEnvironment;
  readonly #update: A2cUpdate;
  readonly #rollout: Rollout;
  readonly #episodes = new EpisodeLog();
  readonly #rng;

  private constructor(
    config: ResolvedA2cConfig,
    environments: VectorEnvironment,
    policy: ActorCriticPolicy,
    update: A2cUpdate,
  ) {
    this.config = config;
    this.policy = policy;
    this.#environments = environments;
    this.#update = update;
    this.#rng = createRng(config.seed).split("actions");
    this.#rollout = new Rollout(environments, policy, config.nSteps, {
      sequenceSteps: config.recurrent ? config.nSteps : 1,
    });
    environments.reset(config.seed);
  }

  /**
   * Makes environments, network and compiled update.
   *
   * @param given Makes one environment of `config.environments`, or is all of them, wrapped.
   * @throws {RangeError} If the configuration or the environments do not fit.
   */
  static async create(
    given: MakeEnvironment | VectorEnvironment,
    config: A2cConfig,
  ): Promise<A2cLearner> {
    const c = parseConfig(a2cConfigSchema, config, "train A2C");
    let environments = typeof given === "function" ? vectorize(given, c.environments) : given;
    if (environments.count !== c.environments) {
      throw new RangeError(
        `Cannot train A2C: environments must be the number given (${environments.count}), got ${c.environments}`,
      );
    }
    if (c.scaleRewards) {
      environments = scaleRewards(environments, { gamma: c.gamma, clip: c.scaleRewards.clip });
    }
    const { hidden, trunk, activation, orthogonal, squash, initialLogStd, recurrent, seed } = c;
    const network = await createActorCritic({
      observationSize: spaceSize(environments.observationSpace),
      actionSpace: environments.actionSpace,
      hidden,
      trunk,
      activation,
      orthogonal,
      squash,
      initialLogStd,
      recurrent,
      seed,
    });
    const policy = await ActorCriticPolicy.create(network, c.environments);
    const update = await compileA2cUpdate(network, c, environments.masks !== null);
    return new A2cLearner(c, environments, policy, update);
  }

  get totalSteps(): number {
    return this.config.totalSteps;
  }

  /** `reportUpdates` rollouts, each with its update. */
  advance(): LearnerUpdate {
    const { config: c } = this;
    const rollout = this.#rollout, update = this.#update;
    const sums = { loss: 0, policyLoss: 0, valueLoss: 0, entropy: 0 };
    let updates = 0, learningRate = c.learningRate;
    while (updates < c.reportUpdates && this.steps < c.totalSteps) {
      const progress = this.steps / c.totalSteps;
      learningRate = c.learningRate * (c.learningRateSchedule === "linear" ? 1 - progress : 1);
      rollout.collect(
        this.#rng,
        c.gamma,
        (episodeReturn, length) => this.#episodes.add(episodeReturn, length),
      );
      rollout.estimate(c.gamma, c.gaeLambda);
      const losses = update.run(rollout.data(), {
        learningRate,
        entropyCoefficient: scheduled(c.entropyCoefficient, progress),
      });
      for (const name of Object.keys(sums) as (keyof typeof sums)[]) sums[name] += losses[name];
      update.syncVariables();
      this.steps += rollout.rows;
      updates++;
      // The trainer says so; more updates would not help.
      if (!Number.isFinite(losses.loss)) break;
    }
    return {
      steps: this.steps,
      ...this.#episodes.means(),
      loss: sums.loss / updates,
      policyLoss: sums.policyLoss / updates,
      valueLoss: sums.valueLoss / updates,
      entropy: sums.entropy / updates,
      explainedVariance: rollout.explainedVariance(),
      learningRate,
    };
  }

  saveState(): LearnerState {
    const copy = (name: string, from: Float32Array) => ({
      name,
      shape: [from.length],
      values: from.slice(),
    });
    return {
      tensors: [
        copy("parameters", this.#update.parameters),
        copy("meanSquare", this.#update.meanSquare),
      ],
      data: {
        steps: this.steps,
        rng: this.#rng.state(),
        episodes: this.#episodes.saveState(),
        environments: this.#environments.saveState(),
        rollout: this.#rollout.saveState(),
      },
    };
  }

  restoreState({ tensors, data }: LearnerState): void {
    const saved = data as unknown as SavedA2c;
    const values = (name: string) =>
      tensors.find((t) => t.name === name)?.values ?? new Float32Array();
    this.#update.restore(values("parameters"), values("meanSquare"));
    this.steps = saved.steps;
    this.#rng.restore(saved.rng);
    this.#episodes.restoreState(saved.episodes);
    this.#environments.restoreState(saved.environments);
    this.#rollout.restoreState(saved.rollout);
  }

  dispose(): void {
    this.#update.dispose();
  }
}

/** What {@linkcode A2cLearner.saveState} holds as plain data. */
interface SavedA2c {
  steps: number;
  rng: RngState;
  episodes: ReturnType<EpisodeLog["saveState"]>;
  environments: unknown;
  rollout: ReturnType<Rollout["saveState"]>;
}
