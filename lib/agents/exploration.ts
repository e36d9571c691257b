/**
 * Ways of trying what the policy would not: random choices, noise on actions and on weights, and
 * rewards for what is new. The entropy bonus is part of the loss.
 * @module
 */
import { z } from "zod";
import { createRng, type Rng, type RngState } from "../math/mod.ts";
import type { ActorCriticPolicy } from "./actor_critic_policy.ts";
import { noveltySchema } from "./novelty_config.ts";
import { type Schedule, scheduled, scheduleSchema } from "./schedule.ts";

const share = z.number().min(0).max(1);
const width = z.number().min(0);

export const explorationSchema = z.strictObject({
  /** Share of actions that are drawn evenly from all that are allowed. */
  epsilon: scheduleSchema(share).default(0),
  /**
   * Boxes: noise added to what the policy draws. `theta` 1 is fresh noise at each step; below 1 it
   * drifts as an Ornstein-Uhlenbeck process with this pull towards 0.
   */
  actionNoise: z.strictObject({
    deviation: scheduleSchema(width),
    theta: z.number().positive().max(1).default(1),
  }).nullable().default(null),
  /** Standard deviation of noise on all trained weights, drawn anew for each rollout. */
  parameterNoise: scheduleSchema(width).default(0),
  /** Rewards for observations that are new. */
  bonus: noveltySchema.nullable().default(null),
});

export type ExplorationConfig = z.input<typeof explorationSchema>;
type Resolved = z.output<typeof explorationSchema>;

/**
 * Exploration at work. Log probabilities stay those of the policy that acts, of the action taken, so
 * that the update's ratio begins at 1.
 */
export class Exploration {
  /** For the next rollout. */
  epsilon = 0;
  /** [environments, action size], to be added to draws; null without action noise. */
  readonly noise: Float32Array | null;
  readonly #config: Resolved;
  readonly #rng: Rng;
  #deviation = 0;

  /** @throws {RangeError} If the kind of exploration does not fit the policy's actions. */
  constructor(config: Resolved, policy: ActorCriticPolicy, environments: number, seed: number) {
    const { head } = policy.network;
    const { actionSpace } = policy;
    if (config.actionNoise && actionSpace.kind !== "box") {
      throw new RangeError(
        `Cannot explore: actionNoise must be null for ${actionSpace.kind} actions, got a deviation`,
      );
    }
    if (
      config.epsilon !== 0 && actionSpace.kind === "box" &&
      ![...actionSpace.low, ...actionSpace.high].every(Number.isFinite)
    ) {
      throw new RangeError("Cannot explore: epsilon must be 0 without finite bounds, got another");
    }
    this.#config = config;
    this.#rng = createRng(seed).split("exploration");
    this.noise = config.actionNoise ? new Float32Array(environments * head.actionSize) : null;
  }

  /** Sets the schedules' numbers for a rollout. */
  begin(progress: number): void {
    const at = (schedule: Schedule) => scheduled(schedule, progress);
    this.epsilon = at(this.#config.epsilon);
    if (this.#config.actionNoise) this.#deviation = at(this.#config.actionNoise.deviation);
  }

  /** Draws the next step's action noise. */
  nextNoise(): void {
    const { noise } = this;
    if (!noise) return;
    const keep = 1 - this.#config.actionNoise!.theta;
    for (let i = 0; i < noise.length; i++) {
      noise[i] = keep * noise[i] + this.#deviation * this.#rng.normal();
    }
  }

  /**
   * Adds noise to the policy's weights and returns what takes it away again; null without it.
   *
   * @see Plappert et al. 2018, Parameter space noise for exploration, arXiv:1706.01905
   */
  disturbWeights(policy: ActorCriticPolicy, progress: number): (() => void) | null {
    const deviation = scheduled(this.#config.parameterNoise, progress);
    if (deviation === 0) return null;
    const { tf, variables } = policy.network;
    const assign = (weights: Float32Array[]) =>
      variables.forEach((v, i) => tf.tidy(() => v.assign(tf.tensor(weights[i], v.shape))));
    const kept = variables.map((v) => v.dataSync().slice() as Float32Array);
    assign(kept.map((w) => w.map((x) => x + deviation * this.#rng.normal())));
    return () => assign(kept);
  }

  saveState(): { rng: RngState; noise: Float32Array | null } {
    return { rng: this.#rng.state(), noise: this.noise?.slice() ?? null };
  }

  restoreState(saved: ReturnType<Exploration["saveState"]>): void {
    this.#rng.restore(saved.rng);
    if (saved.noise) this.noise?.set(saved.noise);
  }
}
