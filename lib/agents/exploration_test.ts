import assert from "node:assert/strict";
import { createRng } from "../math/mod.ts";
import { loadOnnx } from "../onnx/mod.ts";
import { ActorCriticPolicy, createPolicy } from "./actor_critic_policy.ts";
import { cartPole } from "./cart_pole.ts";
import {
  boxSpace,
  discreteSpace,
  type Environment,
  multiDiscreteSpace,
  type Space,
} from "./environment.ts";
import { Exploration, explorationSchema } from "./exploration.ts";
import { createNovelty } from "./novelty.ts";
import { noveltySchema } from "./novelty_config.ts";
import { pendulum } from "./pendulum.ts";
import { ppo } from "./ppo.ts";

const policyOf = (actionSpace: Space, squash = false): Promise<ActorCriticPolicy> =>
  createPolicy({ observationSize: 2, actionSpace, hidden: [4], squash, seed: 1 });

const exploration = (config: object, policy: ActorCriticPolicy, environments = 1) =>
  new Exploration(explorationSchema.parse(config), policy, environments, 5);

Deno.test("epsilon draws that share of choices evenly from those that are allowed", async () => {
  const policy = await policyOf(discreteSpace(4));
  const rows = 20_000, rng = createRng(2);
  const observations = new Float32Array(2 * rows).fill(0.5);
  const masks = new Uint8Array(4 * rows).map((_, i) => i % 4 === 1 ? 0 : 1);
  const { actions } = policy.act(observations, { deterministic: true, epsilon: 0.3, rng, masks });
  const shares = [0, 0, 0, 0];
  for (const a of actions) shares[a] += 1 / rows;
  const best = shares.indexOf(Math.max(...shares));
  assert.equal(shares[1], 0);
  shares.forEach((share, k) => {
    const want = k === 1 ? 0 : k === best ? 0.8 : 0.1;
    assert.ok(Math.abs(share - want) < 0.02, `choice ${k}: ${share}`);
  });
  policy.dispose();
});

Deno.test("log probabilities of explored actions are the policy's own", async () => {
  const rng = createRng(3), observations = Float32Array.of(0.1, 0.2);
  for (const squash of [false, true]) {
    const policy = await policyOf(boxSpace([2], [-1, 0], [1, 4]), squash);
    const { tf, head } = policy.network;
    for (const options of [{ epsilon: 1 }, { noise: Float32Array.of(0.7, -0.4) }, {}]) {
      const { actions, drawn, logProbabilities } = policy.act(observations, { rng, ...options });
      actions.forEach((a, k) => assert.ok(a >= [-1, 0][k] && a <= [1, 4][k], `action ${a}`));
      const { outputs } = policy.evaluate(observations);
      const want = head.logProbability(
        tf.tensor2d(outputs, [1, 2]),
        tf.tensor2d(drawn as Float32Array, [1, 2]),
      )
        .dataSync()[0];
      assert.ok(Math.abs(logProbabilities[0] - want) < 1e-4, `${logProbabilities[0]} and ${want}`);
    }
    policy.dispose();
  }
  const several = await policyOf(multiDiscreteSpace([2, 3]));
  const { tf, head } = several.network;
  const { drawn, logProbabilities } = several.act(observations, { rng, epsilon: 1 });
  const { outputs } = several.evaluate(observations);
  const want = head.logProbability(
    tf.tensor2d(outputs, [1, 5]),
    tf.tensor2d(drawn as Int32Array, [1, 2], "int32"),
  ).dataSync()[0];
  assert.ok(Math.abs(logProbabilities[0] - want) < 1e-5);
  several.dispose();
});

Deno.test("a mask that allows nothing is refused by name, and masked choices are never taken", async () => {
  const policy = await policyOf(multiDiscreteSpace([2, 3]));
  const observations = Float32Array.of(0, 0), rng = createRng(4);
  assert.throws(
    () => policy.act(observations, { rng, masks: Uint8Array.of(1, 1, 0, 0, 0) }),
    /Cannot act: masks must allow a choice, got none in row 0/,
  );
  for (let i = 0; i < 50; i++) {
    const { actions } = policy.act(observations, { rng, masks: Uint8Array.of(0, 1, 1, 0, 1) });
    assert.ok(actions[0] === 1 && actions[1] !== 1);
  }
  const graph = await loadOnnx(await policy.toOnnx({}, { masks: true }));
  for (const allowed of [[0, 1, 1, 0, 0], [1, 0, 0, 0, 1], [1, 1, 1, 1, 1]]) {
    const served = await graph.run({
      observation: { data: observations, shape: [1, 2] },
      action_mask: { data: Float32Array.from(allowed), shape: [1, 5] },
    });
    const masks = Uint8Array.from(allowed);
    const { actions } = policy.act(observations, { deterministic: true, masks });
    assert.deepEqual([...served.action.data], [...actions]);
  }
  graph.dispose();
  assert.throws(() => policy.act(observations), /rng must be given to draw actions, got none/);
  policy.dispose();
});

