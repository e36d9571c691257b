/**
 * Rewards brought to a common scale.
 * @module
 */
import { RunningMoments } from "./running_moments.ts";
import type { VectorEnvironment } from "./vector_environment.ts";
import { wrapVector } from "./wrap_vector.ts";

export interface ScaleRewardsOptions {
  /** Of the discounted returns whose deviation is the scale. Default 0.99. */
  gamma?: number;
  /** Scaled rewards are limited to ± this. Default 10. */
  clip?: number;
  /** Keeps the scale as it is. Default false. */
  frozen?: boolean;
}

/**
 * Divides rewards by the running deviation of the discounted sum of rewards, as Stable-Baselines3's
 * VecNormalize does; the mean is left alone. Episode returns stay those of the rewards as given.
 */
export function scaleRewards(
  environments: VectorEnvironment,
  options: ScaleRewardsOptions = {},
): VectorEnvironment & { readonly moments: RunningMoments } {
  const { gamma = 0.99, clip = 10, frozen = false } = options;
  const { count, rewards: given, terminated, truncated } = environments;
  const moments = new RunningMoments(1);
  const returns = new Float64Array(count), rewards = new Float64Array(count);
  return Object.assign(
    wrapVector(environments, { rewards }, {
      reset() {
        returns.fill(0);
        rewards.fill(0);
      },
      step() {
        for (let i = 0; i < count; i++) returns[i] = returns[i] * gamma + given[i];
        if (!frozen) moments.update(returns);
        const scale = 1 / Math.sqrt(moments.variance[0] + 1e-8);
        for (let i = 0; i < count; i++) {
          rewards[i] = Math.max(-clip, Math.min(clip, given[i] * scale));
          if (terminated[i] | truncated[i]) returns[i] = 0;
        }
      },
      saveState: () => ({ returns: returns.slice(), moments: moments.saveState() }),
      restoreState(state) {
        const saved = state as {
          returns: Float64Array;
          moments: ReturnType<RunningMoments["saveState"]>;
        };
        returns.set(saved.returns);
        moments.restoreState(saved.moments);
      },
    }),
    { moments },
  );
}
