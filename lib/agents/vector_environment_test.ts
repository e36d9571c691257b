import assert from "node:assert/strict";
import { cartPole } from "./cart_pole.ts";
import { boxSpace, discreteSpace, type Environment, EnvironmentError } from "./environment.ts";
import { vectorize } from "./vector_environment.ts";

Deno.test("vectorize() steps each copy as it steps alone, and resets the ones that end", () => {
  const count = 3;
  const together = vectorize(() => cartPole(), count);
  const alone = Array.from({ length: count }, () => cartPole());
  together.reset(5);
  const observations = alone.map((e, i) => e.reset(5 + i).slice());
  const returns = new Float64Array(count);
  let ended = 0;
  for (let t = 0; t < 200; t++) {
    const actions = Int32Array.from({ length: count }, (_, i) => (t * 7 + i * 3) % 5 < 3 ? 1 : 0);
    together.step(actions);
    alone.forEach((e, i) => {
      const result = e.step(actions[i]);
      returns[i] += result.reward;
      assert.equal(together.rewards[i], result.reward);
      assert.equal(together.terminated[i] === 1, result.terminated);
      observations[i] = result.observation.slice();
      if (result.terminated) {
        assert.deepEqual(together.finalObservations.subarray(i * 4, i * 4 + 4), observations[i]);
        assert.equal(together.episodeReturns[i], returns[i]);
        returns[i] = 0;
        ended++;
        observations[i] = e.reset().slice();
      }
      assert.deepEqual(together.observations.subarray(i * 4, i * 4 + 4), observations[i]);
    });
  }
  assert.ok(ended > 5);
});

function broken(observation: number, reward: number): Environment {
  return {
    observationSpace: boxSpace([1]),
    actionSpace: discreteSpace(2),
    reset: () => Float32Array.of(0),
    step: () => ({
      observation: Float32Array.of(observation),
      reward,
      terminated: false,
      truncated: false,
      info: {},
    }),
  };
}

Deno.test("vectorize() names the environment that gives a NaN", () => {
  for (
    const [observation, reward, what] of [[NaN, 0, "observation"], [0, NaN, "reward"]] as const
  ) {
    const environments = vectorize((i) => i === 1 ? broken(observation, reward) : broken(0, 0), 2);
    environments.reset(0);
    assert.throws(
      () => environments.step(Int32Array.of(0, 0)),
      (error: EnvironmentError) =>
        error instanceof EnvironmentError && error.environment === 1 &&
        error.message.includes(`${what} must be finite, got NaN`),
    );
  }
});

Deno.test("vectorize() refuses counts, spaces and actions that do not fit", () => {
  assert.throws(() => vectorize(() => cartPole(), 0), /count must be an integer >= 1, got 0/);
  assert.throws(() => vectorize((i) => i ? broken(0, 0) : cartPole(), 2), /environment 1/);
  const environments = vectorize(() => cartPole(), 2);
  environments.reset(0);
  assert.throws(() => environments.step(Int32Array.of(0)), /must have 2 elements, got 1/);
});
