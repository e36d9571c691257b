/**
 * A2C as the trainer takes it.
 * @module
 */
import { createRng, type RngState } from "../../math/mod.ts";
import type { LearnerState, LearnerUpdate } from "../learner.ts";
import { parseConfig } from "../parse_config.ts";
import { scheduled } from "../schedule.ts";
import {
  makeSynchronous,
  type SavedRollouts,
  SynchronousLearner,
  type SynchronousParts,
} from "../synchronous_learner.ts";
import type { MakeEnvironment, VectorEnvironment } from "../vector_environment.ts";
import { type A2cConfig, a2cConfigSchema, type ResolvedA2cConfig } from "./a2c_config.ts";
import { type A2cUpdate, compileA2cUpdate } from "./a2c_update.ts";

/** Synchronous advantage actor-critic: `nSteps` of all environments, then one update. */
export class A2cLearner extends SynchronousLearner<ResolvedA2cConfig> {
  readonly algorithm = "a2c";
  readonly #update: A2cUpdate;
  readonly #rng;

  private constructor(config: ResolvedA2cConfig, parts: SynchronousParts, update: A2cUpdate) {
    super(config, parts, config.nSteps, config.recurrent ? config.nSteps : 1);
    this.#update = update;
    this.#rng = createRng(config.seed).split("actions");
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
    const parts = await makeSynchronous(given, c, "train A2C");
    const { network } = parts.policy;
    return new A2cLearner(c, parts, await compileA2cUpdate(network, c, network.isMasked));
  }

  /** `reportUpdates` rollouts, each with its update. */
  advance(): LearnerUpdate {
    const { config: c } = this;
    const { rollout } = this, update = this.#update;
    const sums = { loss: 0, policyLoss: 0, valueLoss: 0, entropy: 0 };
    let updates = 0, learningRate = c.learningRate;
    while (updates < c.reportUpdates && this.steps < c.totalSteps) {
      const progress = this.steps / c.totalSteps;
      learningRate = c.learningRate * (c.learningRateSchedule === "linear" ? 1 - progress : 1);
      rollout.collect(this.#rng, c.gamma, this.noteEpisode);
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
      ...this.episodes.means(),
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
      data: { ...this.saveRollouts(), rng: this.#rng.state() },
    };
  }

  restoreState({ tensors, data }: LearnerState): void {
    const saved = data as unknown as SavedRollouts & { rng: RngState };
    const values = (name: string) =>
      tensors.find((t) => t.name === name)?.values ?? new Float32Array();
    this.#update.restore(values("parameters"), values("meanSquare"));
    this.#rng.restore(saved.rng);
    this.restoreRollouts(saved);
  }

  dispose(): void {
    this.#update.dispose();
  }
}
