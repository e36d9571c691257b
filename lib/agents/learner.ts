/**
 * What every algorithm offers to the trainer.
 * @module
 */
import type { NamedTensor } from "../models/mod.ts";
import type { Policy } from "./policy.ts";

/** One update. NaN stands for what is not known yet. Algorithms add numbers of their own. */
export interface TrainingRecord {
  /** Environment steps so far. */
  steps: number;
  /** Episodes ended so far. */
  episodes: number;
  /** Means over the last 100 episodes. */
  meanReturn: number;
  meanLength: number;
  loss: number;
  policyLoss: number;
  valueLoss: number;
  entropy: number;
  explainedVariance: number;
  learningRate: number;
  /** Environment steps per second since this process began the training, updates included. */
  stepsPerSecond: number;
  [more: string]: number;
}

/** Everything that a learner needs to go on bit by bit: arrays, and plain data for JSON. */
export interface LearnerState {
  tensors: NamedTensor[];
  data: Record<string, unknown>;
}

/** An algorithm at work: it owns environments, policy and optimizer; the trainer tells it to go on. */
export interface Learner<P extends Policy = Policy> {
  /** `ppo`, `a2c`, … */
  readonly algorithm: string;
  /** The whole configuration, with defaults; plain data. */
  readonly config: Readonly<Record<string, unknown>>;
  readonly policy: P;
  /** Environment steps done, and to do altogether. */
  readonly steps: number;
  readonly totalSteps: number;
  /** One rollout and its update. Does not count time: `stepsPerSecond` is the trainer's. */
  advance(): LearnerUpdate | Promise<LearnerUpdate>;
  saveState(): LearnerState;
  /** @throws {RangeError} If the state is of another configuration; nothing is changed then. */
  restoreState(state: LearnerState): void;
  /** Frees what learning needs; the policy lives on. */
  dispose(): void;
}

/** What {@linkcode Learner.advance} tells of an update. */
export type LearnerUpdate = Omit<TrainingRecord, "stepsPerSecond">;
