/**
 * How good a policy is on environments that it does not learn from.
 * @module
 */
import { createRng, mean, standardDeviation } from "../math/mod.ts";
import type { Policy } from "./policy.ts";
import { type MakeEnvironment, vectorize } from "./vector_environment.ts";

export interface EvaluateOptions {
  /** Episodes, one in each of as many environments. Default 10. */
  episodes?: number;
  /** Environment i is seeded by `seed + i`. Default 0. */
  seed?: number;
  /** The mode of the policy (default), or draws. */
  deterministic?: boolean;
}

/** Returns of whole episodes. */
export interface Evaluation {
  meanReturn: number;
  /** Sample standard deviation over episodes; NaN for one. */
  returnDeviation: number;
  meanLength: number;
  returns: Float64Array;
  lengths: Float64Array;
}

/**
 * Plays one episode in each of `episodes` environments, all answered together by one call a step.
 *
 * @throws {RangeError} If episodes is not a positive integer.
 */
export function evaluatePolicy(
  policy: Policy,
  makeEnvironment: MakeEnvironment,
  options: EvaluateOptions = {},
): Evaluation {
  const { episodes = 10, seed = 0, deterministic = true } = options;
  const environments = vectorize(makeEnvironment, episodes);
  const rng = createRng(seed).split("evaluation");
  const returns = new Float64Array(episodes), lengths = new Float64Array(episodes);
  const state = policy.stateSize > 0 ? new Float32Array(episodes * policy.stateSize) : undefined;
  const starts = new Uint8Array(episodes).fill(1);
  environments.reset(seed);
  for (let left = episodes; left > 0;) {
    const { actions } = policy.act(environments.observations, {
      deterministic,
      rng,
      masks: environments.masks,
      state,
      starts,
    });
    environments.step(actions);
    for (let i = 0; i < episodes; i++) {
      starts[i] = environments.terminated[i] | environments.truncated[i];
      if (!starts[i] || lengths[i] > 0) continue;
      returns[i] = environments.episodeReturns[i];
      lengths[i] = environments.episodeLengths[i];
      left--;
    }
  }
  return {
    meanReturn: mean(returns),
    returnDeviation: episodes > 1 ? standardDeviation(returns) : NaN,
    meanLength: mean(lengths),
    returns,
    lengths,
  };
}
