/**
 * Observations brought to mean 0 and deviation 1 by statistics of those seen so far.
 * @module
 */
import { spaceSize } from "./environment.ts";
import { RunningMoments } from "./running_moments.ts";
import type { VectorEnvironment } from "./vector_environment.ts";
import { wrapVector } from "./wrap_vector.ts";

export interface NormalizeObservationsOptions {
  /** Normalised numbers are limited to ± this. Default 10. */
  clip?: number;
  /** Statistics to begin with, of a training for instance. They are updated in place unless frozen. */
  moments?: RunningMoments;
  /** Leaves the statistics as they are: for evaluation and inference. Default false. */
  frozen?: boolean;
}

/**
 * Normalises observations, final ones included, as Stable-Baselines3's VecNormalize does: the
 * statistics take in each batch of observations before it is normalised.
 *
 * PPO's `normalizeObservations` does the same inside of the policy, so that the statistics are saved,
 * exported and served with it; this wrapper is for policies that lack it.
 */
export function normalizeObservations(
  environments: VectorEnvironment,
  options: NormalizeObservationsOptions = {},
): VectorEnvironment & { readonly moments: RunningMoments } {
  const { clip = 10, frozen = false } = options;
  const size = spaceSize(environments.observationSpace);
  const moments = options.moments ?? new RunningMoments(size);
  if (moments.size !== size) {
    throw new RangeError(
      `Cannot normalize observations: moments must be of ${size} numbers, got ${moments.size}`,
    );
  }
  const given = environments.observations, last = environments.finalObservations;
  const observations = new Float32Array(given.length);
  const finalObservations = new Float32Array(last.length);
  const scale = new Float64Array(size);
  const normalize = (from: Float32Array, to: Float32Array) => {
    for (let k = 0; k < size; k++) {
      scale[k] = 1 / Math.sqrt(moments.variance[k] + 1e-8);
      for (let at = k; at < from.length; at += size) {
        const standard = (from[at] - moments.mean[k]) * scale[k];
        to[at] = Math.max(-clip, Math.min(clip, standard));
      }
    }
  };
  const reset = () => {
    if (!frozen) moments.update(given);
    normalize(given, observations);
  };
  return Object.assign(
    wrapVector(environments, { observations, finalObservations }, {
      reset,
      step() {
        reset();
        normalize(last, finalObservations);
      },
      saveState: () => ({ moments: moments.saveState() }),
      restoreState(state) {
        moments.restoreState(
          (state as { moments: ReturnType<RunningMoments["saveState"]> }).moments,
        );
        normalize(given, observations);
      },
    }),
    { moments },
  );
}
