/**
 * What PPO and A2C share: environments stepped together, the policy that acts in them, rollouts.
 * @module
 */
import { createActorCritic } from "./actor_critic.ts";
import { ActorCriticPolicy } from "./actor_critic_policy.ts";
import { spaceSize } from "./environment.ts";
import { EpisodeLog } from "./episode_log.ts";
import type { Learner, LearnerState, LearnerUpdate } from "./learner.ts";
import { Rollout } from "./rollout.ts";
import { scaleRewards } from "./scale_rewards.ts";
import type { SynchronousConfig } from "./synchronous_config.ts";
import { type MakeEnvironment, type VectorEnvironment, vectorize } from "./vector_environment.ts";

/** Environments as configured, and a new policy for them. */
export interface SynchronousParts {
  environments: VectorEnvironment;
  policy: ActorCriticPolicy;
}

/**
 * Makes both.
 *
 * @param given Makes one environment of `config.environments`, or is all of them, wrapped.
 * @param action What can't be done with others, for instance `train PPO`.
 * @throws {RangeError} If the environments are not as many as configured, or do not fit.
 */
export async function makeSynchronous(
  given: MakeEnvironment | VectorEnvironment,
  config: SynchronousConfig,
  action: string,
): Promise<SynchronousParts> {
  const c = config;
  let environments = typeof given === "function" ? vectorize(given, c.environments) : given;
  if (environments.count !== c.environments) {
    throw new RangeError(
      `Cannot ${action}: environments must be the number given (${environments.count}), got ${c.environments}`,
    );
  }
  if (c.scaleRewards) {
    environments = scaleRewards(environments, { gamma: c.gamma, clip: c.scaleRewards.clip });
  }
  const network = await createActorCritic({
    observationSize: spaceSize(environments.observationSpace),
    actionSpace: environments.actionSpace,
    masked: environments.masks !== null,
    hidden: c.hidden,
    trunk: c.trunk,
    activation: c.activation,
    orthogonal: c.orthogonal,
    squash: c.squash,
    initialLogStd: c.initialLogStd,
    recurrent: c.recurrent && { units: c.recurrent.units, shared: c.recurrent.shared },
    normalizeObservations: c.normalizeObservations,
    seed: c.seed,
  });
  return { environments, policy: await ActorCriticPolicy.create(network, c.environments) };
}

/** A learner that collects rollouts on the calling thread. */
export abstract class SynchronousLearner<C extends SynchronousConfig>
  implements Learner<ActorCriticPolicy> {
  abstract readonly algorithm: string;
  readonly config: C;
  readonly policy: ActorCriticPolicy;
  steps = 0;
  protected readonly environments: VectorEnvironment;
  protected readonly rollout: Rollout;
  protected readonly episodes = new EpisodeLog();

  protected constructor(
    config: C,
    { environments, policy }: SynchronousParts,
    rolloutSteps: number,
    sequenceSteps: number,
  ) {
    this.config = config;
    this.policy = policy;
    this.environments = environments;
    this.rollout = new Rollout(environments, policy, rolloutSteps, { sequenceSteps });
    environments.reset(config.seed);
  }

  get totalSteps(): number {
    return this.config.totalSteps;
  }

  /** Notes an episode that ended in a rollout. */
  protected readonly noteEpisode = (episodeReturn: number, length: number): void =>
    this.episodes.add(episodeReturn, length);

  /** What stands still between two rollouts. */
  protected saveRollouts() {
    return {
      steps: this.steps,
      episodes: this.episodes.saveState(),
      environments: this.environments.saveState(),
      rollout: this.rollout.saveState(),
    };
  }

  protected restoreRollouts(saved: SavedRollouts): void {
    this.steps = saved.steps;
    this.episodes.restoreState(saved.episodes);
    this.environments.restoreState(saved.environments);
    this.rollout.restoreState(saved.rollout);
  }

  abstract advance(): LearnerUpdate | Promise<LearnerUpdate>;
  abstract saveState(): LearnerState;
  abstract restoreState(state: LearnerState): void;
  abstract dispose(): void;
}

/** What {@linkcode SynchronousLearner.saveRollouts} holds; plain data. */
export interface SavedRollouts {
  steps: number;
  episodes: ReturnType<EpisodeLog["saveState"]>;
  environments: unknown;
  rollout: ReturnType<Rollout["saveState"]>;
}
