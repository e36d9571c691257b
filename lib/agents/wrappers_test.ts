import assert from "node:assert/strict";
import { mean, variance } from "../math/mod.ts";
import { cartPole } from "./cart_pole.ts";
import { boxSpace, type Environment, type StepResult } from "./environment.ts";
import { frameStack } from "./frame_stack.ts";
import { normalizeObservations } from "./normalize_observations.ts";
import { scaleRewards } from "./scale_rewards.ts";
import { vectorize } from "./vector_environment.ts";
import { actionRepeat, timeLimit } from "./wrappers.ts";

/** Counts its steps: observation [first, first + step], reward `step`; an episode has `length` steps. */
function counter(first: number, length: number): Environment {
  const observation = new Float32Array(2);
  const result: StepResult = {
    observation,
    reward: 0,
    terminated: false,
    truncated: false,
    info: {},
  };
  let step = 0;
  const observe = () => {
    observation[0] = first;
    observation[1] = first + step;
    return observation;
  };
  return {
    observationSpace: boxSpace([2]),
    actionSpace: boxSpace([1]),
    reset() {
      step = 0;
      return observe();
    },
    step() {
      step++;
      observe();
      result.reward = step;
      result.truncated = false;
      result.terminated = step === length;
      return result;
    },
    saveState: () => step,
    restoreState(state) {
      step = state as number;
      return observe();
    },
  };
}

const actions = new Float32Array(2);

Deno.test("frameStack() shows the last observations, oldest first, the first one for missing ones", () => {
  const stacked = frameStack(vectorize((i) => counter(10 * i, 3), 2), 2);
  const { observations, finalObservations } = stacked;
  stacked.reset(0);
  assert.deepEqual([...observations], [0, 0, 0, 0, 10, 10, 10, 10]);
  stacked.step(actions);
  assert.deepEqual([...observations], [0, 0, 0, 1, 10, 10, 10, 11]);
  stacked.step(actions);
  assert.deepEqual([...observations], [0, 1, 0, 2, 10, 11, 10, 12]);
  stacked.step(actions); // ends: the final observation is stacked, too, and the next episode begins
  assert.deepEqual([...finalObservations], [0, 2, 0, 3, 10, 12, 10, 13]);
  assert.deepEqual([...observations], [0, 0, 0, 0, 10, 10, 10, 10]);
  assert.equal(stacked.observations, observations);
  assert.deepEqual(stacked.observationSpace.shape, [4]);
  assert.throws(() => frameStack(vectorize(() => counter(0, 3), 1), 0), /frames must be .*got 0/);
});

Deno.test("normalizeObservations() brings each element to mean 0 and deviation 1, final ones too", () => {
  const inner = vectorize((i) => counter(i, 5), 2);
  const normalized = normalizeObservations(inner, { clip: 2 });
  normalized.reset(0);
  const seen: number[][] = [[], []];
  const remember = () => inner.observations.forEach((v, k) => seen[k % 2].push(v));
  remember();
  for (let t = 0; t < 12; t++) {
    normalized.step(actions);
    remember();
    for (let k = 0; k < 2; k++) {
      // The 1e-4 rows that the statistics begin with hardly count.
      assert.ok(Math.abs(normalized.moments.mean[k] - mean(seen[k])) < 1e-3);
      assert.ok(Math.abs(normalized.moments.variance[k] - variance(seen[k], 0)) < 1e-2);
      const want = (inner.observations[k] - normalized.moments.mean[k]) /
        Math.sqrt(normalized.moments.variance[k] + 1e-8);
      const clipped = Math.max(-2, Math.min(2, want));
      assert.ok(Math.abs(normalized.observations[k] - clipped) < 1e-6);
    }
  }
  const { moments } = normalized;
  const kept = moments.saveState();
  const frozen = normalizeObservations(vectorize(() => counter(100, 5), 2), {
    moments,
    frozen: true,
  });
  frozen.reset(0);
  frozen.step(actions);
  assert.deepEqual(moments.saveState(), kept);
  assert.equal(frozen.observations[0], 10);
  assert.throws(
    () => normalizeObservations(frameStack(inner, 2), { moments }),
    /moments must be of 4 numbers, got 2/,
  );
});

Deno.test("scaleRewards() divides by the deviation of discounted returns and keeps episode returns", () => {
  const inner = vectorize(() => counter(0, 4), 2);
  const scaled = scaleRewards(inner, { gamma: 0.5, clip: 3 });
  scaled.reset(0);
  const returns: number[] = [];
  let discounted = 0;
  for (let t = 0; t < 9; t++) {
    scaled.step(actions);
    const reward = t % 4 + 1;
    discounted = discounted * 0.5 + reward;
    returns.push(discounted, discounted);
    if (t % 4 === 3) {
      discounted = 0;
      assert.equal(scaled.episodeReturns[0], 10);
    }
    const want = Math.min(3, reward / Math.sqrt(scaled.moments.variance[0] + 1e-8));
    assert.ok(Math.abs(scaled.rewards[0] - want) < 1e-12);
    if (t > 3) assert.ok(Math.abs(scaled.moments.variance[0] - variance(returns, 0)) < 1e-3);
  }
  const frozen = scaleRewards(inner, { frozen: true });
  frozen.reset(0);
  frozen.step(actions);
  assert.ok(Math.abs(frozen.rewards[0] - 1) < 1e-6);
});

Deno.test("timeLimit() truncates, and actionRepeat() adds rewards up until the episode ends", () => {
  const limited = timeLimit(counter(0, 5), 3);
  limited.reset(0);
  const ends = () => {
    const { terminated, truncated } = limited.step([0]);
    return [terminated, truncated];
  };
  assert.deepEqual([ends(), ends(), ends()], [[false, false], [false, false], [false, true]]);
  const repeated = actionRepeat(counter(0, 5), 3);
  repeated.reset(0);
  assert.equal(repeated.step([0]).reward, 1 + 2 + 3);
  const last = repeated.step([0]);
  assert.equal(last.reward, 4 + 5);
  assert.equal(last.terminated, true);
  // An environment that never writes its reward again keeps it.
  const constant = actionRepeat(cartPole(), 2);
  constant.reset(0);
  assert.deepEqual([constant.step(0).reward, constant.step(1).reward], [2, 2]);
  assert.throws(() => timeLimit(counter(0, 5), 0), /steps must be an integer >= 1, got 0/);
  assert.throws(() => actionRepeat(counter(0, 5), 1.5), /times must be an integer >= 1, got 1.5/);
});
