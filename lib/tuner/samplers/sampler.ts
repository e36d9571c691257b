/**
 * What a sampler is: something that proposes internal values for a trial, from the study's columns.
 * @module
 */
import type { Rng } from "../../math/mod.ts";
import type { Distribution } from "../distributions.ts";
import type { Direction, FrozenTrial } from "../trial_record.ts";
import type { Observations } from "../observations.ts";

/** What samplers and pruners may see of a study. */
export interface StudyView {
  readonly name: string;
  readonly directions: readonly Direction[];
  readonly seed: number;
  readonly observations: Observations;
  /** Trials by number; holes are trials that this process has not heard of. */
  readonly trials: readonly (FrozenTrial | undefined)[];
  /** When given, only these trials count (a bracket of Hyperband). */
  readonly includes?: (number: number) => boolean;
  /** The share of the bracket, so that caches of different brackets stay apart. */
  readonly viewKey?: string;
}

/** A joint proposal: internal values of several parameters, with the distributions they belong to. */
export type JointProposal = Map<string, { distribution: Distribution; value: number }>;

/**
 * Proposes parameter values. One sampler object serves one study.
 *
 * `rng` is the trial's own stream, made from the study's seed and the trial's number: the proposal
 * depends on the seed, the number and the history, not on which worker asks.
 */
export interface Sampler {
  readonly kind: string;
  /** Values for parameters known from earlier trials, drawn together. Empty when there is nothing to say. */
  joint?(study: StudyView, trial: FrozenTrial, rng: Rng): JointProposal | null;
  /** A value for one parameter that was not proposed jointly. */
  independent(
    study: StudyView,
    trial: FrozenTrial,
    name: string,
    distribution: Distribution,
    rng: Rng,
  ): number;
  /** Called after a trial has ended. */
  afterTrial?(study: StudyView, trial: FrozenTrial): void;
  /** True when every point of a finite space has been tried: the study ends. */
  isExhausted?(study: StudyView): boolean;
}
