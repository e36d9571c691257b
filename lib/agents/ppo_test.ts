import assert from "node:assert/strict";
import { createRng } from "../math/mod.ts";
import { loadOnnx } from "../onnx/mod.ts";
import { cartPole } from "./cart_pole.ts";
import { boxSpace, EnvironmentError } from "./environment.ts";
import { orthogonalKernel } from "./orthogonal.ts";
import { ppo } from "./ppo.ts";
import { TrainingDivergedError } from "./trainer.ts";

const quick = { totalSteps: 512, environments: 2, rolloutSteps: 128, seed: 4 };

Deno.test("ppo.train() learns CartPole, and its policy goes on balancing", async () => {
  const { policy, history } = await ppo.train(() => cartPole(), {
    totalSteps: 40_000,
    environments: 8,
    rolloutSteps: 128,
    learningRate: 1e-3,
    seed: 1,
  });
  assert.ok(history[0].meanReturn < 40, `starts at ${history[0].meanReturn}`);
  const environment = cartPole();
  let total = 0;
  for (let episode = 0; episode < 10; episode++) {
    let observation = environment.reset(1000 + episode);
    for (;;) {
      const result = environment.step(policy.predict(observation)[0]);
      total += result.reward;
      observation = result.observation;
      if (result.terminated || result.truncated) break;
    }
  }
  assert.ok(total / 10 > 300, `mean return of 10 unseen episodes: ${total / 10}`);
  const last = history.at(-1)!;
  assert.ok(last.approxKl >= 0 && last.approxKl < 0.1, `approxKl ${last.approxKl}`);
  assert.ok(last.clipFraction >= 0 && last.clipFraction < 0.5);
  assert.ok(last.entropy < Math.log(2));
  policy.dispose();
});

Deno.test("ppo.train() gives the same policy for the same seed and another for another", async () => {
  const weightsOf = async (seed: number) => {
    const { policy, history } = await ppo.train(() => cartPole(), { ...quick, seed });
    const { weights } = policy.state();
    policy.dispose();
    return { weights, losses: history.map((r) => r.loss) };
  };
  const first = await weightsOf(4);
  assert.deepEqual(await weightsOf(4), first);
  assert.notDeepEqual((await weightsOf(5)).weights, first.weights);
});

Deno.test("ppo.train() stops epochs at the target KL and trains last incomplete minibatches", async () => {
  const { policy, history } = await ppo.train(() => cartPole(), {
    ...quick,
    batchSize: 100,
    learningRate: 0.05,
    targetKl: 0.001,
  });
  assert.ok(history.some((r) => r.epochs < 10));
  policy.dispose();
});

Deno.test("ppo.train() lowers the learning rate linearly when asked", async () => {
  const { policy, history } = await ppo.train(() => cartPole(), {
    ...quick,
    learningRate: 0.001,
    learningRateSchedule: "linear",
  });
  assert.deepEqual(history.map((r) => r.learningRate), [0.001, 0.0005]);
  policy.dispose();
});

Deno.test("a policy is restored from its state and exported as the same function", async () => {
  const { policy } = await ppo.train(() => cartPole(), quick);
  const { policy: other } = await ppo.train(() => cartPole(), { ...quick, seed: 5 });
  const observations = createRng(2).fillNormal(new Float32Array(12));
  other.restore(JSON.parse(JSON.stringify(policy.state())));
  const wanted = policy.evaluate(observations);
  assert.deepEqual(other.evaluate(observations), wanted);
  const loaded = await loadOnnx(await policy.toOnnx());
  const served = await loaded.run({ observation: { data: observations, shape: [3, 4] } });
  for (let i = 0; i < 6; i++) {
    assert.ok(Math.abs(Number(served.distribution.data[i]) - wanted.outputs[i]) <= 1e-6);
  }
  assert.deepEqual([...served.action.data], [...policy.predict(observations)]);
  assert.throws(
    () => other.restore({ ...policy.state(), weights: [[1]] }),
    /Cannot restore policy/,
  );
  assert.throws(() => policy.predict(Float32Array.of(0, NaN, 0, 0)), /must be finite, got NaN/);
  assert.throws(() => policy.predict(Float32Array.of(0, 0, 0)), /rows of 4 numbers, got 3/);
  loaded.dispose();
  policy.dispose();
  other.dispose();
});