Deno.test("action noise has its deviation and drifts with theta; weights come back from noise", async () => {
  const policy = await policyOf(boxSpace([1], -1, 1));
  const spread = (theta: number) => {
    const e = exploration({ actionNoise: { deviation: 0.5, theta } }, policy, 1);
    e.begin(0);
    let squares = 0, products = 0, before = 0;
    for (let t = 0; t < 20_000; t++) {
      e.nextNoise();
      squares += e.noise![0] ** 2;
      products += e.noise![0] * before;
      before = e.noise![0];
    }
    return [squares / 20_000, products / squares];
  };
  const [fresh, freshKeep] = spread(1);
  assert.ok(Math.abs(fresh - 0.25) < 0.02 && Math.abs(freshKeep) < 0.03);
  const [drifting, keep] = spread(0.2);
  assert.ok(Math.abs(keep - 0.8) < 0.03 && Math.abs(drifting - 0.25 / (1 - 0.64)) < 0.1);

  const e = exploration({ parameterNoise: { from: 0.1, to: 0 } }, policy);
  const { weights } = policy.state();
  const restore = e.disturbWeights(policy, 0)!;
  let squares = 0, n = 0;
  policy.state().weights.forEach((w, v) =>
    w.forEach((x, i) => {
      squares += (x - weights[v][i]) ** 2;
      n++;
    })
  );
  assert.ok(Math.abs(Math.sqrt(squares / n) - 0.1) < 0.03);
  restore();
  assert.deepEqual(policy.state().weights, weights);
  assert.equal(e.disturbWeights(policy, 1), null);
  assert.throws(
    () =>
      exploration(
        { epsilon: 0.1 },
        { ...policy, network: policy.network, actionSpace: boxSpace([1]) } as never,
      ),
    /epsilon must be 0 without finite bounds/,
  );
  policy.dispose();
  const choices = await policyOf(discreteSpace(2));
  assert.throws(
    () => exploration({ actionNoise: { deviation: 1 } }, choices),
    /actionNoise must be null for discrete actions/,
  );
  choices.dispose();
});

Deno.test("novelty falls where observations repeat, by counts and by distillation", async () => {
  const count = await createNovelty(noveltySchema.parse({ kind: "count", cell: 0.5 }), 2, 1);
  assert.deepEqual(
    [...count.measure(Float32Array.of(0.1, 0.1, 0.4, 0.3, 0.6, 0.1, 0.2, 0.2))],
    [1, 1 / Math.sqrt(2), 1, 1 / Math.sqrt(3)].map(Math.fround),
  );
  const rnd = await createNovelty(noveltySchema.parse({ kind: "rnd", batchSize: 16 }), 2, 1);
  const rng = createRng(6);
  const around = (x: number) => rng.fillNormal(new Float32Array(128)).map((v) => x + 0.1 * v);
  rnd.measure(Float32Array.from([...around(-1), ...around(1)]));
  for (let i = 0; i < 150; i++) rnd.measure(around(-1));
  const known = rnd.measure(around(-1)), unknown = rnd.measure(around(1));
  const mean = (a: Float32Array) => a.reduce((x, y) => x + y) / a.length;
  assert.ok(mean(unknown) > 3 * mean(known), `${mean(unknown)} and ${mean(known)}`);
  count.dispose();
  rnd.dispose();
});

/**
 * A lock of 16 digits, each the exclusive or of two bits that are shown; a wrong one begins anew, and only
 * the last is rewarded: neither chance nor a policy that drifts to one side gets there.
 */
function lock(): Environment {
  const digits = 16;
  const observation = new Float32Array(3);
  const result = { observation, reward: 0, terminated: false, truncated: false, info: {} };
  let at = 0, steps = 0;
  const first = () => (at * 7 >> 1) & 1, second = () => (at * 5 >> 2) & 1;
  const show = () => {
    observation[0] = 2 * first() - 1;
    observation[1] = 2 * second() - 1;
    observation[2] = at / digits;
    return observation;
  };
  return {
    observationSpace: boxSpace([3]),
    actionSpace: discreteSpace(2),
    reset() {
      at = steps = 0;
      return show();
    },
    step(action) {
      at = action === (first() ^ second()) ? at + 1 : 0;
      show();
      result.reward = at === digits ? 1 : 0;
      result.terminated = at === digits;
      result.truncated = ++steps === 64 && at < digits;
      return result;
    },
  };
}

Deno.test("rewards for novelty find a goal that draws alone do not", async () => {
  const reached = async (bonus: boolean) => {
    const { policy, history } = await ppo.train(() => lock(), {
      totalSteps: 24_576,
      environments: 4,
      rolloutSteps: 128,
      learningRate: 2e-3,
      hidden: [32],
      gamma: 0.97,
      exploration: bonus
        ? { bonus: { kind: "count", cell: 0.05, coefficient: { from: 0.5, to: 0 } } }
        : null,
      seed: 1,
    });
    policy.dispose();
    if (bonus) assert.ok(history[0].bonus > history.at(-1)!.bonus);
    return history.at(-1)!.meanReturn;
  };
  const without = await reached(false);
  assert.ok(without < 0.2, `mean return without the bonus ${without}`);
  const found = await reached(true);
  assert.ok(found > 0.8, `mean return ${found}`);
});

Deno.test("all kinds of exploration together leave the ratio of the first minibatch at 1", async () => {
  const { history, policy } = await ppo.train(() => pendulum(), {
    totalSteps: 256,
    environments: 2,
    rolloutSteps: 64,
    batchSize: 128,
    epochs: 1,
    squash: true,
    exploration: { epsilon: 0.2, actionNoise: { deviation: 0.3 } },
  });
  for (const { approxKl } of history) assert.ok(Math.abs(approxKl) < 1e-5, `approxKl ${approxKl}`);
  policy.dispose();
  await assert.rejects(
    ppo.train(() => cartPole(), { totalSteps: 256, exploration: { epsilon: 2 } }),
    /exploration.epsilon: .*/,
  );
});
