import assert from "node:assert/strict";
import { createRng } from "../math/mod.ts";
import { loadOnnx } from "../onnx/mod.ts";
import { createPolicy, loadPolicy } from "./actor_critic_policy.ts";
import { cartPole } from "./cart_pole.ts";
import { boxSpace, discreteSpace, type Environment } from "./environment.ts";
import { evaluatePolicy } from "./evaluate.ts";
import { ppo } from "./ppo.ts";
import type { PpoConfig } from "./ppo_config.ts";

/** Shows a sign at the first step only and asks for it at the last: nothing but memory helps. */
function recall(steps = 4): Environment {
  const observation = new Float32Array(2);
  const result = { observation, reward: 0, terminated: false, truncated: false, info: {} };
  let rng = createRng(0), sign = 1, t = 0;
  const observe = () => {
    observation[0] = t === 0 ? sign : 0;
    observation[1] = t === steps - 1 ? 1 : 0;
    return observation;
  };
  return {
    observationSpace: boxSpace([2]),
    actionSpace: discreteSpace(2),
    reset(seed) {
      if (seed !== undefined) rng = createRng(seed);
      sign = rng.uniform() < 0.5 ? -1 : 1;
      t = 0;
      return observe();
    },
    step(action) {
      result.reward = t === steps - 1 ? ((action === 1) === (sign === 1) ? 1 : -1) : 0;
      result.terminated = ++t === steps;
      observe();
      return result;
    },
  };
}

const config: PpoConfig = {
  totalSteps: 12_288,
  environments: 8,
  rolloutSteps: 32,
  batchSize: 128,
  epochs: 6,
  hidden: [16],
  learningRate: 5e-3,
  gamma: 0.95,
  seed: 1,
};

Deno.test("a recurrent policy remembers what a feed-forward one cannot", async () => {
  const scoreOf = async (recurrent: PpoConfig["recurrent"]) => {
    const { policy } = await ppo.train(() => recall(), { ...config, recurrent });
    const { meanReturn } = evaluatePolicy(policy, () => recall(), { episodes: 200, seed: 900 });
    policy.dispose();
    return meanReturn;
  };
  const without = await scoreOf(null);
  assert.ok(Math.abs(without) < 0.3, `without memory: ${without}`);
  const remembered = await scoreOf({ units: 16, sequenceSteps: 8 });
  assert.ok(remembered > 0.95, `with memory: ${remembered}`);
});

for (const shared of [false, true]) {
  Deno.test(`rollouts and updates of a recurrent policy agree on its state (shared ${shared})`, async () => {
    // One pass of one minibatch: the ratio is 1 only if each step's state is the one that acted.
    const { policy, history } = await ppo.train(() => cartPole({ stepLimit: 13 }), {
      ...config,
      totalSteps: 8 * 48 * 3,
      rolloutSteps: 48,
      batchSize: 8 * 48,
      epochs: 1,
      recurrent: { units: 8, shared, sequenceSteps: 16 },
    });
    for (const { approxKl, clipFraction } of history) {
      assert.ok(Math.abs(approxKl) < 1e-6, `approxKl ${approxKl}`);
      assert.equal(clipFraction, 0);
    }
    policy.dispose();
  });
}

Deno.test("a recurrent policy is saved, loaded and exported with its state", async () => {
  const policy = await createPolicy({
    observationSize: 3,
    actionSpace: boxSpace([2], -1, 1),
    hidden: [8],
    recurrent: { units: 4 },
    normalizeObservations: { clip: 5 },
    seed: 3,
  });
  const { mean, deviation } = policy.network.statistics!;
  mean.assign(policy.network.tf.tensor1d([1, 2, 3]));
  deviation.assign(policy.network.tf.tensor1d([0.5, 1, 2]));
  const loaded = await loadPolicy(policy.toBytes());
  const graph = await loadOnnx(await policy.toOnnx({ note: "recurrent" }));
  const rows = 3, rng = createRng(4);
  const own = new Float32Array(rows * policy.stateSize), other = own.slice();
  let served: Float32Array = own.slice();
  for (let t = 0; t < 4; t++) {
    const observations = rng.fillNormal(new Float32Array(rows * 3));
    const a = policy.act(observations, { deterministic: true, state: own });
    const b = loaded.act(observations, { deterministic: true, state: other });
    assert.deepEqual([b.actions, b.values, other], [a.actions, a.values, own]);
    const out = await graph.run({
      observation: { data: observations, shape: [rows, 3] },
      state: { data: served, shape: [rows, policy.stateSize] },
    });
    served = out.next_state.data as Float32Array;
    const near = (got: ArrayLike<unknown>, want: ArrayLike<number>) =>
      Array.from(want, (w, i) => assert.ok(Math.abs(Number(got[i]) - w) < 1e-5));
    near(out.action.data, a.actions);
    near(served, own);
  }
  assert.throws(
    () => policy.act(new Float32Array(3), { deterministic: true }),
    /state must have 16 numbers, got none/,
  );
  const bytes = policy.toBytes();
  await assert.rejects(loadPolicy(bytes.subarray(0, bytes.length - 3), "p"), /Cannot load p: /);
  graph.dispose();
  policy.dispose();
  loaded.dispose();
});

Deno.test("ppo.train() refuses sequences that do not fit, naming the field", async () => {
  await assert.rejects(
    ppo.train(() => recall(), { ...config, rolloutSteps: 30, recurrent: { sequenceSteps: 16 } }),
    /rolloutSteps must be a multiple of recurrent.sequenceSteps \(16\), got 30/,
  );
});