Deno.test("ppo.train() draws actions with the policy's probabilities", async () => {
  const { policy } = await ppo.train(() => cartPole(), quick);
  const observation = Float32Array.of(0, 0.5, 0.1, 0.5);
  const { outputs: logits } = policy.evaluate(observation);
  const wanted = 1 / (1 + Math.exp(logits[0] - logits[1]));
  const rows = 4000;
  const many = new Float32Array(4 * rows);
  for (let i = 0; i < rows; i++) many.set(observation, 4 * i);
  const share = Array.from(policy.predict(many, createRng(6))).reduce((a, b) => a + b, 0) / rows;
  assert.ok(Math.abs(share - wanted) < 4 * Math.sqrt(wanted * (1 - wanted) / rows));
  policy.dispose();
});

Deno.test("ppo.train() refuses what it cannot use, naming it", async () => {
  const make = () => cartPole();
  const { totalSteps } = quick;
  await assert.rejects(ppo.train(make, { totalSteps: 0 }), /Cannot train PPO: totalSteps: .*got 0/);
  await assert.rejects(ppo.train(make, { totalSteps, gamma: 2 }), /gamma: .*got 2/);
  await assert.rejects(
    ppo.train(make, { totalSteps, rolloutSteps: 8 }),
    /batchSize must be at most/,
  );
  await assert.rejects(ppo.train(make, { totalSteps, batch: 8 } as never), /"?batch"?/);
  const unbounded = () => ({ ...cartPole(), actionSpace: boxSpace([1]) });
  await assert.rejects(
    ppo.train(unbounded, { totalSteps, squash: true }),
    /squash must be false without finite bounds/,
  );
  const broken = () => {
    const environment = cartPole();
    let steps = 0;
    const step = (action: number) => {
      const result = environment.step(action);
      if (++steps === 50) result.observation[2] = NaN;
      return result;
    };
    return { ...environment, step } as ReturnType<typeof cartPole>;
  };
  await assert.rejects(ppo.train(broken, quick), EnvironmentError);
});

Deno.test("ppo.train() says so when the loss is no longer a number", async () => {
  await assert.rejects(
    ppo.train(() => cartPole(), { ...quick, learningRate: 1e30 }),
    (error: Error) =>
      error instanceof TrainingDivergedError && /loss must be finite, got/.test(error.message),
  );
});

Deno.test("ppo.train() stops when its signal aborts, with the signal's reason", async () => {
  const controller = new AbortController();
  let updates = 0;
  const onProgress = () => {
    updates++;
    controller.abort(new Error("enough"));
  };
  await assert.rejects(
    ppo.train(() => cartPole(), quick, { onProgress, signal: controller.signal }),
    /enough/,
  );
  assert.equal(updates, 1);
});

Deno.test("orthogonalKernel() has orthogonal columns, or rows, of the gain's length", () => {
  for (const [rows, columns] of [[5, 3], [3, 5], [4, 4]]) {
    const kernel = orthogonalKernel(rows, columns, 2, createRng(1));
    const tall = rows >= columns;
    const [count, length] = tall ? [columns, rows] : [rows, columns];
    const at = (v: number, i: number) => tall ? kernel[i * columns + v] : kernel[v * columns + i];
    for (let a = 0; a < count; a++) {
      for (let b = 0; b < count; b++) {
        let dot = 0;
        for (let i = 0; i < length; i++) dot += at(a, i) * at(b, i);
        assert.ok(Math.abs(dot - (a === b ? 4 : 0)) < 1e-5);
      }
    }
  }
});
